/* What keeps the agent alive when nothing else is, and what it hands on to no child. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* `owns_machine`: it is the guest's agent, not one that runs for a test among other programs. */
void guard_setup(const char *cgroup_root, bool owns_machine);
bool guard_owns_machine(void);

/* Queues HELLO; a nonce of NULL announces a start that nobody asked for. */
void guard_hello(const uint8_t *nonce);

/* A descriptor of /dev/null. */
int guard_null(void);

/* The cgroup that children are born in; -1 when the agent has no cgroup of its own to keep them out of. */
int guard_cgroup_root(void);
/* A cgroup by its path from the root; -1 with errno. */
int guard_cgroup_open(const char *path);

/* In a child: gives the OOM killer back its due. */
void guard_renounce(void);
