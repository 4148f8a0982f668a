/** The second witness of the picture: what the guest's own `/proc` says of every task. */
import { NAMESPACE_KINDS, type NamespaceKind } from "../../src/protocol/namespace";
import type { Task } from "../../src/protocol/task";
import type { KernelView } from "../../src/protocol/view";

/** One thread as `/proc/TGID/task/TID/{status,stat,cgroup,ns/*}` show it to the host. */
export interface WitnessTask {
  pid: number;
  tgid: number;
  ppid: number;
  name: string;
  state: string;
  uid: number;
  gid: number;
  pids: number[];
  kernelThread: boolean;
  startTicks: number;
  cgroup: string;
  /** Kinds whose link could be read. */
  namespaces: Partial<Record<NamespaceKind, number>>;
  /** Of `/proc/TGID/cmdline`, at most `CMDLINE_BYTES` of it. */
  argv: string[];
}

export interface Witness {
  tasks: WitnessTask[];
}

const CMDLINE_BYTES = 4096;

/**
 * Prints everything in a handful of processes, because a fork costs the guest milliseconds. Tasks that end meanwhile
 * leave holes.
 */
export const WITNESS_SCRIPT = `exec 2>/dev/null
cd /proc
cat [0-9]*/task/[0-9]*/status
echo '@@ stat'
cat [0-9]*/task/[0-9]*/stat
echo '@@ cgroup'
grep -H '^0::' [0-9]*/task/[0-9]*/cgroup
echo '@@ ns'
ls -1iL [0-9]*/task/[0-9]*/ns/*
echo '@@ cmdline'
head -v -c ${CMDLINE_BYTES} [0-9]*/cmdline
echo; echo '@@ end'
`;

/** Reads the output of `WITNESS_SCRIPT`. */
export function parseWitness(output: string): Witness {
  const [status, stat, cgroup, ns, cmdline] = output.split(/^@@ (?:stat|cgroup|ns|cmdline)\n/m);
  if (!cmdline?.endsWith("@@ end\n")) throw new Error(`The witness broke off:\n${output.slice(-2000)}`);

  // A command's name may hold anything, so a line begins with a pid and is counted from its last parenthesis.
  const stats = byKey(stat, /^(\d+) \([^]*?\) (\w(?: -?\d+)+)$/gm);
  const cgroups = byKey(cgroup, /^\d+\/task\/(\d+)\/cgroup:0::(.*)$/gm);
  const argvs = byKey(cmdline, /^==> (\d+)\/cmdline <==\n([^]*?)\n?(?=^==> \d+\/cmdline <==$|^@@ end$)/gm);
  const namespaces = new Map<string, Partial<Record<NamespaceKind, number>>>();
  for (const [, inum, pid, kind] of ns.matchAll(/^ *(\d+) \d+\/task\/(\d+)\/ns\/(\w+)$/gm)) {
    const of = namespaces.get(pid) ?? {};
    namespaces.set(pid, of);
    if (NAMESPACE_KINDS.includes(kind as NamespaceKind)) of[kind as NamespaceKind] = Number(inum);
  }

  const tasks: WitnessTask[] = [];
  for (const block of status.split(/^(?=Name:\t)/m)) {
    const field = (name: string) => new RegExp(`^${name}:\t(.*)$`, "m").exec(block)?.[1] ?? "";
    const pid = field("Pid");
    const ticks = stats.get(pid)?.split(" ");
    const path = cgroups.get(pid);
    // It ended between two of the commands.
    if (!ticks || path === undefined) continue;
    tasks.push({
      pid: Number(pid),
      tgid: Number(field("Tgid")),
      ppid: Number(field("PPid")),
      name: unescape(field("Name")),
      state: ticks[0],
      uid: Number(field("Uid").split("\t")[0]),
      gid: Number(field("Gid").split("\t")[0]),
      pids: field("NSpid").split("\t").map(Number),
      kernelThread: field("Kthread") === "1",
      startTicks: Number(ticks[19]),
      cgroup: path,
      namespaces: namespaces.get(pid) ?? {},
      argv: splitArguments(argvs.get(field("Tgid")) ?? ""),
    });
  }
  return { tasks };
}

function byKey(text: string, pattern: RegExp): Map<string, string> {
  return new Map(Array.from(text.matchAll(pattern), ([, key, value]) => [key, value]));
}

function splitArguments(text: string): string[] {
  const words = text.split("\0");
  if (words.at(-1) === "") words.pop();
  return words;
}

/** `/proc/PID/status` escapes control characters in names: `string_escape_str()`. */
function unescape(name: string): string {
  return name.replace(/\\(n|\\|[0-7]{3})/g, (_, code: string) => {
    if (code === "n") return "\n";
    return code === "\\" ? code : String.fromCharCode(parseInt(code, 8));
  });
}

/** Where picture and witness differ, one sentence each. `ignore` are tasks that the witness itself consists of. */
export function disagreements(
  tasks: readonly Task[],
  witness: Witness,
  ignore: ReadonlySet<number> = new Set(),
): string[] {
  const differences: string[] = [];
  const seen = new Map(witness.tasks.map((task) => [task.pid, task]));
  for (const task of tasks) {
    if (ignore.has(task.pid)) continue;
    const other = seen.get(task.pid);
    seen.delete(task.pid);
    if (!other) {
      differences.push(`task ${task.pid} (${task.comm}) is in the picture and not in /proc`);
      continue;
    }
    const compare = (fact: string, ours: unknown, theirs: unknown) => {
      const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)];
      if (a !== b)
        differences.push(`${fact} of task ${task.pid} (${task.comm}) is ${a} in the picture and ${b} in /proc`);
    };
    compare("tgid", task.tgid, other.tgid);
    compare("ppid", task.ppid, other.ppid);
    // For a kernel thread /proc knows a longer name, and what a worker works on.
    compare("comm", task.comm, task.kernelThread ? other.name.slice(0, task.comm.length) : other.name);
    compare("state", task.state, other.state);
    compare("uid", task.uid, other.uid);
    compare("gid", task.gid, other.gid);
    compare(
      "pids",
      task.pids.map(({ pid }) => pid),
      other.pids,
    );
    compare("kernelThread", task.kernelThread, other.kernelThread);
    compare("start", Math.floor(task.startTimeNs / 1e7), other.startTicks);
    compare("cgroup", task.cgroup, other.cgroup.replace(/ \(deleted\)$/, ""));
    compare("argv", task.argv, other.argv);
    for (const kind of NAMESPACE_KINDS)
      compare(`${kind} namespace`, task.namespaces[kind], other.namespaces[kind] ?? 0);
  }
  for (const { pid, name } of seen.values()) {
    if (!ignore.has(pid)) differences.push(`task ${pid} (${name}) is in /proc and not in the picture`);
  }
  return differences;
}

/** Tasks that are the same in both pictures: what stood still between, or woke and went back to where it was. */
export function still(before: KernelView, after: KernelView): Task[] {
  const facts = (task: Task) => JSON.stringify({ ...task, cpuTimeNs: 0 });
  const then = new Map(before.tasks.map((task) => [task.pid, facts(task)]));
  return after.tasks.filter((task) => then.get(task.pid) === facts(task));
}
