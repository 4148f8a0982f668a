#define _GNU_SOURCE
#include "task.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "boxd.h"
#include "dns.h"
#include "log.h"

#define CLIENTS 16
#define PIECE_BYTES 16384
/* What may wait for a client: several pieces with their headers. While one has less room than a piece, nothing is read. */
#define CLIENT_BYTES (4 * (PIECE_BYTES + 64))
#define FRAME_BYTES 8
#define STDIN_BYTES 65536
#define FIRST_OWN_FD 10

struct client {
  int fd;
  uint8_t wants;
  bool live, told_end;
  /* The first who subscribed: standard input may end with it. */
  bool first;
  struct log_reader log;
  uint8_t in[FRAME_BYTES + PIECE_BYTES];
  uint32_t in_length;
  uint8_t out[CLIENT_BYTES];
  uint32_t out_length;
  /* Of a logged piece that was sent in part, the bytes that are still to come. */
  uint8_t log_header[LOG_HEADER_BYTES];
  uint32_t log_have, log_left;
};

static struct client clients[CLIENTS];
static int client_count;
static int listener = -1, children = -1, report = -1, console = -1;
/* Ours of standard input, output and error; the terminal's other side is both 0 and 1. */
static int ends[3] = {-1, -1, -1};
static bool tty, held, stdin_once, stdin_closing, started, ended, drained;
static pid_t pid;
static int status;
static uint64_t ended_at;
static uint8_t input[STDIN_BYTES];
static uint32_t input_length;
static const char *directory;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/* Clients. */

static bool room_for(const struct client *client, uint32_t bytes) { return CLIENT_BYTES - client->out_length >= bytes; }

static void frame(struct client *client, uint8_t type, const void *head, uint32_t head_length, const void *body, uint32_t length) {
  uint32_t whole = head_length + length;
  if (!room_for(client, FRAME_BYTES + whole)) return;
  uint8_t *at = client->out + client->out_length;
  at[0] = type;
  at[1] = at[2] = at[3] = 0;
  at[4] = whole >> 24;
  at[5] = whole >> 16;
  at[6] = whole >> 8;
  at[7] = whole;
  memcpy(at + FRAME_BYTES, head, head_length);
  memcpy(at + FRAME_BYTES + head_length, body, length);
  client->out_length += FRAME_BYTES + whole;
}

static void drop(struct client *client) {
  close(client->fd);
  log_reader_close(&client->log);
  *client = clients[--client_count];
}

static void subscribe(struct client *client, uint8_t wants) {
  static bool somebody;
  if (client->wants & SUBSCRIPTION_LOG) return;
  client->wants = wants;
  client->first |= !somebody;
  somebody = true;
  held = false;
  client->live = true;
  if (wants & SUBSCRIPTION_LOG) {
    client->live = false;
    log_reader_open(&client->log);
  }
}

static void resize(const uint8_t *payload) {
  if (!tty || ends[0] < 0) return;
  struct winsize size = {.ws_col = payload[0] | payload[1] << 8, .ws_row = payload[2] | payload[3] << 8};
  ioctl(ends[0], TIOCSWINSZ, &size);
}

/* Names are answered in that network namespace from now on. */
static void resolve_names(struct client *client, const uint8_t *name, uint32_t length) {
  char netns[256] = "";
  if (length < sizeof netns) memcpy(netns, name, length);
  uint8_t result[2];
  put16(result, ended ? ESRCH : dns_open(netns, directory));
  frame(client, SHIM_FRAME_RESOLVING, NULL, 0, result, sizeof result);
}

