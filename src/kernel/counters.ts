/** A few words of kernel memory that tell, without a walk, whether the picture may have changed. */
import type { Program } from "./program";

/** Values to compare with earlier ones; each wraps, so only a difference means something. */
export interface Counters {
  /** `total_forks`: a task was made. */
  totalForks: number;
  /** `nr_threads`: tasks that are not yet reaped. */
  threads: number;
  /** `css_set_count`: a first task entered a cgroup, or the last left one. */
  cssSets: number;
  /** `css_serial_nr_next` and the root's `nr_descendants`: a cgroup was made or removed, or got a controller. */
  cgroups: number;
  /** `sethostname` and `setdomainname` calls (`kernel/utsname_sysctl.c`). */
  utsNames: number;
  /**
   * Fingerprint of the running task's own memory, namespaces, credentials, cgroup and `exec` count. Only the running
   * task changes its own, so between two looks without a context switch this shows exec, unshare, setns and setuid.
   */
  current: number;
  /** Address of the running task, whose fingerprint `current` is. */
  task: number;
  /** `rq.nr_switches`: whatever is not above needs somebody to run, and mostly to stop running. */
  switches: number;
  /** Ticks since boot; they stand still while the kernel is idle. */
  jiffies: number;
  /** The CPU is in the idle task now. */
  idle: boolean;
  /** A panic took the CPU (`panic_cpu` is set). */
  panicked: boolean;
  /** The kernel has halted, powered off or asked for a reset (`system_state`). */
  stopped: boolean;
}

/** Counters of a machine whose kernel has not come up. */
export const NO_COUNTERS: Counters = {
  totalForks: 0,
  threads: 0,
  cssSets: 0,
  cgroups: 0,
  utsNames: 0,
  current: 0,
  task: 0,
  switches: 0,
  jiffies: 0,
  idle: false,
  panicked: false,
  stopped: false,
};

/** `PANIC_CPU_INVALID` of `include/linux/panic.h`. */
const PANIC_CPU_INVALID = 0xffffffff;

export function readCounters(prog: Program): Counters {
  const rq = prog.symbol("runqueues");
  const { nr_switches, curr, idle } = prog.fields.rq;
  const current = prog.pointer(rq, curr);
  const { event } = prog.fields.ctl_table_poll;
  const state = prog.variable("system_state");
  const root = prog.member(prog.symbol("cgrp_dfl_root"), prog.fields.cgroup_root.cgrp);
  const { nr_descendants } = prog.fields.cgroup;
  const { SYSTEM_HALT, SYSTEM_POWER_OFF, SYSTEM_RESTART } = prog.info.enumerators;
  return {
    totalForks: prog.variable("total_forks"),
    threads: prog.variable("nr_threads"),
    cssSets: prog.variable("css_set_count"),
    cgroups: (Math.imul(prog.variable("css_serial_nr_next"), 31) + prog.u32(root, nr_descendants)) >>> 0,
    utsNames: (prog.u32(prog.symbol("hostname_poll"), event) + prog.u32(prog.symbol("domainname_poll"), event)) >>> 0,
    current: fingerprint(prog, current),
    task: current,
    switches: prog.u32(rq, nr_switches),
    jiffies: prog.variable("jiffies_64"),
    idle: current === prog.pointer(rq, idle),
    panicked: prog.variable("panic_cpu") !== PANIC_CPU_INVALID,
    stopped: state === SYSTEM_HALT || state === SYSTEM_POWER_OFF || state === SYSTEM_RESTART,
  };
}

/** True when something that the picture shows has changed for certain. */
export function pictureChanged(before: Counters, after: Counters): boolean {
  return (
    before.totalForks !== after.totalForks ||
    before.threads !== after.threads ||
    before.cssSets !== after.cssSets ||
    before.cgroups !== after.cgroups ||
    before.utsNames !== after.utsNames ||
    // Another running task has another fingerprint, which says nothing.
    (before.switches === after.switches && before.current !== after.current)
  );
}

/**
 * True when a task ran since; a picture may then differ though `pictureChanged` does not say so. Ticks that find the idle
 * task and leave it running changed nothing but the clock.
 */
export function ranSince(before: Counters, after: Counters): boolean {
  return before.switches !== after.switches || (before.jiffies !== after.jiffies && !(before.idle && after.idle));
}

function fingerprint(prog: Program, task: number): number {
  const { mm, nsproxy, real_cred, cgroups, self_exec_id } = prog.fields.task_struct;
  let hash = task;
  for (const field of [mm, nsproxy, real_cred, cgroups, self_exec_id]) {
    hash = (Math.imul(hash, 31) + prog.u32(task, field)) >>> 0;
  }
  // The end of `exec`: from here on the command line can be read (`create_elf_tables`, fs/binfmt_elf.c).
  const memory = prog.u32(task, mm);
  return memory === 0 ? hash : (Math.imul(hash, 31) + prog.u32(memory, prog.fields.mm_struct.env_end)) >>> 0;
}
