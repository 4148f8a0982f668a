import { expect, test } from "vitest";
import { stateLetter } from "./task";

// Values of include/linux/sched.h; letters as proc(5) gives them for /proc/PID/stat.
test.each([
  ["running", 0, 0, "R"],
  ["interruptible", 0x1, 0, "S"],
  ["interruptible and freezable", 0x2001, 0, "S"],
  ["uninterruptible", 0x2, 0, "D"],
  ["killable", 0x102, 0, "D"],
  ["idle kernel thread", 0x402, 0, "I"],
  ["stopped", 0x104, 0, "T"],
  ["traced", 0x108, 0, "t"],
  ["parked", 0x40, 0, "P"],
  ["new", 0x800, 0, "R"],
  ["waking", 0x200, 0, "R"],
  ["frozen", 0x8000, 0, "D"],
  ["waiting for a sleeping lock", 0x1000, 0, "D"],
  ["dead, waited for", 0x80, 0x20, "Z"],
  ["dead", 0x80, 0x10, "X"],
  ["dead and traced", 0x80, 0x30, "Z"],
] as const)("a task that is %s shows %s", (_, state, exitState, letter) => {
  expect(stateLetter(state, exitState)).toBe(letter);
});