/* Takes whole frames out of what came. False when they make no sense. */
static bool understand(struct client *client) {
  uint32_t at = 0;
  while (client->in_length - at >= FRAME_BYTES) {
    const uint8_t *head = client->in + at;
    uint32_t length = (uint32_t)head[4] << 24 | head[5] << 16 | head[6] << 8 | head[7];
    if (length > PIECE_BYTES) return false;
    if (client->in_length - at < FRAME_BYTES + length) break;
    const uint8_t *payload = head + FRAME_BYTES;
    if (head[0] == SHIM_STDIN) {
      if (stdin_closing || ends[0] < 0 || ended)
        ; /* Nobody reads it any more. */
      else if (STDIN_BYTES - input_length < length)
        break;
      else {
        memcpy(input + input_length, payload, length);
        input_length += length;
      }
    } else if (head[0] == SHIM_CLOSE_STDIN)
      stdin_closing = true;
    else if (head[0] == SHIM_RESIZE && length == 4)
      resize(payload);
    else if (head[0] == SHIM_SUBSCRIBE && length == 1)
      subscribe(client, payload[0]);
    else if (head[0] == SHIM_RESOLVE)
      resolve_names(client, payload, length);
    else
      return false;
    at += FRAME_BYTES + length;
  }
  client->in_length -= at;
  memmove(client->in, client->in + at, client->in_length);
  return true;
}

static bool receive(struct client *client) {
  uint32_t room = sizeof client->in - client->in_length;
  ssize_t got = room ? recv(client->fd, client->in + client->in_length, room, MSG_DONTWAIT) : -1;
  if (got > 0) client->in_length += got;
  if (got == 0 || (got < 0 && room && errno != EAGAIN && errno != EINTR)) return false;
  return understand(client);
}

static bool send_out(struct client *client) {
  if (!client->out_length) return true;
  ssize_t sent = send(client->fd, client->out, client->out_length, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  client->out_length -= sent;
  memmove(client->out, client->out + sent, client->out_length);
  return true;
}

/* Hands on what was logged, piece by piece, as far as there is room. True when there is no more. */
static bool replay(struct client *client) {
  static uint8_t piece[PIECE_BYTES];
  while (client->log.fd >= 0 && room_for(client, FRAME_BYTES + 8 + PIECE_BYTES)) {
    if (!client->log_left) {
      int got = log_read(&client->log, client->log_header + client->log_have, LOG_HEADER_BYTES - client->log_have);
      if (got <= 0) {
        if (got == 0 && !client->live) {
          client->live = true;
          frame(client, SHIM_FRAME_LIVE, NULL, 0, NULL, 0);
        }
        return true;
      }
      client->log_have += got;
      if (client->log_have < LOG_HEADER_BYTES) continue;
      memcpy(&client->log_left, client->log_header + 4, sizeof client->log_left);
      client->log_have = 0;
      continue;
    }
    uint32_t want = client->log_left < PIECE_BYTES ? client->log_left : PIECE_BYTES;
    int got = log_read(&client->log, piece, want);
    if (got <= 0) return true;
    client->log_left -= got;
    if (client->wants & 1 << (client->log_header[0] - 1)) frame(client, client->log_header[0], client->log_header + 8, 8, piece, got);
  }
  return client->log.fd < 0;
}

/* Output. */

static bool all_have_room(void) {
  for (int i = 0; i < client_count; i++)
    if (clients[i].wants && !(clients[i].wants & SUBSCRIPTION_LOG) && !room_for(&clients[i], FRAME_BYTES + PIECE_BYTES)) return false;
  return true;
}

static void print(uint8_t stream, const uint8_t *bytes, uint32_t length) {
  log_append(stream, now(), bytes, length);
  for (int i = 0; i < client_count; i++) {
    struct client *client = &clients[i];
    if (!(client->wants & SUBSCRIPTION_LOG) && client->wants & stream) frame(client, stream, NULL, 0, bytes, length);
  }
}

/* Takes a piece of output. False when there is nothing more at present. */
static bool take_output(int index) {
  static uint8_t piece[PIECE_BYTES];
  int fd = ends[index];
  ssize_t got = read(fd, piece, sizeof piece);
  if (got > 0) {
    print(index == 2 ? 2 : 1, piece, got);
    return true;
  }
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  /* The other side is closed; of a terminal that reads as EIO. */
  if (tty) ends[0] = -1;
  close(fd);
  ends[index] = -1;
  return false;
}

static void give_input(void) {
  if (ends[0] < 0) {
    input_length = 0;
    return;
  }
  if (input_length) {
    ssize_t given = write(ends[0], input, input_length);
    if (given > 0) {
      input_length -= given;
      memmove(input, input + given, input_length);
    } else if (errno != EAGAIN && errno != EINTR) {
      input_length = 0;
      stdin_closing = true;
    }
  }
  if (stdin_closing && !input_length && !tty) {
    close(ends[0]);
    ends[0] = -1;
  }
}

/* Processes. */

static void receive_console(void) {
  char byte;
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec piece = {&byte, 1};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  if (recvmsg(console, &message, MSG_CMSG_CLOEXEC) == 1 && message.msg_controllen >= CMSG_LEN(sizeof(int))) {
    memcpy(&ends[0], CMSG_DATA(&control.header), sizeof(int));
    fcntl(ends[0], F_SETFL, O_RDWR | O_NONBLOCK);
    ends[1] = ends[0];
  }
  close(console);
  console = -1;
}

/* Orphans of the container come here too when it has no PID namespace of its own. */
static void reap(void) {
  struct signalfd_siginfo news;
  int result;
  while (read(children, &news, sizeof news) == sizeof news);
  for (pid_t child; (child = waitpid(-1, &result, WNOHANG)) > 0;)
    if (child == pid && started && !ended) {
      ended = true;
      ended_at = now();
      status = result;
    }
}

static void write_exit(uint8_t code, uint8_t signal) {
  char path[300], text[64];
  snprintf(path, sizeof path, "%s/exit", directory);
  int length = snprintf(text, sizeof text, "%u %u %llu\n", code, signal, (unsigned long long)ended_at);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return;
  ssize_t ignored = write(fd, text, length);
  (void)ignored;
  close(fd);
}

static void tell_boxd(uint8_t code, uint8_t signal) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = BOXD_SOCKET};
  uint8_t message[10 + 300];
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  message[0] = code;
  message[1] = signal;
  put64(message + 2, ended_at);
  size_t length = strlen(directory) + 1;
  memcpy(message + 10, directory, length);
  if (fd >= 0) sendto(fd, message, 10 + length, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address);
  if (fd >= 0) close(fd);
}

