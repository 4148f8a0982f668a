import type { TaskState } from "../protocol/task";

/** State letters in words, as `fs/proc/array.c` explains them; R may be waiting for the CPU. */
export const STATE_WORD: Record<TaskState, string> = {
  R: "running",
  S: "sleeping",
  D: "in disk sleep",
  T: "stopped",
  t: "traced",
  X: "dead",
  Z: "zombie",
  P: "parked",
  I: "idle",
};
