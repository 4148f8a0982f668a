/*
 * The engine's hands in the guest: takes plans, starts tasks, reads files (src/protocol/boxd.ts).
 * usage: boxd, with requests on standard input and answers on standard output
 *        boxd device-filter PROGRAM CGROUP, for what a shell has no command for
 *        docker-init -- PROGRAM [ARGUMENT]..., the same file by another name: the first process of a container
 *
 * One thread, one poll. It holds no state of containers: each has a shim of its own, which outlives boxd.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boxd.h"
#include "bytes.h"
#include "device-filter.h"
#include "init.h"
#include "plan.h"
#include "resolve.h"
#include "task.h"

#define HEADER_BYTES 9
/* Starts on their way at once. */
#define STARTS 64

static uint8_t request[REQUEST_MAX_BYTES];
static uint32_t have;
static uint8_t answer[HEADER_BYTES + 16 + READ_MAX_BYTES];

static struct start {
  uint32_t id;
  int news;
} starts[STARTS];
static int start_count;

static void send_answer(uint32_t id, uint8_t type, uint32_t length) {
  put32(answer, length + HEADER_BYTES - 4);
  put32(answer + 4, id);
  answer[8] = type;
  for (uint32_t at = 0, end = HEADER_BYTES + length; at < end;) {
    ssize_t written = write(1, answer + at, end - at);
    if (written < 0 && errno != EINTR) _exit(1);
    if (written > 0) at += written;
  }
}

static void send_failure(uint32_t id, const struct failure *failure) {
  uint8_t *at = put16(put16(answer + HEADER_BYTES, failure->step), failure->error);
  *at++ = failure->code;
  size_t length = strlen(failure->message);
  memcpy(at, failure->message, length);
  send_answer(id, ANSWER_FAILED, at + length - answer - HEADER_BYTES);
}

static void send_error(uint32_t id, int error) {
  struct failure failure = {.error = error};
  send_failure(id, &failure);
}

static void take_plan(uint32_t id, struct bytes body) {
  struct failure failure;
  if (plan_take(body, &failure))
    send_answer(id, ANSWER_DONE, 0);
  else
    send_failure(id, &failure);
}

static void start(uint32_t id, struct bytes body) {
  struct task task = {0};
  task.flags = take8(&body);
  task.columns = take16(&body);
  task.rows = take16(&body);
  task.log_bytes = take32(&body);
  task.directory = take_text(&body);
  task.log = take_text(&body);
  task.resolver = take_text(&body);
  task.plan = body;
  if (body.broken) return send_error(id, EINVAL);
  if (start_count == STARTS) return send_error(id, EAGAIN);
  int news = task_start(&task);
  if (news < 0) return send_error(id, errno);
  starts[start_count++] = (struct start){id, news};
}

static void finish_start(struct start *which) {
  struct becoming_news news;
  ssize_t got = read(which->news, &news, sizeof news);
  struct start done = *which;
  close(which->news);
  *which = starts[--start_count];
  if (got != sizeof news) return send_error(done.id, EIO);
  if (news.failed) return send_failure(done.id, &news.failure);
  put32(answer + HEADER_BYTES, news.pid);
  send_answer(done.id, ANSWER_STARTED, 4);
}

/* The names of a directory, as many as there is room for. */
static int read_names(int fd, uint8_t *to, uint32_t room) {
  DIR *directory = fdopendir(fd);
  uint32_t length = 0;
  if (!directory) return -1;
  for (struct dirent *entry; (entry = readdir(directory));) {
    size_t size = strlen(entry->d_name) + 1;
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    if (length + size > room) break;
    memcpy(to + length, entry->d_name, size);
    length += size;
  }
  closedir(directory);
  return length;
}

static void read_file(uint32_t id, struct bytes body) {
  uint32_t offset = take32(&body), most = take32(&body);
  const char *root = take_text(&body), *path = take_text(&body);
  struct stat status;
  if (body.broken) return send_error(id, EINVAL);
  if (most > READ_MAX_BYTES) most = READ_MAX_BYTES;
  int found = resolve(root, path);
  if (found < 0) return send_error(id, errno);
  int error = fstat(found, &status) ? errno : 0;
  /* Opening a pipe or a device would wait, or do something. */
  if (!error && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) error = EINVAL;
  int fd = error ? -1 : open(descriptor_path(found), O_RDONLY | O_CLOEXEC);
  if (!error && fd < 0) error = errno;
  close(found);
  if (error) return send_error(id, error);
  uint8_t *to = answer + HEADER_BYTES + 4;
  int got = S_ISDIR(status.st_mode) ? read_names(fd, to, most) : pread(fd, to, most, offset);
  error = errno;
  if (!S_ISDIR(status.st_mode)) close(fd);
  if (got < 0) return send_error(id, error);
  put32(answer + HEADER_BYTES, status.st_size);
  send_answer(id, ANSWER_DATA, 4 + got);
}