static uint8_t end_signal(void) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
static uint8_t end_code(void) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

static void announce_end(void) {
  /* Before anybody takes its network namespace away: a socket would keep that alive. */
  dns_close();
  write_exit(end_code(), end_signal());
  tell_boxd(end_code(), end_signal());
}

/* The last frame of each client, behind all that was logged. True when there is nobody left who waits for something. */
static bool take_leave(void) {
  uint8_t payload[2] = {end_code(), end_signal()};
  bool pending = false;
  for (int i = 0; i < client_count; i++) {
    struct client *client = &clients[i];
    if (!client->told_end && replay(client) && room_for(client, FRAME_BYTES + sizeof payload)) {
      frame(client, SHIM_FRAME_EXIT, NULL, 0, payload, sizeof payload);
      client->told_end = true;
    }
    if (!send_out(client))
      drop(&clients[i--]);
    else if (client->out_length || !client->told_end)
      pending = true;
  }
  return !pending;
}

/* News of the process that becomes the program; the end of the pipe says that it is the program now. */
static void hear(int fd) {
  struct becoming_news news;
  ssize_t got = read(fd, &news, sizeof news);
  if (got < 0) return;
  if (got == sizeof news && !news.failed) {
    pid = news.pid;
    return;
  }
  struct becoming_news answer = {.pid = pid};
  if (got == sizeof news) answer = news;
  started = got == 0;
  if (tty && started) receive_console();
  ssize_t ignored = write(report, &answer, sizeof answer);
  (void)ignored;
  close(report);
  report = -1;
  close(fd);
  if (!started) _exit(0);
}

