#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "guard.h"
#include "output.h"
#include "spawn.h"
#include "wire.h"

/* flags, cols, rows, argc, envc: u16; padding u16; uid, gid, credit of stdout, credit of stderr: u32. */
#define FIXED_BYTES 28

static char request[MAX_REQUEST_BYTES];
static uint32_t request_id, request_length;
static bool request_too_long;

static char *argv[MAX_STRINGS + 1];
/* The variables given, PATH, HOME, TERM and the end. */
static char *envp[MAX_STRINGS + 4];

void process_forget_request(void) {
  request_id = request_length = 0;
  request_too_long = false;
}

/* Well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF. */
static bool is_utf8(const char *text, uint32_t length) {
  const uint8_t *at = (const uint8_t *)text, *stop = at + length;
  while (at < stop) {
    uint8_t lead = *at++;
    if (lead < 0x80) continue;
    int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || stop - at < more) return false;
    if ((lead == 0xe0 && *at < 0xa0) || (lead == 0xed && *at > 0x9f)) return false;
    if ((lead == 0xf0 && *at < 0x90) || (lead == 0xf4 && *at > 0x8f)) return false;
    while (more--)
      if ((*at++ & 0xc0) != 0x80) return false;
  }
  return true;
}

/* Fields of a request that was found well-formed. Texts lie in `request`. */
struct fields {
  uint16_t flags, cols, rows;
  uid_t uid;
  gid_t gid;
  uint32_t credit[2];
  char *directory, *cgroup;
};

static bool names(const char *variable, const char *name) {
  size_t length = strlen(name);
  return !strncmp(variable, name, length) && variable[length] == '=';
}

static void complete_environment(int count, const struct fields *fields) {
  static char *const path = "PATH=" DEFAULT_PATH, *const home = "HOME=" DEFAULT_HOME, *const nowhere = "HOME=/",
                     *const term = "TERM=" DEFAULT_TERM;
  bool user = fields->flags & RUN_FLAG_USER && fields->uid != 0;
  char *defaults[] = {path, user ? nowhere : home, fields->flags & RUN_FLAG_PTY ? term : NULL};
  const char *keys[] = {"PATH", "HOME", "TERM"};
  int given = count;
  for (int i = 0; i < 3; i++) {
    bool found = !defaults[i];
    for (int j = 0; j < given && !found; j++) found = names(envp[j], keys[i]);
    if (!found) envp[count++] = defaults[i];
  }
  envp[count] = NULL;
}

/* Returns what is wrong with the request, or NULL. */
static const char *parse(struct fields *fields, uint16_t *code) {
  *code = ERROR_BAD_LENGTH;
  if (request_length <= FIXED_BYTES) return "the request ends before its texts";
  if (request[request_length - 1]) return "the last text has no end";
  const uint8_t *at = (const uint8_t *)request;
  fields->flags = get16(at);
  fields->cols = get16(at + 2);
  fields->rows = get16(at + 4);
  uint32_t argc = get16(at + 6), envc = get16(at + 8);
  fields->uid = get32(at + 12);
  fields->gid = get32(at + 16);
  fields->credit[0] = get32(at + 20);
  fields->credit[1] = get32(at + 24);

  *code = ERROR_BAD_FIELD;
  if (fields->flags & ~(RUN_FLAG_PTY | RUN_FLAG_STDIN | RUN_FLAG_USER)) return "unknown flags";
  if (argc == 0 || argc > MAX_STRINGS) return "no arguments, or too many";
  if (envc > MAX_STRINGS) return "too many environment variables";
  if (fields->flags & RUN_FLAG_USER && (fields->uid == UNKNOWN_ID || fields->gid == UNKNOWN_ID)) return "no such user";

  fields->directory = fields->cgroup = "";
  *code = ERROR_BAD_TEXT;
  char *texts = request + FIXED_BYTES;
  if (!is_utf8(texts, request_length - FIXED_BYTES)) return "a text is not UTF-8";
  uint32_t count = 0;
  for (char *text = texts; text < request + request_length; text += strlen(text) + 1, count++) {
    if (count == 0)
      fields->directory = text;
    else if (count == 1)
      fields->cgroup = text;
    else if (count < 2 + argc)
      argv[count - 2] = text;
    else if (count < 2 + argc + envc) {
      if (!strchr(text, '=') || *text == '=') return "an environment variable has no name or no value";
      envp[count - 2 - argc] = text;
    } else
      return "more texts than were counted";
  }
  if (count < 2 + argc + envc) return "fewer texts than were counted";
  if (!argv[0][0]) return "the command has no name";
  if (fields->cgroup[0] && fields->cgroup[0] != '/') return "the cgroup's path is not absolute";
  argv[argc] = NULL;
  complete_environment(envc, fields);
  return NULL;
}

