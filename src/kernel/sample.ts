/** The whole picture, section by section. */
import type { KernelView } from "../protocol/view";
import { readCgroups } from "./cgroups";
import { readDescriptors } from "./descriptors";
import { Keep } from "./keep";
import { readMounts } from "./mounts";
import { Namespaces } from "./namespaces";
import { readNetwork } from "./network";
import { readOverlays } from "./overlays";
import type { Program } from "./program";
import { Reading } from "./reading";
import { readTasks } from "./tasks";
import { bootTime } from "./timekeeping";

/**
 * Reads the picture at this instant; never throws a `MemoryFault`. `now` is the clock of the time bound, in milliseconds;
 * `keep` has what the pictures before were made of.
 */
export function sample(prog: Program, now: () => number, sequence: number, keep: Keep = new Keep()): KernelView {
  const reading = new Reading(prog, now, keep);
  const uts = prog.symbol("init_uts_ns");
  const { "name.release": release } = prog.fields.uts_namespace;
  const clock = reading.read(bootTime, 0, "tk_core", 0);
  const namespaces = new Namespaces(reading);
  const tasks = readTasks(reading, namespaces);
  // Descriptors and mounts hold namespaces that no task is in, so these come before what is in namespaces.
  const sockets = readDescriptors(reading, tasks, namespaces);
  const mounts = readMounts(reading, namespaces);
  const hostMounts = namespaces.all().find(({ kind, initial }) => kind === "mnt" && initial);
  const { devices, routes } = readNetwork(reading, namespaces);
  const view: KernelView = {
    sequence,
    // The clock moves in ticks, and a task may have started since the last.
    bootTimeNs: tasks.reduce((latest, task) => Math.max(latest, task.startTimeNs), clock),
    release: reading.read((prog, address) => prog.string(address, release), uts, "init_uts_ns", ""),
    totalForks: reading.read((prog) => prog.variable("total_forks"), 0, "total_forks", 0),
    tasks,
    cgroups: readCgroups(reading),
    mounts,
    ...readOverlays(reading, mounts, hostMounts?.inum ?? 0),
    devices,
    routes,
    sockets,
    namespaces: namespaces.all(),
    glimpsed: [],
    problems: reading.problems,
    omitted: reading.omitted,
    unfinished: [...reading.unfinished],
  };
  reading.finish();
  keep.recall.end();
  return view;
}
