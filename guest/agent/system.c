#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "guard.h"
#include "output.h"
#include "wire.h"

static void answer(uint32_t id, uint8_t type, int failed, const char *message) {
  if (failed)
    output_error(id, type, ERROR_SYSTEM, errno, true, message);
  else
    output_frame(FRAME_DONE, 0, id, NULL, 0, URGENT);
}

static bool refused(uint32_t id, uint8_t type) {
  if (guard_owns_machine()) return false;
  output_error(id, type, ERROR_REFUSED, 0, true, "this agent does not have the machine to itself");
  return true;
}

void system_clock(uint32_t id, const uint8_t *nanoseconds) {
  if (refused(id, FRAME_CLOCK)) return;
  uint64_t since = get32(nanoseconds) | (uint64_t)get32(nanoseconds + 4) << 32;
  struct timespec now = {.tv_sec = since / 1000000000, .tv_nsec = since % 1000000000};
  answer(id, FRAME_CLOCK, clock_settime(CLOCK_REALTIME, &now), "the clock could not be set");
}

void system_reseed(uint32_t id, const uint8_t *bytes, uint32_t length) {
  /* `struct rand_pool_info` with its buffer. */
  struct {
    int entropy_count, buf_size;
    uint8_t buf[MAX_ENTROPY_BYTES];
  } pool = {.entropy_count = length * 8, .buf_size = length};
  memcpy(pool.buf, bytes, length);
  int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
  int failed = fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) || ioctl(fd, RNDRESEEDCRNG);
  answer(id, FRAME_RESEED, failed, "the random generator could not be reseeded");
  if (fd >= 0) close(fd);
}

void system_kill_all(uint32_t id, uint8_t signal) {
  if (refused(id, FRAME_KILL_ALL)) return;
  /* The kernel spares init and the caller (kill(2)), and no fork can slip through: it holds the task list's lock. */
  int failed = kill(-1, signal) && errno != ESRCH;
  answer(id, FRAME_KILL_ALL, failed, "the signal could not be sent");
}