static void close_all(int *fds, int count) {
  for (int i = 0; i < count; i++)
    if (fds[i] >= 0) close(fds[i]);
}

/* Opens what the command reads and writes. Returns 0, or the ERROR_ code with errno set. */
static int connect_terminal(struct stream *stream, struct spawn *spawn, const struct fields *fields) {
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), unlocked = 0;
  if (master < 0) return ERROR_TERMINAL;
  stream->terminal = true;
  stream->in_fd = stream->out_fd[0] = master;
  stream->out_nonblocking[0] = true;
  struct winsize size = {.ws_row = fields->rows, .ws_col = fields->cols};
  if (ioctl(master, TIOCSPTLCK, &unlocked) || ioctl(master, TIOCSWINSZ, &size)) return ERROR_TERMINAL;
  int other = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (other < 0) return ERROR_TERMINAL;
  spawn->fds[0] = spawn->fds[1] = spawn->fds[2] = other;
  spawn->terminal = true;
  /* The command may open its terminal by name. */
  if (spawn->user) {
    int ignored = fchown(other, spawn->uid, -1);
    (void)ignored;
  }
  return 0;
}

static int connect_pipes(struct stream *stream, struct spawn *spawn, const struct fields *fields) {
  int ends[2];
  for (int i = 0; i < 2; i++) {
    if (pipe2(ends, O_CLOEXEC)) return ERROR_PIPE;
    stream->out_fd[i] = ends[0];
    spawn->fds[1 + i] = ends[1];
  }
  spawn->fds[0] = guard_null();
  if (fields->flags & RUN_FLAG_STDIN) {
    if (pipe2(ends, O_CLOEXEC)) return ERROR_PIPE;
    spawn->fds[0] = ends[0];
    stream->in_fd = ends[1];
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
  }
  return 0;
}

static const char *describe(uint16_t code) {
  switch (code) {
    case ERROR_FORK:
      return "no new process could be made";
    case ERROR_EXEC:
      return "the command could not be executed";
    case ERROR_DIRECTORY:
      return "the working directory could not be entered";
    case ERROR_USER:
      return "the user could not be changed";
    case ERROR_CGROUP:
      return "the cgroup could not be joined";
    case ERROR_TERMINAL:
      return "no terminal could be made";
    default:
      return "no pipe could be made";
  }
}

static void refuse(struct stream *stream, uint16_t code, int error, const char *message) {
  output_error(stream->id, FRAME_RUN, code, error, true, message);
  stream_drop(stream);
}

static void started(struct stream *stream) {
  uint8_t payload[4];
  put32(payload, stream->pid);
  output_frame(FRAME_STARTED, 0, stream->id, payload, sizeof payload, LAZY);
}

static void start(struct stream *stream) {
  struct fields fields;
  uint16_t code;
  const char *wrong = parse(&fields, &code);
  if (wrong) return refuse(stream, code, 0, wrong);

  struct spawn spawn = {
      .argv = argv,
      .envp = envp,
      .directory = fields.directory[0] ? fields.directory : NULL,
      .fds = {-1, -1, -1},
      .user = fields.flags & RUN_FLAG_USER,
      .uid = fields.uid,
      .gid = fields.gid,
      .cgroup = guard_cgroup_root(),
  };
  if (fields.cgroup[0]) {
    spawn.cgroup = guard_cgroup_open(fields.cgroup);
    if (spawn.cgroup < 0) return refuse(stream, ERROR_CGROUP, errno, describe(ERROR_CGROUP));
    spawn.detached = true;
  }
  stream->out_credit[0] = fields.credit[0];
  stream->out_credit[1] = fields.credit[1];

  struct spawn_failure failure = {0, 0};
  int failed = fields.flags & RUN_FLAG_PTY ? connect_terminal(stream, &spawn, &fields) : connect_pipes(stream, &spawn, &fields);
  if (failed)
    failure = (struct spawn_failure){failed, errno};
  else {
    pid_t pid = spawn_command(&spawn, &failure, &stream->report_fd);
    stream->pid = pid > 0 ? pid : 0;
  }
  if (spawn.detached) close(spawn.cgroup);
  if (spawn.terminal) spawn.fds[1] = spawn.fds[2] = -1;
  if (spawn.fds[0] == guard_null()) spawn.fds[0] = -1;
  close_all(spawn.fds, 3);
  if (failure.code) return refuse(stream, failure.code, failure.error, describe(failure.code));
  if (!spawn.detached) started(stream);
}

