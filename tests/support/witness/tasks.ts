/** The second witness of what tasks and namespaces are in detail: `/proc`, the files of cgroupfs and `/proc/sysvipc`. */
import type { IpcObject, Namespace } from "../../../src/protocol/namespace";
import type { Place, Task } from "../../../src/protocol/task";
import type { KernelView } from "../../../src/protocol/view";

/** Of one process, as its files in `/proc/PID` show it to the host; absent where a file cannot be read. */
export interface WitnessProcess {
  pid: number;
  status: ReadonlyMap<string, string>;
  /** Fields of `stat`, from the fourth on. */
  stat: number[];
  oomScoreAdj: number;
  environmentBytes?: number;
  links: Partial<Record<"exe" | "cwd" | "root" | "pid_for_children" | "time_for_children", string>>;
  uidMap: number[][];
  gidMap: number[][];
  /** Seconds and nanoseconds of `timens_offsets`. */
  timeOffsets: Partial<Record<"monotonic" | "boottime", [number, number]>>;
}

export interface WitnessIpc {
  sem: IpcLine[];
  msg: IpcLine[];
  shm: IpcLine[];
  mqueue: { name: string; mode: number; uid: number; gid: number; bytes: number }[];
}
type IpcLine = Record<string, number>;

export interface WitnessDetails {
  processes: WitnessProcess[];
  /** By path, the state in `cgroup.events`. */
  frozen: ReadonlyMap<string, boolean>;
  /** Of the host's ipc namespace. */
  ipc: WitnessIpc;
  /** Major and minor of terminals by name. */
  terminals: ReadonlyMap<string, number>;
}

/** Prints everything of all processes in a handful of commands. */
export const DETAILS_SCRIPT = `exec 2>/dev/null
cd /proc
mark() { echo "@@ $1"; }
mark status; grep -HE '^(Uid|Gid|Cap...|NoNewPrivs|Seccomp|Threads|VmRSS):' [0-9]*/status
mark stat; cat [0-9]*/stat
mark oom; grep -H '' [0-9]*/oom_score_adj
mark environ; wc -c [0-9]*/environ
mark links; ls -l [0-9]*/exe [0-9]*/cwd [0-9]*/root [0-9]*/ns/pid_for_children [0-9]*/ns/time_for_children
mark uid_map; grep -H '' [0-9]*/uid_map
mark gid_map; grep -H '' [0-9]*/gid_map
mark timens; grep -H '' [0-9]*/timens_offsets
mark frozen; find /sys/fs/cgroup -name cgroup.events -exec grep -H frozen {} +
mark ipc; cat sysvipc/sem sysvipc/msg sysvipc/shm
mark mqueue; mkdir -p /tmp/mq; mount -t mqueue mqueue /tmp/mq; ls -ln /tmp/mq; grep -H '' /tmp/mq/*; umount /tmp/mq
mark terminals; stat -c '%n %t %T' /dev/hvc* /dev/pts/[0-9]*
mark end
`;