/* What is at a path, links followed. */
static void stat_file(uint32_t id, struct bytes body) {
  const char *root = take_text(&body), *path = take_text(&body);
  struct stat status;
  if (body.broken) return send_error(id, EINVAL);
  int found = resolve(root, path);
  if (found < 0) return send_error(id, errno);
  int error = fstat(found, &status) ? errno : 0;
  close(found);
  if (error) return send_error(id, error);
  uint8_t *at = put32(answer + HEADER_BYTES, status.st_size);
  at = put32(put32(put32(at, status.st_mode), status.st_uid), status.st_gid);
  at = put32(put32(at, major(status.st_rdev)), minor(status.st_rdev));
  send_answer(id, ANSWER_DATA, at - answer - HEADER_BYTES);
}

static void handle(uint32_t id, uint8_t type, struct bytes body) {
  if (type == REQUEST_PLAN)
    take_plan(id, body);
  else if (type == REQUEST_START)
    start(id, body);
  else if (type == REQUEST_READ)
    read_file(id, body);
  else if (type == REQUEST_STAT)
    stat_file(id, body);
  else
    send_error(id, ENOSYS);
}

static void receive(void) {
  ssize_t got = read(0, request + have, sizeof request - have);
  if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) _exit(0);
  if (got > 0) have += got;
  uint32_t at = 0;
  while (have - at >= 4) {
    struct bytes header = {request + at, request + have, false};
    uint32_t length = take32(&header);
    /* What comes after such a length cannot be found any more. */
    if (length < HEADER_BYTES - 4 || length > sizeof request - 4) _exit(1);
    if (have - at < 4 + length) break;
    uint32_t id = take32(&header);
    uint8_t type = take8(&header);
    handle(id, type, (struct bytes){header.at, request + at + 4 + length, false});
    at += 4 + length;
  }
  have -= at;
  memmove(request, request + at, have);
}

static int listen_for_shims(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = BOXD_SOCKET};
  mkdir("/run/box", 0711);
  unlink(BOXD_SOCKET);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address)) return -1;
  return fd;
}

static void hear_of_shims(int fd) {
  ssize_t got;
  while ((got = recv(fd, answer + HEADER_BYTES, 512, 0)) > 0) send_answer(0, ANSWER_EXITED, got);
}

static int watch_children(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Shims that have ended. They have told how their containers did; what is left is the record of the process. */
static void bury(int children) {
  struct signalfd_siginfo news;
  while (read(children, &news, sizeof news) == sizeof news);
  while (waitpid(-1, NULL, WNOHANG) > 0);
}

enum { REQUESTS, SHIMS, CHILDREN, FIRST_START };

int main(int count, char **words) {
  const char *slash = count ? strrchr(words[0], '/') : NULL;
  if (slash && !strcmp(slash + 1, "docker-init")) return init_main(words + 1);
  if (count == 4 && !strcmp(words[1], "device-filter")) {
    if (device_filter(words[2], words[3]) == 0) return 0;
    perror("boxd: device-filter");
    return 1;
  }
  signal(SIGPIPE, SIG_IGN);
  int shims = listen_for_shims(), children = watch_children();
  if (shims < 0 || children < 0) return 1;
  for (;;) {
    struct pollfd entries[FIRST_START + STARTS] = {
        [REQUESTS] = {0, POLLIN, 0}, [SHIMS] = {shims, POLLIN, 0}, [CHILDREN] = {children, POLLIN, 0}};
    int starting = start_count;
    for (int i = 0; i < starting; i++) entries[FIRST_START + i] = (struct pollfd){starts[i].news, POLLIN, 0};
    if (poll(entries, FIRST_START + starting, -1) < 0) continue;
    for (int i = starting - 1; i >= 0; i--)
      if (entries[FIRST_START + i].revents) finish_start(&starts[i]);
    if (entries[SHIMS].revents) hear_of_shims(shims);
    if (entries[CHILDREN].revents) bury(children);
    if (entries[REQUESTS].revents) receive();
  }
}
