/*
 * The in-guest agent: carries out what the host asks for over one byte channel (see src/protocol/frame.ts).
 * usage: agent DEVICE [CGROUP_ROOT]
 *
 * One thread, one poll. All memory is static and locked. What could wait for somebody is left to poll; the one thing that
 * holds the agent up is a command of the root cgroup, until it is executed.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "device.h"
#include "frame.h"
#include "guard.h"
#include "input.h"
#include "output.h"
#include "process.h"
#include "stream.h"

/* How long a frame that hurries nobody waits for company. */
#define LAZY_MS 10
#define LAZY_WAKEUPS 8
#define REOPEN_MS 100
/* Device reads in one wakeup, before streams have their turn. */
#define READS_PER_WAKEUP 4

static int watch_children(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void say(const char *text) {
  ssize_t ignored = write(2, text, strlen(text));
  (void)ignored;
}

/* The host may have missed anything: start from nothing, and announce it. */
static void begin(void) {
  streams_drop();
  input_forget();
  output_reset();
  guard_hello(NULL);
}

static void reopen(const char *name) {
  device_close();
  streams_drop();
  if (!device_reopens()) _exit(0);
  while (!device_open(name)) poll(NULL, 0, REOPEN_MS);
  begin();
}

static void serve(const char *name, int children) {
  static struct pollfd entries[POLL_ENTRIES];
  bool reaped = true, handled = true;
  int lazy = 0;
  for (;;) {
    /* Children first: their pipes, polled later, are then at least as new as the news of their end. */
    entries[0] = (struct pollfd){children, POLLIN, 0};
    int count = streams_poll(entries + 2);
    short events = handled ? POLLIN : 0;
    if (output_pending() && (output_urgent() || !handled || !reaped)) events |= POLLOUT;
    entries[1] = (struct pollfd){device_fd(), events, 0};
    int ready = poll(entries, 2 + count, output_pending() && !(events & POLLOUT) ? LAZY_MS : -1);
    if (ready < 0 && errno != EINTR && errno != EAGAIN && errno != ENOMEM) _exit(1);
    if (ready < 0) continue;

    bool gone = entries[1].revents & (POLLERR | POLLNVAL);
    if (entries[1].revents & (POLLIN | POLLHUP)) {
      for (int reads = 0; reads < READS_PER_WAKEUP && handled && !gone; reads++) {
        int length = input_read(device_fd());
        if (length < 0) gone = true;
        if (length <= 0) break;
        handled = input_handle();
        if (length < CHUNK_BYTES / 2) break;
      }
    }
    if (gone) {
      reopen(name);
      reaped = handled = true;
      continue;
    }
    streams_handle(entries + 2, count);
    if (entries[0].revents) {
      struct signalfd_siginfo news;
      while (read(children, &news, sizeof news) == sizeof news);
      reaped = false;
    }
    if (!reaped) reaped = process_reap();

    if (ready == 0 || ++lazy >= LAZY_WAKEUPS || output_urgent() || !handled || !reaped) {
      lazy = 0;
      if (output_flush(device_fd())) {
        reopen(name);
        reaped = handled = true;
        continue;
      }
    }
    if (!handled) handled = input_handle();
    if (!reaped) reaped = process_reap();
  }
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    say("usage: agent DEVICE [CGROUP_ROOT]\n");
    return 2;
  }
  if (!device_open(argv[1])) {
    say("agent: the device cannot be opened\n");
    return 1;
  }
  guard_setup(argc > 2 ? argv[2] : "/sys/fs/cgroup", device_reopens());
  int children = watch_children();
  if (children < 0) {
    say("agent: no signalfd\n");
    return 1;
  }
  begin();
  if (output_flush(device_fd())) reopen(argv[1]);
  serve(argv[1], children);
}
