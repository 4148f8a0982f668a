/** The second witness of cgroups: what the files of cgroupfs print. */
import { CONTROLLERS, type Cgroup, type Pressure, type ResourcePressure } from "../../../src/protocol/cgroup";
import type { KernelView } from "../../../src/protocol/view";

/** Lines of each file by its name, for each directory by its path in the hierarchy. */
export type CgroupFiles = Map<string, Map<string, string[]>>;

const FILES = [
  "cgroup.type",
  "cgroup.controllers",
  "cgroup.subtree_control",
  "cgroup.events",
  "cgroup.freeze",
  "cpu.stat",
  "cpu.weight",
  "cpu.max",
  "cpu.max.burst",
  "memory.current",
  "memory.peak",
  "memory.min",
  "memory.low",
  "memory.high",
  "memory.max",
  "memory.events",
  "pids.current",
  "pids.peak",
  "pids.max",
  "pids.events",
  "io.stat",
  "io.max",
  "cpu.pressure",
  "memory.pressure",
  "io.pressure",
];

/** Prints every file under a heading, and the directories with their inode numbers, in three processes. */
export const CGROUP_WITNESS_SCRIPT = `cd /sys/fs/cgroup
find . -type d -exec stat -c '%i %n' {} + 2>/dev/null
echo '@@ files'
find . -type f \\( ${FILES.map((name) => `-name ${name}`).join(" -o ")} \\) -exec head -v -c 65536 {} + 2>/dev/null
echo; echo '@@ end'
`;

export interface CgroupWitness {
  files: CgroupFiles;
  /** Inode number of each directory. */
  inodes: Map<string, number>;
}

/** Reads the output of `CGROUP_WITNESS_SCRIPT`. A cgroup's name holds no line break, which its kernel refuses. */
export function parseCgroupWitness(output: string): CgroupWitness {
  const [directories, rest] = output.split("@@ files\n");
  if (!rest?.endsWith("@@ end\n")) throw new Error(`The witness broke off:\n${output.slice(-2000)}`);
  // Names may hold what a regular expression takes for the end of a line, so lines are split by hand.
  const inodes = new Map<string, number>();
  for (const line of directories.split("\n")) {
    const space = line.indexOf(" ");
    if (space > 0) inodes.set(line.slice(space + 2) || "/", Number(line.slice(0, space)));
  }
  const files: CgroupFiles = new Map();
  let lines: string[] = [];
  for (const line of rest.split("\n")) {
    if (line.startsWith("==> .") && line.endsWith(" <==")) {
      const file = line.slice("==> .".length, -" <==".length);
      const slash = file.lastIndexOf("/");
      const of = files.get(file.slice(0, slash) || "/") ?? new Map<string, string[]>();
      files.set(file.slice(0, slash) || "/", of);
      of.set(file.slice(slash + 1), (lines = []));
    } else if (line !== "" && line !== "@@ end") lines.push(line);
  }
  return { files, inodes };
}

/** The lines of a file with a key and a value each. */
function keyed(text: string): Record<string, number> {
  return Object.fromEntries(text.split("\n").map((line) => [line.split(" ")[0], Number(line.split(" ")[1])]));
}

/** The lines of a file with a device and `key=value` words each. */
function byDevice(text: string): Map<string, Record<string, string>> {
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(
    lines.map((line) => {
      const [device, ...words] = line.trim().split(" ");
      return [device, Object.fromEntries(words.map((word) => word.split("=")))];
    }),
  );
}

function pressureOf(text: string): ResourcePressure {
  const line = (kind: string): Pressure => {
    const [, avg10, avg60, avg300, total] = new RegExp(
      `^${kind} avg10=(\\S+) avg60=(\\S+) avg300=(\\S+) total=(\\d+)$`,
      "m",
    ).exec(text)!;
    return { avg10: Number(avg10), avg60: Number(avg60), avg300: Number(avg300), totalUs: Number(total) };
  };
  return { some: line("some"), full: line("full") };
}

/**
 * Where the pictures before and after the witness differ from it, one sentence each. What stood still is compared exactly; what
 * moved meanwhile lies in between.
 */