void process_request(uint32_t id, uint8_t channel, const uint8_t *payload, uint32_t length) {
  if (channel > 1) {
    output_error(id, FRAME_RUN, ERROR_BAD_FIELD, 0, false, "a request is on channel 0 or 1");
    return;
  }
  if (request_length && request_id != id) {
    output_error(request_id, FRAME_RUN, ERROR_STREAM_ORDER, 0, true, "another request began before this one was whole");
    process_forget_request();
  }
  request_id = id;
  if (length > sizeof request - request_length)
    request_too_long = true;
  else {
    memcpy(request + request_length, payload, length);
    request_length += length;
  }
  if (channel == 1) return;
  struct stream *stream = stream_open(FRAME_RUN, id, PROCESS);
  if (stream && request_too_long)
    refuse(stream, ERROR_TOO_LONG, 0, "the request is longer than the agent can hold");
  else if (stream)
    start(stream);
  process_forget_request();
}

void process_reported(struct stream *stream) {
  struct spawn_failure failure = {0, 0};
  ssize_t length = read(stream->report_fd, &failure, sizeof failure);
  close(stream->report_fd);
  stream->report_fd = -1;
  if (length == sizeof failure) return refuse(stream, failure.code, failure.error, describe(failure.code));
  started(stream);
}

void process_resize(struct stream *stream, uint16_t cols, uint16_t rows) {
  struct winsize size = {.ws_row = rows, .ws_col = cols};
  if (!stream->terminal)
    output_error(stream->id, FRAME_RESIZE, ERROR_BAD_FIELD, 0, false, "the stream has no terminal");
  else if (stream->out_fd[0] >= 0 && ioctl(stream->out_fd[0], TIOCSWINSZ, &size))
    output_error(stream->id, FRAME_RESIZE, ERROR_TERMINAL, errno, false, "the terminal could not be resized");
}

void process_kill(struct stream *stream, uint8_t signal, uint8_t target) {
  if (stream->kind != PROCESS || signal >= NSIG || target > KILL_PROCESS) {
    output_error(stream->id, FRAME_KILL, ERROR_BAD_FIELD, 0, false, "no process, no such signal or no such target");
    return;
  }
  if (!stream->pid) return;
  /* A command started detached has no group of its own until it ran its first instructions. */
  if (target == KILL_GROUP && kill(-stream->pid, signal) == 0) return;
  if (kill(stream->pid, signal)) output_error(stream->id, FRAME_KILL, ERROR_SYSTEM, errno, false, "the signal could not be sent");
}

static uint32_t pending(const struct stream *stream, int channel) {
  int bytes = 0;
  if (stream->out_fd[channel] < 0) return 0;
  if (stream->terminal) return UNTIL_END;
  return ioctl(stream->out_fd[channel], FIONREAD, &bytes) ? 0 : bytes;
}

static void exited(struct stream *stream, int status) {
  stream->pid = 0;
  if (stream->report_fd >= 0) {
    uint32_t id = stream->id;
    process_reported(stream);
    if (stream->kind == FREE || stream->id != id) return;
  }
  uint8_t payload[12] = {WIFSIGNALED(status) ? EXIT_SIGNAL : EXIT_CODE, WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)};
  put32(payload + 4, pending(stream, 0));
  put32(payload + 8, pending(stream, 1));
  output_frame(FRAME_EXIT, 0, stream->id, payload, sizeof payload, URGENT);
  stream_close_in(stream);
  stream_settle(stream);
}

bool process_reap(void) {
  int status;
  while (output_room() >= OUTPUT_RESERVE) {
    pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return true;
    struct stream *stream = stream_of_pid(pid);
    if (stream) exited(stream, status);
  }
  return false;
}
