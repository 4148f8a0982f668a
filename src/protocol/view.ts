/**
 * The kernel picture: what the X-ray reads from guest memory at one instant, as plain data that crosses worker
 * boundaries. Objects name each other by address, or by the number that the kernel itself shows.
 */
import type { Cgroup } from "./cgroup";
import type { Layer, Mount, Overlay } from "./mount";
import type { Namespace } from "./namespace";
import type { NetDevice, Route, Socket } from "./network";
import type { Task } from "./task";

/** Something that could not be read; the rest of the picture stands. */
export interface Problem {
  /** What was being read, as a C path: `task_struct(0xc1234560).nsproxy->uts_ns`. */
  where: string;
  what: string;
}

export interface KernelView {
  /** Counts up by one with each sample of one machine. */
  sequence: number;
  /** Nanoseconds since guest boot, from the kernel's own timekeeper. */
  bootTimeNs: number;
  release: string;
  /** Processes and threads, in the order of the kernel's task list. */
  tasks: Task[];
  /** Every namespace that a task is in, that a mount or a descriptor holds, or that is an ancestor or owner of one. */
  namespaces: Namespace[];
  /** The unified hierarchy, a parent before its children. */
  cgroups: Cgroup[];
  /** Of all mount namespaces, in the order of mountinfo. */
  mounts: Mount[];
  overlays: Overlay[];
  /** Directory trees that overlays stack, each once. */
  layers: Layer[];
  /** Of all network namespaces, as the next two. */
  devices: NetDevice[];
  routes: Route[];
  sockets: Socket[];
  /**
   * What was seen after the previous picture was sent and is no more: tasks that ended, and what a task was before it
   * became another program or went to another namespace. What came later is further behind.
   */
  glimpsed: Task[];
  /** Forks since boot (`total_forks`). */
  totalForks: number;
  problems: Problem[];
  /** What a bound left out, one sentence each; empty when the picture is whole. */
  omitted: string[];
  /** Sections that the time for one look did not suffice for: what they lack may be there all the same. */
  unfinished: Section[];
}

/** The sections of a picture that list objects. */
export const SECTIONS = [
  "tasks",
  "namespaces",
  "cgroups",
  "mounts",
  "overlays",
  "layers",
  "devices",
  "routes",
  "sockets",
] as const satisfies readonly (keyof KernelView)[];
export type Section = (typeof SECTIONS)[number];
