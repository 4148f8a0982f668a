/*
 * docker, also called box: the docker command line as it is typed in the guest (src/protocol/command-line.ts).
 *
 * It hands its arguments, its terminal and its signals to the command line outside, and does what that says. Standard
 * input is read only when somebody asked for it, so what is typed ahead stays with the shell.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "wire.h"

#define HEADER_BYTES 5
#define EXIT_UNREACHABLE 1

extern char **environ;

static int outside = -1;
static uint8_t message[4 + MESSAGE_MAX_BYTES];
static const char *program;
static struct termios cooked;
static bool raw;
static sigset_t forwarded;

static void give_terminal_back(void) {
  if (raw) tcsetattr(0, TCSADRAIN, &cooked);
  raw = false;
}

static void make_raw(bool on) {
  if (!on) {
    give_terminal_back();
    return;
  }
  if (raw || tcgetattr(0, &cooked)) return;
  struct termios wanted = cooked;
  cfmakeraw(&wanted);
  raw = tcsetattr(0, TCSADRAIN, &wanted) == 0;
}

static void give_up(const char *why) {
  give_terminal_back();
  fprintf(stderr, "%s: %s\n", program, why);
  exit(EXIT_UNREACHABLE);
}

/* Ends as a program does whose output nobody reads. */
static void end_by_broken_pipe(void) {
  give_terminal_back();
  signal(SIGPIPE, SIG_DFL);
  raise(SIGPIPE);
  _exit(128 + SIGPIPE);
}

static bool write_all(int to, const uint8_t *bytes, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t written = write(to, bytes + at, length - at);
    if (written < 0 && errno == EAGAIN) {
      struct pollfd room = {.fd = to, .events = POLLOUT};
      poll(&room, 1, -1);
    } else if (written < 0 && errno != EINTR) return false;
    if (written > 0) at += written;
  }
  return true;
}

static void report(uint8_t type, const void *body, uint32_t length) {
  uint8_t head[HEADER_BYTES];
  uint32_t rest = length + 1;
  memcpy(head, &rest, sizeof rest);
  head[4] = type;
  if (!write_all(outside, head, sizeof head) || !write_all(outside, body, length))
    give_up("the command line outside has gone; type the command again");
}

static void read_size(uint16_t size[2]) {
  struct winsize window = {0};
  for (int each = 0; each < 3; each++)
    if (ioctl(each, TIOCGWINSZ, &window) == 0) break;
  size[0] = window.ws_col;
  size[1] = window.ws_row;
}

static uint8_t *put_text(uint8_t *at, const char *text) {
  size_t length = strlen(text) + 1;
  if (at + length > message + sizeof message) give_up("the arguments and the environment are too long together");
  memcpy(at, text, length);
  return at + length;
}

static void greet(int count, char **arguments) {
  uint8_t *at = message;
  *at++ = (isatty(0) ? TERMINAL_STDIN : 0) | (isatty(1) ? TERMINAL_STDOUT : 0) | (isatty(2) ? TERMINAL_STDERR : 0);
  uint16_t fields[3];
  read_size(fields);
  fields[2] = count;
  memcpy(at, fields, sizeof fields);
  at += sizeof fields;
  for (int each = 0; each < count; each++) at = put_text(at, arguments[each]);
  char directory[4096];
  at = put_text(at, getcwd(directory, sizeof directory) ? directory : "/");
  for (char **variable = environ; *variable; variable++) at = put_text(at, *variable);
  report(REPORT_HELLO, message, at - message);
}

static void read_input(void) {
  ssize_t length;
  do length = read(0, message, PIECE_MAX_BYTES);
  while (length < 0 && errno == EINTR);
  report(REPORT_INPUT, message, length > 0 ? length : 0);
}

static void forward_signal(int signals) {
  struct signalfd_siginfo info;
  if (read(signals, &info, sizeof info) != sizeof info) return;
  if (info.ssi_signo == SIGWINCH) {
    uint16_t size[2];
    read_size(size);
    report(REPORT_SIZE, size, sizeof size);
    return;
  }
  uint8_t number = info.ssi_signo;
  report(REPORT_SIGNAL, &number, 1);
}

static void read_exactly(void *to, uint32_t length) {
  for (uint32_t at = 0; at < length;) {
    ssize_t got = read(outside, (uint8_t *)to + at, length - at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) give_up("the connection to the engine is lost: the machine went back to an earlier state");
    at += got;
  }
}

/* One order; true when standard input is to be read. */
static bool obey(void) {
  uint32_t length;
  uint8_t type;
  read_exactly(&length, sizeof length);
  if (length < 1 || length > MESSAGE_MAX_BYTES) give_up("the command line outside speaks another language");
  read_exactly(&type, 1);
  length--;
  read_exactly(message, length);
  switch (type) {
    case ORDER_OUTPUT:
      if (!write_all(1, message, length)) end_by_broken_pipe();
      break;
    case ORDER_ERRORS:
      if (!write_all(2, message, length)) end_by_broken_pipe();
      break;
    case ORDER_READ:
      return true;
    case ORDER_RAW:
      make_raw(length > 0 && message[0]);
      break;
    case ORDER_EXIT:
      give_terminal_back();
      exit(length > 0 ? message[0] : EXIT_UNREACHABLE);
  }
  return false;
}

int main(int count, char **arguments) {
  const char *slash = strrchr(arguments[0], '/');
  program = slash ? slash + 1 : arguments[0];

  outside = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = COMMAND_LINE_SOCKET};
  if (outside < 0 || connect(outside, (struct sockaddr *)&address, sizeof address))
    give_up("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?");

  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&forwarded);
  const int wanted[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
  for (size_t each = 0; each < sizeof wanted / sizeof *wanted; each++) sigaddset(&forwarded, wanted[each]);
  sigprocmask(SIG_BLOCK, &forwarded, NULL);
  int signals = signalfd(-1, &forwarded, SFD_CLOEXEC | SFD_NONBLOCK);
  greet(count, arguments);

  bool reading = false;
  for (;;) {
    struct pollfd waiting[] = {
        {.fd = outside, .events = POLLIN},
        {.fd = signals, .events = POLLIN},
        {.fd = reading ? 0 : -1, .events = POLLIN},
    };
    if (poll(waiting, 3, -1) < 0) continue;
    if (waiting[1].revents) forward_signal(signals);
    if (waiting[2].revents) {
      reading = false;
      read_input();
    }
    if (waiting[0].revents && obey()) reading = true;
  }
}
