#define _GNU_SOURCE
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a process gets for its own mistakes is not for somebody else; the last two stop who touches a terminal that is not its own. */
static const int own_signals[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU};

static void __attribute__((noreturn)) run(char **program, const sigset_t *mask) {
  /* A group of its own, in the foreground: what is typed at the terminal goes to it alone, and to us only as a signal for all. */
  setpgid(0, 0);
  tcsetpgrp(0, getpgrp());
  signal(SIGTTIN, SIG_DFL);
  signal(SIGTTOU, SIG_DFL);
  sigprocmask(SIG_SETMASK, mask, NULL);
  execvp(program[0], program);
  int error = errno;
  fprintf(stderr, "[FATAL docker-init (%d)] exec %s failed: %s\n", (int)getpid(), program[0], strerror(error));
  _exit(error == ENOENT ? 127 : error == EACCES ? 126 : 1);
}

int init_main(char **arguments) {
  if (*arguments && !strcmp(*arguments, "--")) arguments++;
  if (!*arguments) {
    fputs("usage: docker-init -- PROGRAM [ARGUMENT]...\n", stderr);
    return 1;
  }
  sigset_t all, former;
  sigfillset(&all);
  for (unsigned i = 0; i < sizeof own_signals / sizeof *own_signals; i++) sigdelset(&all, own_signals[i]);
  sigprocmask(SIG_SETMASK, &all, &former);
  signal(SIGTTIN, SIG_IGN);
  signal(SIGTTOU, SIG_IGN);
  /* In a PID namespace that is somebody else's we are not number 1, and orphans would go there. */
  if (getpid() != 1) prctl(PR_SET_CHILD_SUBREAPER, 1);
  pid_t child = fork();
  if (child < 0) {
    perror("docker-init: fork");
    return 1;
  }
  if (child == 0) run(arguments, &former);
  for (;;) {
    siginfo_t news;
    if (sigwaitinfo(&all, &news) < 0) continue;
    if (news.si_signo != SIGCHLD) {
      kill(child, news.si_signo);
      continue;
    }
    int status, code = -1;
    for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;)
      if (ended == child) code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (code >= 0) return code;
  }
}
