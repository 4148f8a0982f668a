import type { ContainerStats, ContainerSummary } from "../../protocol/docker";
import { segment } from "../api";
import { atLeast, command } from "../command";
import type { Context } from "../context";
import { reasonOf } from "../failure";
import { listText } from "../list-format";
import { fixed } from "../rounding";
import { binarySize, humanSize } from "../size";
import { jsonLines } from "../stream/progress";
import { row } from "../template/value";
import type { Value } from "../template/value";
import { shortId } from "../text";
import { LIST_FORMAT } from "./formats";

/** Most containers that are watched at once. */
const MAX_WATCHED = 1000;

const UNKNOWN = "--";

/** Percent of one processor: what the container used of what all of them had between two looks. */
export const cpuPercent = ({ cpu_stats: now, precpu_stats: before }: ContainerStats): number => {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const had = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || now.cpu_usage.percpu_usage?.length || 1;
  return used > 0 && had > 0 ? (used / had) * cpus * 100 : 0;
};

/** Memory without the part of the page cache that could go at once: what `stats` calls usage. */
export const memoryBytes = ({ memory_stats: memory }: ContainerStats): number => {
  const usage = memory.usage ?? 0;
  const cache = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0;
  return cache < usage ? usage - cache : usage;
};

const statsRow = (name: string, stats: ContainerStats | undefined, trunc: boolean): Record<string, Value> => {
  if (!stats?.id)
    return row("*container.statsContext", {
      BlockIO: UNKNOWN,
      CPUPerc: UNKNOWN,
      Container: name,
      ID: stats?.id ?? UNKNOWN,
      MemPerc: UNKNOWN,
      MemUsage: `${UNKNOWN} / ${UNKNOWN}`,
      Name: UNKNOWN,
      NetIO: UNKNOWN,
      PIDs: UNKNOWN,
    });
  const limit = stats.memory_stats.limit ?? 0;
  const used = memoryBytes(stats);
  const networks = Object.values(stats.networks ?? {});
  const blocks = stats.blkio_stats?.io_service_bytes_recursive ?? [];
  const sum = (numbers: number[]): number => numbers.reduce((all, number) => all + number, 0);
  const moved = (op: string): number =>
    sum(blocks.filter((entry) => entry.op[0]?.toLowerCase() === op).map((entry) => entry.value));
  return row("*container.statsContext", {
    BlockIO: `${humanSize(moved("r"), 3)} / ${humanSize(moved("w"), 3)}`,
    CPUPerc: `${fixed(cpuPercent(stats), 2)}%`,
    Container: name,
    ID: trunc ? shortId(stats.id) : stats.id,
    MemPerc: `${fixed(limit > 0 ? (used / limit) * 100 : 0, 2)}%`,
    MemUsage: `${binarySize(used)} / ${binarySize(limit)}`,
    Name: stats.name.replace(/^\//, ""),
    NetIO: `${humanSize(sum(networks.map((each) => each.rx_bytes)), 3)} / ${humanSize(sum(networks.map((each) => each.tx_bytes)), 3)}`,
    PIDs: String(stats.pids_stats?.current ?? 0),
  });
};

/** The first object of a container's stream, or of its answer. */
const firstStats = async (context: Context, name: string): Promise<ContainerStats | undefined> => {
  const { body } = await context.api.stream("GET", `/containers/${segment(name)}/stats`, { query: { stream: "0" } });
  for await (const stats of jsonLines<ContainerStats>(body)) return stats;
  return undefined;
};

export const stats = command("stats", {
  use: "[OPTIONS] [CONTAINER...]",
  short: "Display a live stream of container(s) resource usage statistics",
  arity: atLeast(0),
  completes: "running",
  options: `
    -a, --all    Show all containers (default shows just running)
    ${LIST_FORMAT}
    --no-stream  Disable streaming stats and only pull the first result
    --no-trunc   Do not truncate output
  `,
  run: async (context, options, args) => {
    const format = options.text("format");
    const trunc = !options.flag("no-trunc");
    const listed = async (): Promise<string[]> =>
      (
        await context.api.json<ContainerSummary[]>("GET", "/containers/json", { query: { all: options.flag("all") } })
      ).map((container) => container.Id);
    const names = (args.length > 0 ? args : await listed()).slice(0, MAX_WATCHED);
    const text = (rows: Record<string, Value>[]): string =>
      listText({
        format,
        table: `{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}`,
        headers: {
          BlockIO: "BLOCK I/O",
          CPUPerc: "CPU %",
          Container: "CONTAINER",
          ID: "CONTAINER ID",
          MemPerc: "MEM %",
          MemUsage: "MEM USAGE / LIMIT",
          Name: "NAME",
          NetIO: "NET I/O",
          PIDs: "PIDS",
        },
        rows,
      });
    if (options.flag("no-stream")) {
      const rows = [];
      const all = await Promise.allSettled(names.map((name) => firstStats(context, name)));
      for (const [index, result] of all.entries()) {
        if (result.status === "rejected") {
          if (args.length > 0) throw new Error(reasonOf(result.reason));
          continue;
        }
        rows.push(statsRow(names[index], result.value, trunc));
      }
      await context.out(text(rows));
      return;
    }

    // Each container's stream brings a line a second; what is shown is drawn anew with each, and no more often than it is taken.
    const latest = new Map<string, ContainerStats | undefined>(names.map((name) => [name, undefined]));
    const isPlain = format !== "" && !format.startsWith("table");
    let drawing: Promise<void> | undefined;
    let again = false;
    const draw = async (): Promise<void> => {
      const rows = [...latest].map(([name, value]) => statsRow(name, value, trunc));
      const lines = text(rows).split("\n").slice(0, -1);
      await context.out(isPlain ? text(rows) : `\x1b[H${lines.map((each) => `${each}\x1b[K\n`).join("")}\x1b[J`);
    };
    const redraw = (): void => {
      if (drawing) {
        again = true;
        return;
      }
      drawing = draw().finally(() => {
        drawing = undefined;
        if (again) {
          again = false;
          redraw();
        }
      });
    };
    const watch = async (name: string): Promise<void> => {
      const { body } = await context.api.stream("GET", `/containers/${segment(name)}/stats`, {
        query: { stream: true },
        signal: context.signal,
      });
      for await (const each of jsonLines<ContainerStats>(body)) {
        latest.set(name, each);
        redraw();
      }
      // One that was listed and went is no longer shown.
      if (args.length === 0) latest.delete(name);
    };
    const watching = new Set<string>();
    const follow = async (name: string): Promise<void> => {
      if (watching.has(name) || watching.size >= MAX_WATCHED) return;
      watching.add(name);
      try {
        await watch(name);
      } finally {
        watching.delete(name);
        if (args.length === 0) latest.delete(name);
      }
    };
    if (args.length > 0) {
      await Promise.all(names.map(follow));
      await drawing;
      return;
    }
    for (const name of names) void follow(name).catch(() => undefined);
    redraw();
    const { body } = await context.api.stream("GET", "/events", {
      query: { filters: JSON.stringify({ type: { container: true } }) },
      signal: context.signal,
    });
    for await (const event of jsonLines<{ Action: string; Actor: { ID: string } }>(body)) {
      if (event.Action === "start" || (options.flag("all") && event.Action === "create")) {
        latest.set(event.Actor.ID, undefined);
        void follow(event.Actor.ID).catch(() => undefined);
      }
      if (event.Action === "die" && !options.flag("all")) latest.delete(event.Actor.ID);
      if (event.Action === "destroy") latest.delete(event.Actor.ID);
      redraw();
    }
  },
});
