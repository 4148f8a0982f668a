/** Why the picture says so: the walk from a kernel variable to a fact, with the bytes on the way. */
import type { Evidence, FactRef, ObjectKind } from "../protocol/evidence";
import { CGROUP_FACTS } from "./cgroup-facts";
import type { DebugInfo } from "./debuginfo";
import type { ObjectFacts } from "./fact";
import { FILE_FACTS } from "./file-facts";
import { IPC_FACTS } from "./ipc-facts";
import { type Memory, MemoryFault } from "./memory";
import { MOUNT_FACTS } from "./mount-facts";
import { NAMESPACE_FACTS } from "./namespace-facts";
import { DEVICE_FACTS, ROUTE_FACTS } from "./networkfacts";
import { OVERLAY_FACTS } from "./overlay-facts";
import { Program } from "./program";
import { SOCKET_FACTS } from "./socketfacts";
import { TASK_FACTS } from "./task-facts";
import { Trace } from "./trace";

const FACTS: Partial<Record<Exclude<ObjectKind, "namespace">, ObjectFacts>> = {
  task: TASK_FACTS,
  cgroup: CGROUP_FACTS,
  device: DEVICE_FACTS,
  route: ROUTE_FACTS,
  socket: SOCKET_FACTS,
  mount: MOUNT_FACTS,
  overlay: OVERLAY_FACTS,
  file: FILE_FACTS,
  ipc: IPC_FACTS,
};

/**
 * Evidence for a fact; undefined when its object is no longer there, or has no such fact. A walk that breaks off yields
 * the steps up to the break, and a value that says what stopped it.
 */
export function evidence(info: DebugInfo, memory: Memory, ref: FactRef): Evidence | undefined {
  const of = ref.object === "namespace" ? NAMESPACE_FACTS[ref.kind] : FACTS[ref.object];
  if (!of || !Object.hasOwn(of.facts, ref.fact)) return undefined;
  const fact = of.facts[ref.fact];
  const trace = new Trace(info, memory);
  if (!reaches(of.all(trace), ref.address)) return undefined;
  const chain = trace.focus(ref.address);
  const value = written(() => fact.show(fact.read(trace, ref.address)));
  const command = attempt(() => fact.command(new Program(info, memory), ref.address));
  return { path: fact.path, steps: [...chain, ...trace.steps()], value, command };
}

function reaches(walk: Iterable<number>, address: number): boolean {
  return (
    attempt(() => {
      for (const found of walk) if (found === address) return true;
      return false;
    }) === true
  );
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MemoryFault) return undefined;
    throw error;
  }
}

function written(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (error instanceof MemoryFault) return `unreadable: ${error.message}`;
    throw error;
  }
}
