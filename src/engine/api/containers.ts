/** `/containers/…` of the API. */
import type { ContainerCreateRequest, HostConfig } from "../../protocol/docker";
import type { Container, WaitCondition } from "../container/container";
import { measureDirectories, sum } from "../container/disk-usage";
import { createWarnings } from "../container/create";
import { inspectContainer, summarizeContainer } from "../container/inspect";
import { logLines, parseLog } from "../container/log-file";
import { limitSteps } from "../container/plan";
import { limits } from "../container/resolve";
import { attach, multiplexed, MULTIPLEXED_STREAM, RAW_STREAM } from "../container/streams";
import { formatInstant } from "../context";
import type { Parts } from "../parts";
import { Shim, type Output } from "../shim";
import { containerSizes, sizedSummaries } from "./disk-usage";
import { badParameter, conflict } from "./error";
import { empty, filters, flag, json, type Call, type Routes } from "./router";

export function routes(parts: Parts): Routes {
  const { containers, networks, execs, context } = parts;
  const find = (call: Call) => containers.find(call.params.id);
  const nowMs = () => Number(context.nowNs() / 1_000_000n);
  return {
    "POST /containers/create": async (call) => {
      const container = await containers.create(call.query.get("name") || undefined, await createBody(call));
      return json({ Id: container.id, Warnings: createWarnings(container.record.hostConfig) }, 201);
    },
    "GET /containers/json": async (call) => {
      const wanted = select(containers.all(), call, parts);
      if (flag(call.query, "size")) return json(await sizedSummaries(parts, wanted));
      return json(wanted.map((container) => summarizeContainer(container, networks, nowMs())));
    },
    "GET /containers/:id/json": async (call) => {
      const container = find(call);
      const inspected = inspectContainer(
        container,
        networks,
        execs
          .of(container)
          .filter(({ running }) => running)
          .map(({ id }) => id),
      );
      return json({ ...inspected, ...(flag(call.query, "size") ? await containerSizes(parts, container) : {}) });
    },
    "POST /containers/:id/start": async (call) => {
      await containers.start(find(call));
      return empty();
    },
    "POST /containers/:id/stop": async (call) => {
      await containers.stop(find(call), stopOptions(call));
      return empty();
    },
    "POST /containers/:id/restart": async (call) => {
      await containers.restart(find(call), stopOptions(call));
      return empty();
    },
    "POST /containers/:id/kill": async (call) => {
      await containers.kill(find(call), call.query.get("signal") || "KILL");
      return empty();
    },
    "POST /containers/:id/pause": async (call) => {
      await containers.pause(find(call), true);
      return empty();
    },
    "POST /containers/:id/unpause": async (call) => {
      await containers.pause(find(call), false);
      return empty();
    },
    "POST /containers/:id/rename": async (call) => {
      await containers.rename(find(call), (call.query.get("name") ?? "").replace(/^\//, ""));
      return empty();
    },
    "POST /containers/:id/update": async (call) => {
      const container = find(call);
      const wanted = await call.json<HostConfig>();
      await update(parts, container, wanted);
      return json({ Warnings: [] });
    },
    "POST /containers/:id/wait": (call) => waitFor(find(call), call),
    "DELETE /containers/:id": async (call) => {
      const container = find(call);
      await containers.remove(container, { force: flag(call.query, "force"), volumes: flag(call.query, "v") });
      execs.forget(container);
      return empty();
    },
    "POST /containers/:id/resize": async (call) => {
      const container = find(call);
      if (!container.running) throw conflict(`Container ${container.id} is not running`);
      const shim = new Shim(context.guest, container.paths.run);
      await shim.opened;
      await shim.resize(Number(call.query.get("w")) || 0, Number(call.query.get("h")) || 0);
      shim.close();
      return empty(200);
    },
    "POST /containers/:id/attach": (call) => attachTo(parts, find(call), call),
    "GET /containers/:id/logs": (call) => logs(parts, find(call), call),
    "GET /containers/:id/top": (call) => top(parts, find(call), call),
    "POST /containers/prune": async (call) => {
      filters(call.query);
      const over = containers.all().filter(({ record }) => ["created", "exited", "dead"].includes(record.state.Status));
      const sizes = await measureDirectories(
        context,
        over.map(({ paths }) => paths.upper),
      );
      const deleted: string[] = [];
      for (const container of over) {
        await containers.remove(container, { force: false, volumes: false });
        deleted.push(container.id);
      }
      return json({ ContainersDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: sum(sizes.values()) });
    },
  };
}

/** dockerode repeats the body in the query; the body counts. */
async function createBody(call: Call): Promise<ContainerCreateRequest> {
  return call.json<ContainerCreateRequest>();
}

function stopOptions({ query }: Call): { seconds?: number; signal?: string } {
  const seconds = query.get("t");
  return {
    seconds: seconds === null || seconds === "" ? undefined : Number(seconds),
    signal: query.get("signal") ?? undefined,
  };
}

const HEALTH_STATUSES = ["none", "starting", "healthy", "unhealthy"];
const STATUSES = ["created", "restarting", "running", "removing", "paused", "exited", "dead"];

function select(all: Container[], call: Call, { images, networks }: Parts): Container[] {
  const by = filters(call.query);
  const known = new Set(
    "ancestor before exited expose health id isolation is-task label name network publish since status volume".split(
      " ",
    ),
  );
  for (const name of by.keys()) if (!known.has(name)) throw badParameter(`invalid filter '${name}'`);
  for (const status of by.get("status") ?? [])
    if (!STATUSES.includes(status)) throw badParameter(`invalid filter 'status=${status}'`);
  for (const status of by.get("health") ?? [])
    if (!HEALTH_STATUSES.includes(status)) throw badParameter(`Unrecognised filter value for health: ${status}`);
  const everything =
    flag(call.query, "all") || by.has("status") || by.has("exited") || Number(call.query.get("limit")) > 0;
  const any = (name: string, test: (wanted: string) => boolean) => {
    const wanted = by.get(name);
    return !wanted || wanted.some(test);
  };
  const imageIds = (name: string) => {
    try {
      return images.find(name).image.id;
    } catch {
      return undefined;
    }
  };
  const chosen = all
    .filter((container) => everything || container.running)
    .filter(({ record }) =>
      [
        any("id", (id) => record.id.startsWith(id)),
        any(
          "name",
          (name) =>
            new RegExp(escapeRegExp(name.replace(/^\/|\^\//, ""))).test(record.name) ||
            record.name.includes(name.replace(/^\^?\/?|\$$/g, "")),
        ),
        any("status", (status) => record.state.Status === status),
        any("health", (status) => (record.state.Health?.Status ?? "none") === status),
        any("exited", (code) => record.state.Status === "exited" && String(record.state.ExitCode) === code),
        any("ancestor", (name) => record.config.Image === name || imageIds(name) === record.imageId),
        any("network", (name) => Object.keys(record.endpoints).includes(networks.nameOf(name))),
        any("volume", (volume) =>
          record.mounts.some(({ Name, Destination }) => Name === volume || Destination === volume),
        ),
        (by.get("label") ?? []).every((label) => hasLabel(record.config.Labels ?? {}, label)),
      ].every(Boolean),
    )
    .toSorted((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1));
  const limit = Number(call.query.get("limit") ?? 0);
  return limit > 0 ? chosen.slice(0, limit) : chosen;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function hasLabel(labels: Record<string, string>, wanted: string): boolean {
  const at = wanted.indexOf("=");
  return at < 0 ? wanted in labels : labels[wanted.slice(0, at)] === wanted.slice(at + 1);
}

async function update({ context }: Parts, container: Container, wanted: HostConfig): Promise<void> {
  const { record, paths } = container;
  const given = Object.fromEntries(
    Object.entries(wanted).filter(([, value]) => value !== 0 && value !== null && value !== ""),
  );
  const next: HostConfig = { ...record.hostConfig, ...given };
  const steps = limitSteps(`/sys/fs/cgroup${paths.cgroup}`, limits(next));
  if (container.running) await context.boxd.take(steps);
  record.hostConfig = next;
  context.events.emit("container", "update", record.id, { name: record.name });
}

const CONDITIONS: readonly string[] = ["not-running", "next-exit", "removed"];

/** The head of the answer goes at once, since clients wait for it before they start the container. */
function waitFor(container: Container, { query }: Call): Response {
  const condition = query.get("condition") || "not-running";
  if (!CONDITIONS.includes(condition)) throw badParameter(`invalid condition: "${condition}"`);
  const ending = container.wait(condition as WaitCondition);
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const { exitCode, error } = await ending;
      const answer = { StatusCode: exitCode, ...(error ? { Error: { Message: error } } : {}) };
      controller.enqueue(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
      controller.close();
    },
  });
  return new Response(body, { status: 200, headers: { "content-type": "application/json" } });
}

function attachTo({ context }: Parts, container: Container, { query }: Call) {
  const { config } = container.record;
  const tty = config.Tty ?? false;
  const wants = (name: string) => flag(query, name);
  const started = new Promise<boolean>((resolve) => {
    if (container.running) resolve(true);
    else container.waitingForStart.add(resolve);
  });
  return {
    hijack: {
      contentType: tty ? RAW_STREAM : MULTIPLEXED_STREAM,
      async serve(client: { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> }) {
        if (!(await started)) {
          await client.writable.close().catch(() => {});
          return;
        }
        await attach(new Shim(context.guest, container.paths.run), client, {
          stdin: wants("stdin") && (config.OpenStdin ?? false),
          stdout: wants("stdout"),
          stderr: wants("stderr"),
          tty,
          logs: wants("logs"),
          stream: wants("stream"),
          closeInput: config.StdinOnce ?? false,
        });
      },
    },
  };
}

/** Seconds since 1970, perhaps with a fraction, as nanoseconds. */
function instant(text: string | null): bigint | undefined {
  const [, seconds, fraction = ""] = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text ?? "") ?? [];
  return seconds === undefined || text === "0"
    ? undefined
    : BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
}

async function logs({ context }: Parts, container: Container, call: Call): Promise<Response> {
  const { query } = call;
  const tty = container.record.config.Tty ?? false;
  const streams = { stdout: flag(query, "stdout"), stderr: flag(query, "stderr") };
  if (!streams.stdout && !streams.stderr) throw badParameter("Bad parameters: you must choose at least one stream");
  const since = instant(query.get("since"));
  const until = instant(query.get("until"));
  const tail = query.get("tail");
  const most = tail === null || tail === "" || tail === "all" ? Infinity : Math.max(0, Number(tail) || 0);
  const timestamps = flag(query, "timestamps");
  const wanted = (line: Required<Output>) =>
    streams[line.stream] && (since === undefined || line.at >= since) && (until === undefined || line.at <= until);
  const render = (line: Required<Output>) => {
    const bytes = timestamps ? prefixed(`${formatInstant(line.at)} `, line.bytes) : line.bytes;
    return tty ? bytes : multiplexed({ ...line, bytes });
  };
  const follow = flag(query, "follow") && container.running;
  const body = follow ? followed(context, container, call.signal) : recorded(context, container);
  async function* chosen() {
    const before: Required<Output>[] = [];
    let live = false;
    for await (const piece of body) {
      if (piece === "live") {
        live = true;
        yield* lastOf(logLines(before).filter(wanted), most);
      } else if (live) yield* logLines([piece]).filter(wanted);
      else before.push(piece);
    }
    if (!live) yield* lastOf(logLines(before).filter(wanted), most);
  }
  const lines = chosen();
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await lines.next();
      if (done) controller.close();
      else controller.enqueue(render(value));
    },
    async cancel() {
      await lines.return(undefined);
    },
  });
  return new Response(stream, { headers: { "content-type": tty ? RAW_STREAM : MULTIPLEXED_STREAM } });
}

