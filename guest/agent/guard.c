#define _GNU_SOURCE
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "frame.h"
#include "output.h"
#include "wire.h"

#define PRIORITY_NICE -10

static uint16_t protections;
static bool machine;
static int null_fd = -1, cgroup_root = -1;
static char cgroup_path[256];

static bool write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t length = strlen(text);
  bool whole = write(fd, text, length) == length;
  close(fd);
  return whole;
}

/* The path `name` of the cgroup file system; NULL when it is too long. */
static const char *below_root(const char *name) {
  static char path[sizeof cgroup_path + 4096];
  if (strlen(name) >= 4096) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  strcpy(path, cgroup_path);
  return strcat(path, name);
}

static bool own_cgroup(const char *root) {
  struct statfs type;
  if (strlen(root) >= sizeof cgroup_path) return false;
  strcpy(cgroup_path, root);
  if (statfs(root, &type) || type.f_type != CGROUP2_SUPER_MAGIC) return false;
  if (mkdir(below_root("/agent"), 0755) && errno != EEXIST) return false;
  if (!write_file(below_root("/agent/cgroup.procs"), "0")) return false;
  /* Present when the root hands these controllers down; without them nice and locked memory do. */
  write_file(below_root("/agent/cpu.weight"), "10000");
  write_file(below_root("/agent/memory.min"), "max");
  cgroup_root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return cgroup_root >= 0;
}

static bool priority(void) {
  if (setpriority(PRIO_PROCESS, 0, PRIORITY_NICE)) return false;
  /* Children start at nice 0 again. musl's sched_setscheduler is a stub. */
  struct sched_param none = {0};
  return syscall(SYS_sched_setscheduler, 0, SCHED_OTHER | SCHED_RESET_ON_FORK, &none) == 0;
}

static void nothing(int signal) { (void)signal; }

void guard_setup(const char *root, bool owns_machine) {
  machine = owns_machine;
  while ((null_fd = open("/dev/null", O_RDWR)) >= 0 && null_fd <= 2);
  /* Whatever the agent was started with, its children get three descriptors. musl has no close_range. */
  syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC);

  umask(022);

  /* Caught, not ignored: an exec resets a caught signal to its default, and children must not inherit deafness. */
  struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
  sigaction(SIGHUP, &action, NULL);
  sigaction(SIGPIPE, &action, NULL);

  if (machine && own_cgroup(root)) protections |= PROTECTION_OWN_CGROUP;
  if (write_file("/proc/self/oom_score_adj", "-1000")) protections |= PROTECTION_OOM_EXEMPT;
  if (priority()) protections |= PROTECTION_PRIORITY;
  if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) protections |= PROTECTION_LOCKED;
}

bool guard_owns_machine(void) { return machine; }

void guard_hello(const uint8_t *nonce) {
  uint8_t payload[NONCE_BYTES + 20] = {0};
  if (nonce) memcpy(payload, nonce, NONCE_BYTES);
  uint8_t *at = put16(payload + NONCE_BYTES, PROTOCOL_VERSION);
  at = put16(at, MAX_PAYLOAD_BYTES);
  at = put16(at, STREAM_SLOTS);
  at = put16(at, protections);
  at = put32(at, STREAM_WINDOW_BYTES);
  at = put32(at, MAX_REQUEST_BYTES);
  put32(at, getpid());
  output_frame(FRAME_HELLO, 0, 0, payload, sizeof payload, URGENT);
}

int guard_null(void) { return null_fd; }
int guard_cgroup_root(void) { return cgroup_root; }

int guard_cgroup_open(const char *path) {
  const char *full = below_root(path);
  return full ? open(full, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

void guard_renounce(void) {
  if (protections & PROTECTION_OOM_EXEMPT) write_file("/proc/self/oom_score_adj", "0");
}
