/** Why the picture says so: the walk from a kernel variable to a fact, with the bytes on the way. */
import { type Evidence, type EvidenceStep, type FactRef, NAMESPACE_KINDS, type NamespaceKind } from "../protocol/view";
import type { DebugInfo, Field } from "./debuginfo";
import { NAMESPACE_FACTS, TASK_FACTS } from "./facts";
import { hex, type Memory, MemoryFault } from "./memory";
import { initialNamespace, taskNamespace, visitNamespaces } from "./namespace";
import { Program } from "./program";
import { processes, taskPid, threads } from "./task";
import { Trace } from "./trace";

/**
 * Evidence for a fact; undefined when its task or namespace is no longer there. A walk that breaks off yields the steps
 * up to the break, and a value that says what stopped it.
 */
export function evidence(info: DebugInfo, memory: Memory, fact: FactRef): Evidence | undefined {
  return fact.object === "task" ? taskEvidence(info, memory, fact) : namespaceEvidence(info, memory, fact);
}

function taskEvidence(
  info: DebugInfo,
  memory: Memory,
  fact: Extract<FactRef, { object: "task" }>,
): Evidence | undefined {
  const trace = new Trace(info, memory);
  if (!findTask(trace, fact.address)) return undefined;
  const pid = attempt(() => taskPid(new Program(info, memory), fact.address));
  const command = pid === undefined ? undefined : (of: (pid: number) => string) => of(pid);
  if (fact.fact === "namespace") {
    const { path, read, show, command: shell } = TASK_FACTS.namespace;
    const value = written(() => show(read(trace, fact.address, fact.kind), fact.kind));
    return { path: path(fact.kind), steps: trace.steps(), value, command: command?.((pid) => shell(pid, fact.kind)) };
  }
  const declared = TASK_FACTS[fact.fact];
  const value = written(() => readAndShow(declared as TaskFact, trace, fact.address));
  return { path: declared.path(), steps: trace.steps(), value, command: command?.(declared.command) };
}

interface TaskFact {
  read(prog: Program, address: number): unknown;
  show(value: unknown): string;
}

function readAndShow(fact: TaskFact, prog: Program, address: number): string {
  return fact.show(fact.read(prog, address));
}

function namespaceEvidence(
  info: DebugInfo,
  memory: Memory,
  { address, kind, fact }: Extract<FactRef, { object: "namespace" }>,
): Evidence | undefined {
  const prog = new Program(info, memory);
  const trace = new Trace(info, memory);
  const chain = findNamespace(prog, trace, address, kind);
  if (!chain) return undefined;
  const first = trace.steps().length;
  const member = findMember(prog, address, kind);
  const { path, command } = NAMESPACE_FACTS[fact];
  const value = written(() => {
    switch (fact) {
      case "inum":
        return NAMESPACE_FACTS.inum.show(NAMESPACE_FACTS.inum.read(trace, address, kind), kind);
      case "parent":
        return NAMESPACE_FACTS.parent.show(NAMESPACE_FACTS.parent.read(trace, address, kind), kind);
      case "owner":
        return NAMESPACE_FACTS.owner.show(NAMESPACE_FACTS.owner.read(trace, address, kind));
      case "uts":
        return NAMESPACE_FACTS.uts.show(NAMESPACE_FACTS.uts.read(trace, address));
    }
  });
  const steps = [...chain, ...trace.steps(first)];
  return { path: path(kind), steps, value, command: member === undefined ? undefined : command(member, kind) };
}

/** Looks a task up as the kernel lists it and makes the finding the trace's first steps. */
function findTask(trace: Trace, task: number): boolean {
  const prog = new Program(trace.info, trace.memory);
  const { tasks, signal, thread_node } = prog.fields.task_struct;
  let entry = 0;
  for (const leader of upToFault(processes(prog))) {
    entry++;
    const onList = () => linkStep(prog, `init_task.tasks (entry ${entry})`, leader, tasks);
    if (leader === task) {
      trace.found(task, "task", onList());
      return true;
    }
    let thread = 0;
    for (const address of upToFault(threads(prog, leader))) {
      thread++;
      if (address !== task) continue;
      trace.found(leader, "leader", onList());
      trace.member(trace.pointer(leader, signal), prog.fields.signal_struct.thread_head);
      const path = `leader->signal->thread_head (entry ${thread})`;
      trace.found(task, "task", linkStep(prog, path, task, thread_node));
      return true;
    }
  }
  return false;
}

/** The pointer that links an entry into its list: `next` of the one before it. */
function linkStep(prog: Program, path: string, entry: number, field: Field): EvidenceStep {
  const node = prog.member(entry, field);
  const address = attempt(() => prog.pointer(node, prog.fields.list_head.prev)) ?? node;
  const bytes = attempt(() => [...prog.bytes(address, 4)]) ?? [];
  return { path, address: address >>> 0, bytes, value: hex(entry) };
}

/** The steps to a namespace: from its variable when it is the host's, else from the first task that leads to it. */
function findNamespace(prog: Program, trace: Trace, address: number, kind: NamespaceKind): EvidenceStep[] | undefined {
  if (attempt(() => initialNamespace(prog, kind)) === address) {
    initialNamespace(trace, kind);
    return trace.chain(address);
  }
  for (const task of allTasks(prog)) {
    if (attempt(() => leadsTo(prog, task, address, kind)) !== true) continue;
    if (!findTask(trace, task)) continue;
    leadsTo(trace, task, address, kind);
    return trace.chain(address);
  }
  return undefined;
}

function leadsTo(prog: Program, task: number, wanted: number, wantedKind: NamespaceKind): boolean {
  const seen = new Set<number>();
  let found = false;
  const visit = (address: number, kind: NamespaceKind) => {
    found ||= address === wanted && kind === wantedKind;
    if (found || seen.has(address)) return false;
    seen.add(address);
    return true;
  };
  // The shortest way first: a task that is in it, not in a namespace below it.
  const kinds = [wantedKind, ...NAMESPACE_KINDS.filter((kind) => kind !== wantedKind)];
  for (const kind of kinds) if (!found) visitNamespaces(prog, taskNamespace(prog, task, kind), kind, visit);
  return found;
}

/** Host pid of the first task in a namespace. */
function findMember(prog: Program, namespace: number, kind: NamespaceKind): number | undefined {
  for (const task of allTasks(prog)) {
    if (attempt(() => taskNamespace(prog, task, kind)) === namespace) return attempt(() => taskPid(prog, task));
  }
  return undefined;
}

function* allTasks(prog: Program): Generator<number, void, undefined> {
  for (const leader of upToFault(processes(prog))) yield* upToFault(threads(prog, leader));
}

function* upToFault(walk: Generator<number, void, undefined>): Generator<number, void, undefined> {
  try {
    yield* walk;
  } catch (error) {
    if (!(error instanceof MemoryFault)) throw error;
  }
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
