/* Starting a command: one clone, one exec, nothing in between that can wait. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct spawn {
  char **argv, **envp;
  /* Absolute, or NULL to stay where the agent is. */
  const char *directory;
  /* Becomes descriptors 0, 1 and 2; the terminal's other side three times, when `terminal`. */
  int fds[3];
  bool terminal;
  bool user;
  uid_t uid;
  gid_t gid;
  /* Directory of the cgroup to be born in; -1 for the agent's own. */
  int cgroup;
  /* Do not wait for the exec: the cgroup may be frozen or starved. `report` then reads what became of it. */
  bool detached;
};

/* Which step failed (an ERROR_ code, 0 for none), and why. */
struct spawn_failure {
  uint16_t code;
  int error;
};

/*
 * Returns the pid, also the number of a new session and process group; -1 with `failure` filled in.
 * When `detached`, `report` becomes a descriptor that ends without a byte once the command was executed, or carries a
 * `struct spawn_failure`.
 */
pid_t spawn_command(const struct spawn *request, struct spawn_failure *failure, int *report);