export function parseDetails(output: string): WitnessDetails {
  const sections = new Map<string, string>();
  for (const part of output.split(/^@@ /m).slice(1)) {
    const end = part.indexOf("\n");
    sections.set(part.slice(0, end), part.slice(end + 1));
  }
  if (!sections.has("end")) throw new Error(`The witness broke off:\n${output.slice(-2000)}`);
  const section = (name: string) => sections.get(name)!;

  const statuses = new Map<number, Map<string, string>>();
  for (const [, pid, key, value] of section("status").matchAll(/^(\d+)\/status:(\w+):\t(.*)$/gm)) {
    if (!statuses.has(Number(pid))) statuses.set(Number(pid), new Map());
    statuses.get(Number(pid))!.set(key, value);
  }
  const stats = new Map<number, number[]>();
  for (const [, pid, fields] of section("stat").matchAll(/^(\d+) \([^]*?\) \w((?: -?\d+)+)$/gm)) {
    stats.set(Number(pid), fields.trim().split(" ").map(Number));
  }
  const oom = numbers(section("oom"), /^(\d+)\/oom_score_adj:(-?\d+)$/gm);
  const environ = numbers(section("environ"), /^ *(\d+) (\d+)\/environ$/gm, true);
  const links = new Map<number, WitnessProcess["links"]>();
  for (const [, pid, name, target] of section("links").matchAll(/ (\d+)\/(?:ns\/)?(\w+) -> ([^]*?)(?=\n(?:lrw|$))/g)) {
    const of = links.get(Number(pid)) ?? {};
    links.set(Number(pid), of);
    of[name as keyof typeof of] = target;
  }
  const timeOffsets = new Map<number, WitnessProcess["timeOffsets"]>();
  for (const [, pid, clock, s, ns] of section("timens").matchAll(/^(\d+)\/\w+:(\w+) +(-?\d+) +(\d+)$/gm)) {
    timeOffsets.set(Number(pid), { ...timeOffsets.get(Number(pid)), [clock]: [Number(s), Number(ns)] });
  }
  const uidMaps = maps(section("uid_map"));
  const gidMaps = maps(section("gid_map"));
  const processes: WitnessProcess[] = [];
  for (const [pid, status] of statuses) {
    const stat = stats.get(pid);
    if (!stat) continue;
    processes.push({
      pid,
      status,
      stat,
      oomScoreAdj: oom.get(pid) ?? 0,
      environmentBytes: environ.get(pid),
      links: links.get(pid) ?? {},
      uidMap: uidMaps.get(pid) ?? [],
      gidMap: gidMaps.get(pid) ?? [],
      timeOffsets: timeOffsets.get(pid) ?? {},
    });
  }
  const frozen = new Map<string, boolean>();
  for (const [, path, bit] of section("frozen").matchAll(/^\/sys\/fs\/cgroup(.*)\/cgroup\.events:frozen (\d)$/gm)) {
    frozen.set(path || "/", bit === "1");
  }
  const terminals = new Map<string, number>();
  for (const [, name, major, minor] of section("terminals").matchAll(/^\/dev\/(\S+) (\w+) (\w+)$/gm)) {
    const [a, b] = [parseInt(major, 16), parseInt(minor, 16)];
    // `new_encode_dev()`, as field 7 of `stat` has it; the kernel's name of `/dev/pts/0` is `pts0`.
    terminals.set(name.replace("/", ""), (b & 0xff) | (a << 8) | ((b & ~0xff) << 12));
  }
  return {
    processes,
    frozen,
    ipc: { ...parseSystemV(section("ipc")), mqueue: parseQueues(section("mqueue")) },
    terminals,
  };
}

function numbers(text: string, pattern: RegExp, valueFirst = false): Map<number, number> {
  return new Map(
    Array.from(text.matchAll(pattern), ([, a, b]) => (valueFirst ? [Number(b), Number(a)] : [Number(a), Number(b)])),
  );
}

function maps(text: string): Map<number, number[][]> {
  const found = new Map<number, number[][]>();
  for (const [, pid, a, b, c] of text.matchAll(/^(\d+)\/\w+: *(\d+) +(\d+) +(\d+)$/gm)) {
    if (!found.has(Number(pid))) found.set(Number(pid), []);
    found.get(Number(pid))!.push([a, b, c].map(Number));
  }
  return found;
}

/** Tables by the name of their identifiers. */
const IPC_TABLE: Record<string, keyof WitnessIpc> = { semid: "sem", msqid: "msg", shmid: "shm" };

/** The three tables of `/proc/sysvipc`, told apart by their first lines. */
export function parseSystemV(text: string): Pick<WitnessIpc, "sem" | "msg" | "shm"> {
  const tables: Record<string, IpcLine[]> = { sem: [], msg: [], shm: [] };
  let names: string[] = [];
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "key") names = words;
    else if (words.length === names.length) {
      const row = Object.fromEntries(
        names.map((name, index) => [name, name === "perms" ? parseInt(words[index], 8) : Number(words[index])]),
      );
      tables[IPC_TABLE[names[1]]].push(row);
    }
  }
  return tables as Pick<WitnessIpc, "sem" | "msg" | "shm">;
}

