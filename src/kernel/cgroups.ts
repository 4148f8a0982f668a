/** The control groups of one picture. */
import type { Cgroup } from "../protocol/cgroup";
import type { Reading } from "./reading";

export function readCgroups(_reading: Reading): Cgroup[] {
  return [];
}