static int listen_here(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (snprintf(address.sun_path, sizeof address.sun_path, "%s/shim.sock", directory) >= (int)sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  unlink(address.sun_path);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, CLIENTS)) return -1;
  return fd;
}

enum { CHILDREN, LISTENER, NEWS, OUTPUT, ERROR_OUTPUT, INPUT, DNS, FIRST_CLIENT = DNS + DNS_DESCRIPTORS };

static void serve(int news) {
  struct pollfd all[FIRST_CLIENT + CLIENTS];
  for (;;) {
    for (int i = 0; i < client_count; i++)
      if (clients[i].wants & SUBSCRIPTION_LOG) replay(&clients[i]);
    bool reading = !held && all_have_room();
    bool typing = tty && input_length;
    int polled = client_count;
    all[CHILDREN] = (struct pollfd){children, POLLIN, 0};
    all[LISTENER] = (struct pollfd){client_count < CLIENTS ? listener : -1, POLLIN, 0};
    all[NEWS] = (struct pollfd){news, POLLIN, 0};
    /* The end of a pipe shows without being asked for; it must not wake a shim that does not read. */
    all[OUTPUT] = (struct pollfd){reading || typing ? ends[1] : -1, (reading ? POLLIN : 0) | (typing ? POLLOUT : 0), 0};
    all[ERROR_OUTPUT] = (struct pollfd){reading ? ends[2] : -1, POLLIN, 0};
    all[INPUT] = (struct pollfd){!tty && (input_length || stdin_closing) ? ends[0] : -1, POLLOUT, 0};
    dns_await(&all[DNS]);
    for (int i = 0; i < polled; i++) {
      bool full = clients[i].in_length == sizeof clients[i].in;
      all[FIRST_CLIENT + i] = (struct pollfd){clients[i].fd, (full ? 0 : POLLIN) | (clients[i].out_length ? POLLOUT : 0), 0};
    }
    /* With the process ended, and room, the rest of its output is taken without waiting for more. */
    if ((!ended || !reading) && poll(all, FIRST_CLIENT + polled, -1) < 0) continue;

    if (news >= 0 && all[NEWS].revents) {
      hear(news);
      if (report < 0) news = -1;
    }
    dns_serve(&all[DNS]);
    reap();
    if (all[INPUT].revents || (tty && all[OUTPUT].revents & POLLOUT)) give_input();
    if (reading && ends[1] >= 0 && all[OUTPUT].revents & (POLLIN | POLLHUP | POLLERR)) take_output(1);
    if (reading && ends[2] >= 0 && all[ERROR_OUTPUT].revents) take_output(2);
    for (int i = polled - 1; i >= 0; i--) {
      short events = all[FIRST_CLIENT + i].revents;
      bool fine = !(events & (POLLIN | POLLHUP | POLLERR)) || receive(&clients[i]);
      if (fine && events & POLLOUT) fine = send_out(&clients[i]);
      if (!fine) {
        if (stdin_once && clients[i].first) stdin_closing = true;
        drop(&clients[i]);
      } else if (clients[i].in_length >= FRAME_BYTES && !understand(&clients[i]))
        drop(&clients[i]);
    }
    if (all[LISTENER].revents) {
      int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        memset(&clients[client_count], 0, sizeof clients[0]);
        clients[client_count].fd = fd;
        clients[client_count].log.fd = -1;
        client_count++;
      }
    }
    for (int i = 0; i < client_count; i++)
      if (clients[i].out_length && !send_out(&clients[i])) drop(&clients[i--]);
    if (ended && !held && !drained) {
      /* What is left in the pipes; a process that goes on in the background may hold them for ever, and is not waited for. */
      bool rest = false;
      for (int index = 1; index < 3; index++)
        while (ends[index] >= 0 && (rest = !all_have_room(), !rest) && take_output(index));
      if (!rest) {
        drained = true;
        announce_end();
      }
    }
    if (drained) {
      if (take_leave()) _exit(0);
      struct pollfd waiting[CLIENTS];
      for (int i = 0; i < client_count; i++) waiting[i] = (struct pollfd){clients[i].fd, POLLOUT, 0};
      poll(waiting, client_count, -1);
    }
  }
}