/** `ls -ln` of the queues, then the line each has for a content. */
export function parseQueues(text: string): WitnessIpc["mqueue"] {
  const sizes = new Map(
    Array.from(text.matchAll(/^\/tmp\/mq\/(.*):QSIZE:(\d+) /gm), ([, name, bytes]) => [name, Number(bytes)]),
  );
  return Array.from(text.matchAll(/^-([rwxsStT-]{9}) +\d+ (\d+) +(\d+) +.*?\d\d:\d\d (.*)$/gm), (line) => {
    const [, mode, uid, gid, name] = line;
    const bits = [...mode].reduce((sum, letter) => sum * 2 + (letter === "-" ? 0 : 1), 0);
    return { name, mode: bits, uid: Number(uid), gid: Number(gid), bytes: sizes.get(name) ?? -1 };
  }).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Where picture and witness differ, one sentence each. `compared` are the processes that stood still in between. */
export function disagreements(view: KernelView, compared: readonly Task[], witness: WitnessDetails): string[] {
  const differences: string[] = [];
  const known = new Map(witness.processes.map((process) => [process.pid, process]));
  for (const task of compared) {
    if (task.pid !== task.tgid) continue;
    const process = known.get(task.pid);
    if (!process) {
      differences.push(`process ${task.pid} (${task.comm}) is in the picture and not in /proc`);
      continue;
    }
    const compare = (fact: string, ours: unknown, theirs: unknown) => {
      const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)];
      if (a !== b) differences.push(`${fact} of ${task.pid} (${task.comm}) is ${a} in the picture and ${b} in /proc`);
    };
    compareTask(task, process, witness, compare);
    compareNamespaces(view, task, process, compare);
  }
  const host = view.namespaces.find(({ kind, initial }) => kind === "ipc" && initial);
  return [...differences, ...ipcDisagreements(host?.ipc ?? [], witness.ipc)];
}

type Compare = (fact: string, ours: unknown, theirs: unknown) => void;

function compareTask(task: Task, process: WitnessProcess, witness: WitnessDetails, compare: Compare): void {
  const { status, stat } = process;
  const ids = (line: string) => status.get(line)?.split("\t").map(Number);
  const { credentials } = task;
  compare("uids", credentials.uids, ids("Uid"));
  compare("gids", credentials.gids, ids("Gid"));
  compare("inheritable", credentials.inheritable, status.get("CapInh"));
  compare("permitted", credentials.permitted, status.get("CapPrm"));
  compare("effective", credentials.effective, status.get("CapEff"));
  compare("bounding", credentials.bounding, status.get("CapBnd"));
  compare("ambient", credentials.ambient, status.get("CapAmb"));
  compare("noNewPrivs", task.noNewPrivs ? "1" : "0", status.get("NoNewPrivs"));
  compare("seccomp", String(task.seccomp), status.get("Seccomp"));
  compare("pgid", task.pgid, stat[1]);
  compare("sid", task.sid, stat[2]);
  compare("tty", task.tty === undefined ? 0 : witness.terminals.get(task.tty), stat[3]);
  if (task.state === "Z") compare("exitStatus", task.exitStatus, stat[48]);
  else compare("exitStatus", task.exitStatus, undefined);
  compare("oomScoreAdj", task.oomScoreAdj, process.oomScoreAdj);
  if (process.environmentBytes !== undefined)
    compare("environmentBytes", task.environmentBytes, process.environmentBytes);
  compare("rssBytes", task.rssBytes, 1024 * Number(/\d+/.exec(status.get("VmRSS") ?? "0")));
  // In ticks of 10 ms, each of the two rounded down.
  const ticks = stat[10] + stat[11];
  if (status.get("Threads") === "1" && Math.abs(task.cpuTimeNs / 1e7 - ticks - 1) > 2) {
    compare("cpuTime in ticks", task.cpuTimeNs / 1e7, ticks);
  }
  compare("frozen", task.frozen, task.state !== "Z" && (witness.frozen.get(task.cgroup) ?? false));
  compare("exe", written(task.exe), process.links.exe);
  compare("root", written(task.root), process.links.root);
  compare("cwd", written(task.cwd), process.links.cwd);
}