export function cgroupDisagreements(before: KernelView, after: KernelView, witness: CgroupWitness): string[] {
  const differences: string[] = [];
  const first = new Map(before.cgroups.map((cgroup) => [cgroup.path, cgroup]));
  const last = new Map(after.cgroups.map((cgroup) => [cgroup.path, cgroup]));
  for (const path of last.keys()) if (!witness.files.has(path)) differences.push(`${path} is not in cgroupfs`);
  for (const path of first.keys()) if (!last.has(path)) differences.push(`${path} went away meanwhile`);
  const periods = Math.ceil((after.bootTimeNs - before.bootTimeNs) / 2e9);
  for (const [path, files] of witness.files) {
    const [then, now] = [first.get(path), last.get(path)];
    if (!then || !now) {
      differences.push(`${path} is not in the picture`);
      continue;
    }
    compareCgroup(then, now, files, witness.inodes.get(path), periods, differences);
    // Its type tells whether it and those above it have processes, so one on its way through any of them changes it.
    const type = files.get("cgroup.type")?.[0];
    if (
      type !== undefined &&
      now.type !== type &&
      ancestry(path).every((at) => still(first.get(at)!) === still(last.get(at)!))
    )
      differences.push(`cgroup.type of ${path} is "${now.type}" in the picture and "${type}" in cgroupfs`);
    const parent = after.cgroups.find(({ address }) => address === now.parent)?.path;
    const expected = path === "/" ? undefined : path.slice(0, path.lastIndexOf("/")) || "/";
    if (parent !== expected) differences.push(`parent of ${path} is ${parent}, not ${expected}`);
  }
  return differences;
}

/** What is left of each average after a period of two seconds. */
const DECAYS = [
  ["avg10", 1677 / 2048],
  ["avg60", 1981 / 2048],
  ["avg300", 2034 / 2048],
] as const;

/** All but the pressure, of which the kernel learns late. */
function still({ pressure: _, ...cgroup }: Cgroup): string {
  return JSON.stringify(cgroup);
}

