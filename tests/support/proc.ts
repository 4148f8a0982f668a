/** The second witness of the picture: what the guest's own `/proc` says of every task. */
import { NAMESPACE_KINDS, type KernelView, type NamespaceKind, type Task } from "../../src/protocol/view";

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
grep -aH '' [0-9]*/task/[0-9]*/status [0-9]*/task/[0-9]*/cgroup
echo '@@ stat'
grep -aH '' [0-9]*/task/[0-9]*/stat
echo '@@ ns'
ls -l [0-9]*/task/[0-9]*/ns | cat
echo '@@ cmdline'
head -v -c ${CMDLINE_BYTES} [0-9]*/cmdline
echo '@@ end'
`;

/** Reads the output of `WITNESS_SCRIPT`. */
export function parseWitness(output: string): Witness {
  const [lines, stat, ns, cmdline] = output.split(/^@@ (?:stat|ns|cmdline)\n/m);
  if (cmdline === undefined || !/@@ end\n$/.test(cmdline))
    throw new Error(`The witness broke off:\n${output.slice(-2000)}`);
  const fields = new Map<string, Map<string, string>>();
  for (const [, thread, file, line] of lines.matchAll(/^(\d+\/task\/\d+)\/(status|cgroup):(.*)$/gm)) {
    const of = fields.get(thread) ?? fields.set(thread, new Map()).get(thread)!;
    if (file === "cgroup") {
      if (line.startsWith("0::")) of.set("cgroup", line.slice(3));
    } else {
      const [, key, value] = /^(\w+):\t?(.*)$/.exec(line) ?? [];
      if (key) of.set(key, value);
    }
  }
  // A command's name may hold anything, so fields are counted from behind its last parenthesis.
  for (const [, thread, after] of stat.matchAll(/^(\d+\/task\/\d+)\/stat:[^]*?\)((?: -?\w+)+)$/gm)) {
    fields.get(thread)?.set("stat", after.trim());
  }
  const namespaces = new Map<string, Partial<Record<NamespaceKind, number>>>();
  for (const block of ns.split(/\n(?=\d+\/task\/\d+\/ns:$)/m)) {
    const thread = /^(\d+\/task\/\d+)\/ns:/.exec(block)?.[1];
    if (!thread) continue;
    const inums: Partial<Record<NamespaceKind, number>> = {};
    for (const kind of NAMESPACE_KINDS) {
      const inum = new RegExp(` ${kind} -> ${kind}:\\[(\\d+)\\]$`, "m").exec(block)?.[1];
      if (inum) inums[kind] = Number(inum);
    }
    namespaces.set(thread, inums);
  }
  const argvs = new Map<string, string[]>();
  for (const [, tgid, text] of cmdline.matchAll(
    /^==> (\d+)\/cmdline <==\n([^]*?)\n?(?=^==> \d+\/cmdline <==$|^@@ end$)/gm,
  )) {
    const words = text.split("\0");
    if (words.at(-1) === "") words.pop();
    argvs.set(tgid, words);
  }

  const tasks: WitnessTask[] = [];
  for (const [thread, of] of fields) {
    const stat = of.get("stat")?.split(" ");
    const get = (key: string) => of.get(key)!;
    // It ended between two of the commands.
    if (!stat || !of.has("NSpid") || !of.has("cgroup") || !namespaces.has(thread)) continue;
    tasks.push({
      pid: Number(get("Pid")),
      tgid: Number(get("Tgid")),
      ppid: Number(get("PPid")),
      name: get("Name").replace(/\\(n|\\|[0-7]{3})/g, (_, c: string) =>
        c === "n" ? "\n" : c === "\\" ? c : String.fromCharCode(parseInt(c, 8)),
      ),
      state: stat[0],
      uid: Number(get("Uid").split("\t")[0]),
      gid: Number(get("Gid").split("\t")[0]),
      pids: get("NSpid").split("\t").map(Number),
      kernelThread: get("Kthread") === "1",
      startTicks: Number(stat[19]),
      cgroup: get("cgroup"),
      namespaces: namespaces.get(thread)!,
      argv: argvs.get(thread.split("/")[0]) ?? [],
    });
  }
  return { tasks };
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

/** Tasks that are the same in both pictures, every fact of them: what stood still between. */
export function still(before: KernelView, after: KernelView): Task[] {
  const then = new Map(before.tasks.map((task) => [task.pid, JSON.stringify(task)]));
  return after.tasks.filter((task) => then.get(task.pid) === JSON.stringify(task));
}