function lastOf<T>(items: T[], most: number): T[] {
  return most === Infinity ? items : most === 0 ? [] : items.slice(-most);
}

function prefixed(text: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const prefix = new TextEncoder().encode(text);
  const whole = new Uint8Array(prefix.length + bytes.length);
  whole.set(prefix);
  whole.set(bytes, prefix.length);
  return whole;
}

async function* recorded(context: Parts["context"], { paths }: Container): AsyncGenerator<Required<Output> | "live"> {
  for (const path of [`${paths.log}.1`, paths.log]) {
    const bytes = await context.boxd.read(path, { maxBytes: 1 << 26 });
    if (bytes) yield* parseLog(bytes);
  }
}

async function* followed(
  context: Parts["context"],
  container: Container,
  signal: AbortSignal,
): AsyncGenerator<Required<Output> | "live"> {
  const shim = new Shim(context.guest, container.paths.run);
  signal.addEventListener("abort", () => shim.close());
  try {
    await shim.subscribe({ stdout: true, stderr: true, log: true });
    for await (const event of shim.events(true)) {
      if (event.kind === "live") yield "live";
      else if (event.kind === "output") yield { stream: event.stream, bytes: event.bytes, at: event.at ?? 0n };
      else {
        // Who hears that it has ended may remove it at once.
        await container.wait("not-running");
        return;
      }
    }
  } catch {
    // The client or the shim has gone.
  } finally {
    shim.close();
  }
}

/** `docker top`: the container's processes as the host's ps shows them. */
async function top({ context }: Parts, container: Container, _call: Call): Promise<Response> {
  if (!container.running) throw conflict(`container ${container.id} is not running`);
  const pids = (await context.boxd.readText(`/sys/fs/cgroup${container.paths.cgroup}/cgroup.procs`)) ?? "";
  const inside = new Set(pids.split("\n"));
  const result = await context.guest.execute({ argv: ["ps", "-o", "user,pid,ppid,time,args"], purpose: "docker top" });
  const [, ...lines] = new TextDecoder().decode(result.stdout).trimEnd().split("\n");
  const rows = lines.map((line) => /^(\S+)\s+(\d+)\s+(\d+)\s+(\S+) (.*)$/.exec(line)?.slice(1) ?? []);
  const own = rows.filter(([, pid]) => inside.has(pid));
  return json({
    Titles: ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"],
    Processes: own.map(([user, pid, ppid, time, args]) => [user, pid, ppid, "0", "-", "?", time, args]),
  });
}