/** Paths of a cgroup and of all above it, but for the root, which every process of the machine moves. */
function ancestry(path: string): string[] {
  const names = path.split("/").slice(1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join("/")}`);
}

function compareCgroup(
  then: Cgroup,
  now: Cgroup,
  files: Map<string, string[]>,
  inode: number | undefined,
  periods: number,
  differences: string[],
): void {
  const { path } = now;
  const root = path === "/";
  const atRest = still(then) === still(now);
  const differ = (fact: string, ours: unknown, theirs: unknown) =>
    differences.push(
      `${fact} of ${path} is ${JSON.stringify(ours)} in the picture and ${JSON.stringify(theirs)} in cgroupfs`,
    );
  /** For what only changes when somebody writes it. */
  const same = (fact: string, of: (cgroup: Cgroup) => unknown, theirs: unknown) => {
    const ours = of(now);
    if (JSON.stringify(ours) !== JSON.stringify(theirs)) differ(fact, ours, theirs);
  };
  /** For what grows. */
  const between = (fact: string, of: (cgroup: Cgroup) => number | undefined, theirs: number | undefined) => {
    const [low, high] = [of(then) ?? 0, of(now)];
    const fits = high === undefined || theirs === undefined ? high === theirs : low <= theirs && theirs <= high;
    if (!fits) differ(fact, low === high ? high : [low, high], theirs);
  };
  const text = (name: string) => files.get(name)?.join("\n");
  const words = (name: string) => text(name)?.split(" ").filter(Boolean);
  const limit = (value: string | undefined) => (value === undefined || value === "max" ? undefined : Number(value));

  if (inode !== undefined) same("inode number", ({ id }) => id, inode);
  same("cgroup.controllers", ({ controllers }) => controllers, words("cgroup.controllers"));
  same("cgroup.subtree_control", ({ subtreeControl }) => subtreeControl, words("cgroup.subtree_control"));
  if (now.controllers.some((name) => !CONTROLLERS.includes(name))) differ("controllers", now.controllers, CONTROLLERS);
  if (!root) {
    const events = keyed(text("cgroup.events")!);
    // A process on its way through is in neither picture.
    if (atRest) same("populated", ({ populated }) => Number(populated), events.populated);
    if (atRest) same("frozen", ({ frozen }) => Number(frozen), events.frozen);
    same("cgroup.freeze", ({ freeze }) => Number(freeze), Number(text("cgroup.freeze")));
  }

  const stat = keyed(text("cpu.stat")!);
  between("usage_usec", ({ cpuUsageUs }) => cpuUsageUs, stat.usage_usec);
  // How usage is split moves both ways while there is more of it.
  if (root || then.cpuUsageUs === now.cpuUsageUs) {
    between("user_usec", ({ cpuUserUs }) => cpuUserUs, stat.user_usec);
    between("system_usec", ({ cpuSystemUs }) => cpuSystemUs, stat.system_usec);
  }
  if (!root) {
    between("nr_periods", ({ cpu }) => cpu?.periods, stat.nr_periods);
    between("nr_throttled", ({ cpu }) => cpu?.throttledPeriods, stat.nr_throttled);
    between("throttled_usec", ({ cpu }) => cpu?.throttledUs, stat.throttled_usec);
  }
  const [quota, period] = words("cpu.max") ?? [];
  same("cpu.weight", ({ cpu }) => cpu?.weight, limit(text("cpu.weight")));
  same("cpu.max", ({ cpu }) => cpu?.quotaUs, limit(quota));
  same("cpu.max period", ({ cpu }) => cpu?.periodUs, limit(period));
  same("cpu.max.burst", ({ cpu }) => cpu?.burstUs, limit(text("cpu.max.burst")));

  same("memory", ({ memory }) => memory !== undefined, text("memory.current") !== undefined);
  if (atRest) same("memory.current", ({ memory }) => memory?.currentBytes, limit(text("memory.current")));
  between("memory.peak", ({ memory }) => memory?.peakBytes, limit(text("memory.peak")));
  same("memory.min", ({ memory }) => memory?.minBytes, limit(text("memory.min")));
  same("memory.low", ({ memory }) => memory?.lowBytes, limit(text("memory.low")));
  same("memory.high", ({ memory }) => memory?.highBytes, limit(text("memory.high")));
  same("memory.max", ({ memory }) => memory?.maxBytes, limit(text("memory.max")));
  const events = text("memory.events") === undefined ? undefined : keyed(text("memory.events")!);
  between("memory.events low", ({ memory }) => memory?.events.low, events?.low);
  between("memory.events high", ({ memory }) => memory?.events.high, events?.high);
  between("memory.events max", ({ memory }) => memory?.events.max, events?.max);
  between("memory.events oom", ({ memory }) => memory?.events.oom, events?.oom);
  between("memory.events oom_kill", ({ memory }) => memory?.events.oomKill, events?.oom_kill);
  between("memory.events oom_group_kill", ({ memory }) => memory?.events.oomGroupKill, events?.oom_group_kill);

  same("pids", ({ pids }) => pids !== undefined, text("pids.current") !== undefined);
  if (atRest) same("pids.current", ({ pids }) => pids?.current, limit(text("pids.current")));
  between("pids.peak", ({ pids }) => pids?.peak, limit(text("pids.peak")));
  same("pids.max", ({ pids }) => pids?.max, limit(text("pids.max")));
  const refused = text("pids.events") === undefined ? undefined : keyed(text("pids.events")!).max;
  between("pids.events max", ({ pids }) => pids?.refused, refused);

  if (!root) {
    const ioStat = text("io.stat");
    same("io", ({ io }) => io !== undefined, ioStat !== undefined);
    const stats = byDevice(ioStat ?? "");
    same("io.stat", ({ io }) => (io ?? []).map(({ device }) => device), [...stats.keys()]);
    for (const [device, counts] of stats) {
      const of = (cgroup: Cgroup) => cgroup.io?.find((one) => one.device === device);
      const count = (key: string) => Number(counts[key] ?? 0);
      between(`rbytes of ${device}`, (cgroup) => of(cgroup)?.readBytes, count("rbytes"));
      between(`wbytes of ${device}`, (cgroup) => of(cgroup)?.writtenBytes, count("wbytes"));
      between(`rios of ${device}`, (cgroup) => of(cgroup)?.reads, count("rios"));
      between(`wios of ${device}`, (cgroup) => of(cgroup)?.writes, count("wios"));
    }
    const limits = byDevice(text("io.max") ?? "");
    for (const { device, ...io } of now.io ?? []) {
      const of = limits.get(device) ?? {};
      same(`rbps of ${device}`, () => io.maxReadBytesPerSecond, limit(of.rbps));
      same(`wbps of ${device}`, () => io.maxWrittenBytesPerSecond, limit(of.wbps));
      same(`riops of ${device}`, () => io.maxReadsPerSecond, limit(of.riops));
      same(`wiops of ${device}`, () => io.maxWritesPerSecond, limit(of.wiops));
    }
  }

  for (const resource of ["cpu", "memory", "io"] as const) {
    const file = text(`${resource}.pressure`);
    same(`${resource}.pressure`, ({ pressure }) => pressure !== undefined, file !== undefined);
    if (file === undefined || !now.pressure) continue;
    const theirs = pressureOf(file);
    for (const share of ["some", "full"] as const) {
      const fact = `${resource}.pressure ${share}`;
      const of = (cgroup: Cgroup) => cgroup.pressure?.[resource][share];
      between(`${fact} total`, (cgroup) => of(cgroup)?.totalUs, theirs[share].totalUs);
      // Of a cgroup at rest it takes in what happened before, and falls from then on.
      if (!atRest) continue;
      for (const [average, decay] of DECAYS) {
        const [early, late] = [of(then)?.[average] ?? 0, of(now)?.[average] ?? 0];
        const value = theirs[share][average];
        const highest = Math.max(early, (late + 0.02) / decay ** periods);
        if (value < Math.min(early, late) || value > highest) differ(`${fact} ${average}`, [early, late], value);
      }
    }
  }
}