static void __attribute__((noreturn)) fail(uint16_t error) {
  struct becoming_news news = {.failed = 1, .failure.error = error};
  ssize_t ignored = write(report, &news, sizeof news);
  (void)ignored;
  _exit(1);
}

static void plug(int fd, int other) {
  if (fd >= 0 && fd != other) dup2(fd, other);
}

/* In the child of the shim: becomes the program. */
static void __attribute__((noreturn)) become(const struct task *task, int theirs[3], int news, int socket) {
  struct becoming becoming = {
      /* Out of the way of the descriptors that a plan opens, which have one digit. */
      .report = fcntl(news, F_DUPFD_CLOEXEC, FIRST_OWN_FD),
      .tty = task->flags & TASK_TTY,
      .console = socket < 0 ? -1 : fcntl(socket, F_DUPFD_CLOEXEC, FIRST_OWN_FD),
      .columns = task->columns,
      .rows = task->rows,
      .pipes = {theirs[0], theirs[1], theirs[2]},
  };
  close(news);
  if (socket >= 0) close(socket);
  setsid();
  for (int fd = 0; fd < 3; fd++) plug(theirs[fd], fd);
  plan_become(task->plan, &becoming);
}

static void __attribute__((noreturn)) shim(const struct task *task) {
  int theirs[3] = {-1, -1, -1}, news[2], sockets[2] = {-1, -1}, pair[2];
  sigset_t set;
  setsid();
  prctl(PR_SET_NAME, "box-shim");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  directory = task->directory;
  tty = task->flags & TASK_TTY;
  held = task->flags & TASK_HOLD;
  stdin_once = task->flags & TASK_STDIN_ONCE;
  children = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  listener = listen_here();
  if (children < 0 || listener < 0 || pipe2(news, O_CLOEXEC)) fail(errno);
  if (tty && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets)) fail(errno);
  for (int fd = 0; fd < 3 && !tty; fd++) {
    if (fd == 0 && !(task->flags & TASK_STDIN)) continue;
    if (pipe2(pair, O_CLOEXEC)) fail(errno);
    theirs[fd] = pair[fd == 0 ? 0 : 1];
    ends[fd] = pair[fd == 0 ? 1 : 0];
    fcntl(ends[fd], F_SETFL, O_NONBLOCK);
  }
  log_open(task->log, task->log_bytes);
  int error = *task->resolver ? dns_open(task->resolver, directory) : 0;
  if (error) fail(error);
  pid = fork();
  if (pid < 0) fail(errno);
  if (pid == 0) become(task, theirs, news[1], sockets[1]);
  close(news[1]);
  if (tty) close(sockets[1]);
  console = sockets[0];
  for (int fd = 0; fd < 3; fd++)
    if (theirs[fd] >= 0) close(theirs[fd]);
  /* Without memory the container's processes are to go, not the one that knows how they ended. */
  int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {
    ssize_t ignored = write(score, "-998", 4);
    (void)ignored;
    close(score);
  }
  serve(news[0]);
  _exit(1);
}

int task_start(const struct task *task) {
  int pipe[2];
  if (pipe2(pipe, O_CLOEXEC)) return -1;
  pid_t child = fork();
  if (child < 0) {
    int error = errno;
    close(pipe[0]);
    close(pipe[1]);
    errno = error;
    return -1;
  }
  if (child == 0) {
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++) dup2(null, fd);
    report = dup3(pipe[1], 3, O_CLOEXEC) == 3 ? 3 : pipe[1];
    syscall(SYS_close_range, 4, ~0u, 0);
    shim(task);
  }
  close(pipe[1]);
  return pipe[0];
}