function compareNamespaces(view: KernelView, task: Task, process: WitnessProcess, compare: Compare): void {
  const of = (kind: Namespace["kind"], inum = task.namespaces[kind]) =>
    view.namespaces.find((namespace) => namespace.kind === kind && namespace.inum === inum);
  const user = of("user")!;
  // The kernel shows no maps of a process that has ended.
  if (task.state !== "Z") {
    const ranges = (map: Namespace["uidMap"]) => map?.map(({ first, hostFirst, count }) => [first, hostFirst, count]);
    compare("uidMap", ranges(user.uidMap), process.uidMap);
    compare("gidMap", ranges(user.gidMap), process.gidMap);
  }
  const inside = (id: number, map: number[][]) => {
    const range = map.find(([, host, count]) => id >= host && id < host + count);
    return range ? id - range[1] + range[0] : 65534;
  };
  compare("insideUid", task.credentials.insideUid, inside(task.credentials.uids[0], process.uidMap));
  compare("insideGid", task.credentials.insideGid, inside(task.credentials.gids[0], process.gidMap));
  const inum = (target: string | undefined) => Number(/\[(\d+)\]$/.exec(target ?? "")?.[1] ?? 0);
  for (const kind of ["pid", "time"] as const) {
    const next = task.forChildren?.[kind];
    const shown = inum(process.links[`${kind}_for_children`]);
    if (shown !== 0) compare(`${kind}_for_children`, next ?? task.namespaces[kind], shown);
    if (next !== undefined && !of(kind, next)) compare(`${kind}_for_children in the picture`, false, true);
  }
  // timens_offsets is of the namespace for children.
  const time = of("time", task.forChildren?.time);
  for (const clock of ["monotonic", "boottime"] as const) {
    const offset = process.timeOffsets[clock];
    if (!offset || !time?.timeOffsets) continue;
    compare(`${clock} offset`, time.timeOffsets[`${clock}Ns`], offset[0] * 1e9 + offset[1]);
  }
}

export function ipcDisagreements(ours: readonly IpcObject[], theirs: WitnessIpc): string[] {
  const of = (kind: IpcObject["kind"]) => ours.filter((object) => object.kind === kind);
  const system = (kind: "sem" | "msg" | "shm", size: string, use?: string) => [
    of(kind).map(({ id, key, uid, gid, mode, size, use }) => ({ id, key, uid, gid, mode, size, use })),
    theirs[kind].map((line) => ({
      id: line.semid ?? line.msqid ?? line.shmid,
      key: line.key,
      uid: line.uid,
      gid: line.gid,
      mode: line.perms,
      size: line[size],
      use: use && line[use],
    })),
  ];
  const queues = of("mqueue").map(({ name, mode, uid, gid, use }) => ({ name, mode, uid, gid, bytes: use }));
  const pairs = {
    sem: system("sem", "nsems"),
    msg: system("msg", "qnum", "cbytes"),
    shm: system("shm", "size", "nattch"),
    mqueue: [queues.sort((a, b) => (a.name! < b.name! ? -1 : 1)), theirs.mqueue],
  };
  return Object.entries(pairs).flatMap(([kind, sides]) => {
    const [a, b] = sides.map((side) => JSON.stringify(side));
    return a === b ? [] : [`${kind} objects are ${a} in the picture and ${b} in the guest`];
  });
}

function written(place: Place | undefined): string | undefined {
  return place && place.path + (place.deleted ? " (deleted)" : "");
}
