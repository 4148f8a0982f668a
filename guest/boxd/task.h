/*
 * A task: a process started by a plan, and the shim that stays beside it. The shim owns its terminal or pipes, keeps its log,
 * serves who attaches, and tells how it ended. It outlives boxd and the engine.
 */
#pragma once
#include <stdint.h>
#include <sys/types.h>

#include "bytes.h"
#include "plan.h"

struct task {
  uint8_t flags;
  uint16_t columns, rows;
  uint32_t log_bytes;
  /* Where its socket and, when it has ended, `exit` are. It must be there. */
  const char *directory;
  const char *log;
  /* Network namespace in which a name server listens from the beginning; "" for none. */
  const char *resolver;
  struct bytes plan;
};

/*
 * Starts a shim in a process of its own. The descriptor returned reads one `struct becoming_news` when the program runs or
 * could not be started; -1 with errno.
 */
int task_start(const struct task *task);
