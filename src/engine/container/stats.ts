/** What a container uses, from its cgroup and its network, in Docker's words (moby `daemon/daemon_unix.go`, `statsV2`). */
import type { BlkioStatEntry, BlkioStats, ContainerStats, CpuStats, NetworkStats } from "../../protocol/docker";
import { formatInstant, type Context } from "../context";
import type { Container } from "./container";
import { NEVER } from "./record";

const NS_PER_US = 1000;
/** /proc/stat counts hundredths of a second, whatever the kernel's HZ is (`proc_stat(5)`, USER_HZ). */
const NS_PER_TICK = 10_000_000;
const COUNTERS_OF_TIME = 7;

const CGROUP_FILES = [
  "cpu.stat",
  "memory.current",
  "memory.max",
  "memory.stat",
  "memory.events",
  "pids.current",
  "pids.max",
  "io.stat",
] as const;

/** Texts of the kernel's files; empty for one that is not there. */
export type StatsFiles = Record<(typeof CGROUP_FILES)[number] | "/proc/stat" | "net/dev", string>;

/** All files of one look; asked for at once, so that they cost one way to the guest and back. */
export async function readStatsFiles({ boxd }: Pick<Context, "boxd">, container: Container): Promise<StatsFiles> {
  const cgroup = `/sys/fs/cgroup${container.paths.cgroup}`;
  const { NetworkMode } = container.record.hostConfig;
  const read = async (path: string) => (await boxd.readText(path).catch(() => undefined)) ?? "";
  const paths = [...CGROUP_FILES.map((name) => `${cgroup}/${name}`), "/proc/stat"];
  // What goes through the host's devices is not the container's.
  const network = NetworkMode === "host" ? "" : `/proc/${container.record.state.Pid}/net/dev`;
  const [texts, netDev] = await Promise.all([Promise.all(paths.map(read)), network === "" ? "" : read(network)]);
  const named = Object.fromEntries([...CGROUP_FILES, "/proc/stat"].map((name, index) => [name, texts[index]]));
  return { ...named, "net/dev": netDev } as StatsFiles;
}

export const NO_CPU: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

const NO_BLOCKS: BlkioStats = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

/** Of a container that does not run. */
export function noStats({ record }: Container): ContainerStats {
  return {
    read: NEVER,
    preread: NEVER,
    pids_stats: {},
    blkio_stats: NO_BLOCKS,
    num_procs: 0,
    storage_stats: {},
    cpu_stats: NO_CPU,
    precpu_stats: NO_CPU,
    memory_stats: {},
    name: `/${record.name}`,
    id: record.id,
  };
}

/**
 * @param before the look before this one, from which clients work out shares of time
 * @param machineBytes memory of the machine, the limit of a container that has none
 */
export function statsOf(
  container: Container,
  files: StatsFiles,
  at: bigint,
  machineBytes: number,
  before?: ContainerStats,
): ContainerStats {
  const networks = networksOf(files["net/dev"]);
  const limit = Number(files["memory.max"].trim());
  const pids = Number(files["pids.max"].trim());
  const failures = flatKeyed(files["memory.events"]).oom ?? 0;
  return {
    ...noStats(container),
    read: formatInstant(at),
    preread: before?.read ?? NEVER,
    pids_stats: { current: Number(files["pids.current"]), ...(pids > 0 ? { limit: pids } : {}) },
    blkio_stats: { ...NO_BLOCKS, io_service_bytes_recursive: blocksOf(files["io.stat"]) },
    cpu_stats: cpuOf(files["cpu.stat"], files["/proc/stat"]),
    precpu_stats: before?.cpu_stats ?? NO_CPU,
    memory_stats: {
      usage: Number(files["memory.current"]),
      stats: flatKeyed(files["memory.stat"]),
      ...(failures > 0 ? { failcnt: failures } : {}),
      // "max" is no number; a limit above what there is means nothing.
      limit: limit < machineBytes ? limit : machineBytes,
    },
    ...(networks === undefined ? {} : { networks }),
  };
}

/** `name value` in each line (`Documentation/admin-guide/cgroup-v2.rst`, "flat keyed"). */
function flatKeyed(text: string): Record<string, number> {
  return Object.fromEntries(
    [...text.matchAll(/^(\w+) (\d+)$/gm)].map(([, name, value]): [string, number] => [name, Number(value)]),
  );
}

function cpuOf(text: string, machine: string): CpuStats {
  const counters = flatKeyed(text);
  const [, all = ""] = /^cpu +(.*)$/m.exec(machine) ?? [];
  // Guest time, the last two counters, is in user time already.
  const ticks = all.split(" ").slice(0, COUNTERS_OF_TIME).map(Number);
  return {
    cpu_usage: {
      total_usage: (counters.usage_usec ?? 0) * NS_PER_US,
      usage_in_kernelmode: (counters.system_usec ?? 0) * NS_PER_US,
      usage_in_usermode: (counters.user_usec ?? 0) * NS_PER_US,
    },
    system_cpu_usage: ticks.reduce((sum, each) => sum + each, 0) * NS_PER_TICK,
    online_cpus: [...machine.matchAll(/^cpu\d+ /gm)].length,
    throttling_data: {
      periods: counters.nr_periods ?? 0,
      throttled_periods: counters.nr_throttled ?? 0,
      throttled_time: (counters.throttled_usec ?? 0) * NS_PER_US,
    },
  };
}

/** `MAJOR:MINOR rbytes=… wbytes=… …` in each line. */
function blocksOf(text: string): BlkioStatEntry[] | null {
  const entries = [...text.matchAll(/^(\d+):(\d+) .*?rbytes=(\d+) wbytes=(\d+)/gm)].flatMap(
    ([, major, minor, read, written]) => {
      const device = { major: Number(major), minor: Number(minor) };
      return [
        { ...device, op: "read", value: Number(read) },
        { ...device, op: "write", value: Number(written) },
      ];
    },
  );
  return entries.length > 0 ? entries : null;
}

/** Devices of `/proc/net/dev` but the loopback; undefined when there are none. */
function networksOf(text: string): Record<string, NetworkStats> | undefined {
  const rows = [...text.matchAll(/^ *(\S+): *(.*)$/gm)].filter(([, name]) => name !== "lo");
  if (rows.length === 0) return undefined;
  return Object.fromEntries(
    rows.map(([, name, counters]): [string, NetworkStats] => {
      const [rxBytes, rxPackets, rxErrors, rxDropped, , , , , txBytes, txPackets, txErrors, txDropped] = counters
        .trim()
        .split(/ +/)
        .map(Number);
      return [
        name,
        {
          rx_bytes: rxBytes,
          rx_packets: rxPackets,
          rx_errors: rxErrors,
          rx_dropped: rxDropped,
          tx_bytes: txBytes,
          tx_packets: txPackets,
          tx_errors: txErrors,
          tx_dropped: txDropped,
        },
      ];
    }),
  );
}
