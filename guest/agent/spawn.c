#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "guard.h"

/* The child of a vfork runs on this while the agent stands still. */
static uint8_t stack[32768] __attribute__((aligned(16)));

static const struct spawn *wanted;
static volatile struct spawn_failure failed;
static int report_fd;

static void fail(uint16_t code) {
  failed.code = code;
  failed.error = errno;
  if (report_fd >= 0) {
    struct spawn_failure failure = {failed.code, failed.error};
    ssize_t ignored = write(report_fd, &failure, sizeof failure);
    (void)ignored;
  }
  _exit(127);
}

static const char *variable(char **envp, const char *name) {
  size_t length = strlen(name);
  for (; *envp; envp++)
    if (!strncmp(*envp, name, length) && (*envp)[length] == '=') return *envp + length + 1;
  return "";
}

/* As execvp does it, but in the PATH of the command's own environment and without a shell for what is no program. */
static void execute(void) {
  const char *file = wanted->argv[0];
  if (strchr(file, '/')) {
    execve(file, wanted->argv, wanted->envp);
    return;
  }
  int kept = ENOENT;
  size_t length = strlen(file);
  for (const char *at = variable(wanted->envp, "PATH"); *at;) {
    const char *stop = strchrnul(at, ':');
    size_t directory = stop - at;
    char path[4096];
    if (directory && directory + length + 2 <= sizeof path) {
      memcpy(path, at, directory);
      path[directory] = '/';
      memcpy(path + directory + 1, file, length + 1);
      execve(path, wanted->argv, wanted->envp);
      if (errno == EACCES)
        kept = errno;
      else if (errno != ENOENT && errno != ENOTDIR)
        return;
    }
    at = *stop ? stop + 1 : stop;
  }
  errno = kept;
}

/* In the child. System calls alone: in a vfork the memory is the agent's. */
static void child(void) {
  setsid();
  guard_renounce();
  if (wanted->terminal && ioctl(wanted->fds[0], TIOCSCTTY, 0)) fail(ERROR_TERMINAL);
  for (int fd = 0; fd < 3; fd++)
    if (dup2(wanted->fds[fd], fd) < 0) fail(ERROR_PIPE);
  if (wanted->user) {
    /* musl's wrappers would signal threads; there are none, and the memory is not ours. */
    if (syscall(SYS_setgroups32, 0, NULL) && errno != EPERM) fail(ERROR_USER);
    if (syscall(SYS_setresgid32, wanted->gid, wanted->gid, wanted->gid)) fail(ERROR_USER);
    if (syscall(SYS_setresuid32, wanted->uid, wanted->uid, wanted->uid)) fail(ERROR_USER);
  }
  if (wanted->directory && chdir(wanted->directory)) fail(ERROR_DIRECTORY);
  uint64_t none = 0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
  execute();
  fail(ERROR_EXEC);
}

/* clone and clone3 with a stack of the child's own: it must not return to a frame that the parent will leave. */
static long clone_call(long number, long first, long second, void (*function)(void)) {
  long result;
  __asm__ volatile(
      "int $0x80\n\t"
      "test %%eax, %%eax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "call *%%esi\n\t"
      "hlt\n"
      "1:"
      : "=a"(result)
      : "a"(number), "b"(first), "c"(second), "d"(0), "S"(function), "D"(0)
      : "memory", "cc");
  return result;
}

/* Suspends the agent until the child has executed its command. */
static long start_attached(int cgroup) {
  if (cgroup < 0) return clone_call(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, (long)(stack + sizeof stack - 16), child);
  struct clone_args args = {
      .flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP,
      .exit_signal = SIGCHLD,
      .stack = (uintptr_t)stack,
      .stack_size = sizeof stack - 16,
      .cgroup = cgroup,
  };
  return clone_call(SYS_clone3, (long)&args, sizeof args, child);
}

/* An ordinary fork, so that a child that cannot run holds up nobody. */
static long start_detached(int cgroup) {
  struct clone_args args = {
      .flags = cgroup < 0 ? 0 : CLONE_INTO_CGROUP,
      .exit_signal = SIGCHLD,
      .cgroup = cgroup < 0 ? 0 : cgroup,
  };
  long pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) child();
  return pid < 0 ? -errno : pid;
}

pid_t spawn_command(const struct spawn *request, struct spawn_failure *failure, int *report) {
  int ends[2] = {-1, -1};
  wanted = request;
  failed.code = 0;
  if (request->detached && pipe2(ends, O_CLOEXEC)) {
    *failure = (struct spawn_failure){ERROR_PIPE, errno};
    return -1;
  }
  report_fd = ends[1];
  long pid = request->detached ? start_detached(request->cgroup) : start_attached(request->cgroup);
  if (request->detached) close(ends[1]);
  if (pid < 0) {
    if (request->detached) close(ends[0]);
    *failure = (struct spawn_failure){-pid == EAGAIN || -pid == ENOMEM || request->cgroup < 0 ? ERROR_FORK : ERROR_CGROUP, -pid};
    return -1;
  }
  if (!request->detached && failed.code) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR);
    *failure = (struct spawn_failure){failed.code, failed.error};
    return -1;
  }
  *report = ends[0];
  return pid;
}
