import { CAPABILITIES } from "../protocol/capability";
import type { ObjectRef } from "../protocol/evidence";
import type { Credentials, Place, Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { taskKey } from "../app/task-key";
import { taskMarks } from "./forest";
import { formatBootTime, formatBytes, formatDuration } from "./format";
import { hostNamespaces, markLabel } from "./namespace-mark";
import { type FactRow, type ObjectDescription, rowsOf } from "./object-description";
import { STATE_WORD } from "./task-state";
import { shellWord } from "./visible-text";

const SECCOMP_WORD: Record<number, string> = { 0: "0, none", 1: "1, strict", 2: "2, filter" };

const ALL_CAPABILITIES = (1n << BigInt(CAPABILITIES.length)) - 1n;

/** `000001ffffffffff, all`; `0000000000000400, net_bind_service`. A long set says what is missing instead. */
export function formatCapabilities(set: string): string {
  const bits = /^[\da-f]{16}$/.test(set) ? BigInt(`0x${set}`) : undefined;
  if (bits === undefined) return set;
  const known = bits & ALL_CAPABILITIES;
  if (known === 0n) return `${set}, none`;
  if (known === ALL_CAPABILITIES) return `${set}, all`;
  const has = CAPABILITIES.filter((_, bit) => (known >> BigInt(bit)) & 1n);
  if (has.length <= CAPABILITIES.length / 2) return `${set}, ${has.join(" ")}`;
  const missing = CAPABILITIES.filter((_, bit) => !((known >> BigInt(bit)) & 1n));
  return `${set}, all but ${missing.join(" ")}`;
}

export function formatPlace(place: Place | undefined): string {
  if (!place) return "none";
  return `${place.path}${place.deleted ? " (deleted)" : ""}`;
}

/** `code 1`, `signal 9`: as wait(2) takes a status apart. */
export function formatExit(status: number): string {
  const signal = status & 0x7f;
  return signal ? `signal ${signal}${status & 0x80 ? ", core dumped" : ""}` : `code ${(status >> 8) & 0xff}`;
}

/** The four ids of a credential, or the one that they all are. */
function formatIds([real, effective, saved, filesystem]: Credentials["uids"]): string {
  if (real === effective && real === saved && real === filesystem) return String(real);
  return `real ${real}, effective ${effective}, saved ${saved}, filesystem ${filesystem}`;
}

const yesNo = (set: boolean) => (set ? "yes" : "no");

function describe(view: KernelView, task: Task): FactRow[] {
  const row = rowsOf({ object: "task", address: task.address });
  const levels = task.pids.map((level) => `${level.pid} in ${markLabel({ kind: "pid", inum: level.namespace })}`);
  const mono = { mono: true };
  const program = { mono: true, group: "program" };
  const privileges = { mono: true, group: "privileges" };
  const resources = { group: "resources" };
  const rows: FactRow[] = [
    row("pid", "pid", String(task.pid), mono),
    ...(task.tgid === task.pid ? [] : [row("thread of", "tgid", String(task.tgid), mono)]),
    row("pids, by level", "pids", levels.reverse().join(", "), mono),
    row("parent", "ppid", String(task.ppid), mono),
    row("name", "comm", task.comm, mono),
    row(
      "command line",
      "argv",
      task.argv.length ? task.argv.map(shellWord).join(" ") + (task.argvTruncated ? " …" : "") : "none",
      mono,
    ),
    row("state", "state", `${task.state}, ${STATE_WORD[task.state]}`),
  ];
  if (task.frozen) rows.push(row("frozen", "frozen", "by its cgroup's freezer"));
  if (task.exitStatus !== undefined) rows.push(row("ended with", "exitStatus", formatExit(task.exitStatus)));
  rows.push(
    row("uid", "uid", String(task.uid), mono),
    row("gid", "gid", String(task.gid), mono),
    row("started", "startTimeNs", formatBootTime(task.startTimeNs)),
    row("cgroup", "cgroup", task.cgroup, mono),
  );
  if (!task.kernelThread) {
    rows.push(
      row("executable", "exe", formatPlace(task.exe), program),
      row("root", "root", formatPlace(task.root), program),
      row("directory", "cwd", formatPlace(task.cwd), program),
      row("environment", "environmentBytes", formatBytes(task.environmentBytes), { group: "program" }),
      row("process group", "pgid", String(task.pgid), program),
      row("session", "sid", String(task.sid), program),
      row("terminal", "tty", task.tty ?? "none", program),
      row("subreaper", "childSubreaper", yesNo(task.childSubreaper), { group: "program" }),
    );
  }
  const { credentials } = task;
  rows.push(
    row("uids", "uids", formatIds(credentials.uids), privileges),
    row("gids", "gids", formatIds(credentials.gids), privileges),
    row("uid inside", "insideUid", String(credentials.insideUid), privileges),
    row("gid inside", "insideGid", String(credentials.insideGid), privileges),
    row("effective", "effective", formatCapabilities(credentials.effective), privileges),
    row("permitted", "permitted", formatCapabilities(credentials.permitted), privileges),
    row("inheritable", "inheritable", formatCapabilities(credentials.inheritable), privileges),
    row("bounding", "bounding", formatCapabilities(credentials.bounding), privileges),
    row("ambient", "ambient", formatCapabilities(credentials.ambient), privileges),
    row("no_new_privs", "noNewPrivs", yesNo(task.noNewPrivs), { group: "privileges" }),
    row("seccomp", "seccomp", SECCOMP_WORD[task.seccomp] ?? String(task.seccomp), { group: "privileges" }),
    row("CPU time", "cpuTimeNs", formatDuration(task.cpuTimeNs / 1000), resources),
    row("memory (RSS)", "rssBytes", formatBytes(task.rssBytes), resources),
    row("oom_score_adj", "oomScoreAdj", String(task.oomScoreAdj), resources),
  );
  const host = hostNamespaces(view.namespaces);
  const group = "namespaces";
  for (const mark of taskMarks(task, host)) {
    rows.push(row(mark.kind, `ns/${mark.kind}`, String(mark.inum), { mark, group }));
  }
  for (const kind of ["pid", "time"] as const) {
    const inum = task.forChildren?.[kind];
    if (!inum) continue;
    const mark = { kind, inum, initial: host.get(kind) === inum };
    rows.push(row(`${kind} of children`, `forChildren/${kind}`, String(inum), { mark, group }));
  }
  return rows;
}

export function describeTask(view: KernelView, { address }: ObjectRef): ObjectDescription | undefined {
  const task = view.tasks.find((one) => one.address === address);
  return task && { identity: taskKey(task), number: String(task.pid), title: task.comm, rows: describe(view, task) };
}
