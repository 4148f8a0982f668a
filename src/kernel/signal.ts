/** What the threads of a process share (`include/linux/sched/signal.h`). Every function takes the address of a `signal_struct`. */
import { hostPid } from "./pid";
import type { Program } from "./program";

/** What tasks say of their process. */
export interface Process {
  pgid: number;
  sid: number;
  tty: string | undefined;
  foreground: boolean;
  oomScoreAdj: number;
  childSubreaper: boolean;
}

export function readProcess(prog: Program, signal: number): Process {
  return {
    pgid: signalProcessGroup(prog, signal),
    sid: signalSession(prog, signal),
    tty: signalTty(prog, signal),
    foreground: signalForeground(prog, signal),
    oomScoreAdj: signalOomScoreAdj(prog, signal),
    childSubreaper: signalChildSubreaper(prog, signal),
  };
}

/** `SIGNAL_GROUP_EXIT` of `signal_struct.flags`. */
const SIGNAL_GROUP_EXIT = 0x4;

/** Process group, by the host's number; 0 for kernel threads. */
export function signalProcessGroup(prog: Program, signal: number): number {
  return memberPid(prog, signal, prog.info.enumerators.PIDTYPE_PGID);
}

/** Session, by the host's number; 0 for kernel threads. */
export function signalSession(prog: Program, signal: number): number {
  return memberPid(prog, signal, prog.info.enumerators.PIDTYPE_SID);
}

/** Name of the controlling terminal: `hvc0`, `pts0`; undefined when the session has none. */
export function signalTty(prog: Program, signal: number): string | undefined {
  const tty = prog.pointer(signal, prog.fields.signal_struct.tty);
  return tty === 0 ? undefined : prog.string(tty, prog.fields.tty_struct.name);
}

/** Its process group is the one that reads from its terminal and hears its keys (`tty_struct.ctrl.pgrp`). */
export function signalForeground(prog: Program, signal: number): boolean {
  const tty = prog.pointer(signal, prog.fields.signal_struct.tty);
  if (tty === 0) return false;
  const group = prog.pointer(tty, prog.fields.tty_struct["ctrl.pgrp"]);
  const pids = prog.member(signal, prog.fields.signal_struct.pids);
  return group !== 0 && group === prog.word(pids, prog.info.enumerators.PIDTYPE_PGID);
}

/** What added to the score decides who is killed when memory runs out: -1000 to 1000. */
export function signalOomScoreAdj(prog: Program, signal: number): number {
  return (prog.u16(signal, prog.fields.signal_struct.oom_score_adj) << 16) >> 16;
}

/** `PR_SET_CHILD_SUBREAPER` is on. */
export function signalChildSubreaper(prog: Program, signal: number): boolean {
  return prog.bits(signal, prog.fields.signal_struct.is_child_subreaper) !== 0;
}

/** Wait status that all threads end with, once the process ends as a whole (`exit_group()` or a signal). */
export function signalGroupExitCode(prog: Program, signal: number): number | undefined {
  const { flags, group_exit_code } = prog.fields.signal_struct;
  return prog.u32(signal, flags) & SIGNAL_GROUP_EXIT ? prog.u32(signal, group_exit_code) | 0 : undefined;
}

function memberPid(prog: Program, signal: number, type: number): number {
  const pids = prog.member(signal, prog.fields.signal_struct.pids);
  return hostPid(prog, prog.word(pids, type));
}
