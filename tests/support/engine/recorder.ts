import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { answersAt } from "./answers";
import type { Answers } from "./answers";

/** A request as somebody made it; `path` is without `/v1.44`. */
export interface Recorded {
  method: string;
  path: string;
  query: Record<string, string | string[]>;
  /** What JSON says, the texts of headers that matter, or the bytes' number of anything else. */
  body: unknown;
  headers: Record<string, string>;
}

/** What a test wants said instead. */
export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  /** Sent as it is, one after the other. */
  chunks?: (string | Uint8Array)[];
  /** After the chunks nothing comes, and no end either. */
  open?: boolean;
  /** Raw output after 101; the end follows when the client has ended its half, or at once with `hangUp`. */
  upgrade?: Uint8Array;
  hangUp?: boolean;
}

export type Routes = Record<string, Reply | ((request: Recorded, answers: Answers) => Reply | undefined)>;

const HEADERS_THAT_MATTER = ["content-type", "x-registry-auth", "upgrade", "x-glassbox-trace"];

/** A frame of a stream without a terminal. */
export const frame = (stream: number, text: string): Uint8Array => {
  const bytes = new TextEncoder().encode(text);
  const all = new Uint8Array(8 + bytes.length);
  all[0] = stream;
  new DataView(all.buffer).setUint32(4, bytes.length);
  all.set(bytes, 8);
  return all;
};

export const concat = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

const lines = (...messages: unknown[]): string[] => messages.map((message) => `${JSON.stringify(message)}\r\n`);

/** What stands where a daemon stands: fixed, valid answers by method and path. `*` in a path is one name, slashes allowed. */
const defaultRoutes = (answers: Answers): Routes => ({
  "HEAD /_ping": {},
  "GET /_ping": { chunks: ["OK"] },
  "GET /version": { json: answers.version },
  "GET /info": { json: answers.info },
  "GET /system/df": { json: answers.df },
  "GET /events": { chunks: answers.events.map((event) => `${JSON.stringify(event)}\n`) },
  "GET /containers/json": { json: answers.containers },
  "POST /containers/create": { status: 201, json: { Id: answers.id("1"), Warnings: [] } },
  "GET /containers/*/json": { json: answers.container() },
  "GET /containers/*/top": {
    json: {
      Titles: ["UID", "PID", "CMD"],
      Processes: [
        ["root", "1", "nginx: master"],
        ["nginx", "29", "nginx: worker"],
      ],
    },
  },
  "GET /containers/*/logs": {
    headers: { "Content-Type": "application/vnd.docker.multiplexed-stream" },
    chunks: [frame(1, "out\n"), frame(2, "err\n"), frame(1, "again\n")],
  },
  "GET /containers/*/changes": {
    json: [
      { Path: "/etc", Kind: 0 },
      { Path: "/etc/new", Kind: 1 },
      { Path: "/gone", Kind: 2 },
    ],
  },
  "GET /containers/*/export": { headers: { "Content-Type": "application/x-tar" }, chunks: ["tar tar"] },
  "GET /containers/*/stats": (request) => ({ chunks: lines(answers.stats(request.query["one-shot"] !== "1")) }),
  "POST /containers/*/resize": {},
  "POST /containers/*/start": { status: 204 },
  "POST /containers/*/stop": { status: 204 },
  "POST /containers/*/restart": { status: 204 },
  "POST /containers/*/kill": { status: 204 },
  "POST /containers/*/update": { json: { Warnings: null } },
  "POST /containers/*/rename": { status: 204 },
  "POST /containers/*/pause": { status: 204 },
  "POST /containers/*/unpause": { status: 204 },
  "POST /containers/*/attach": { upgrade: concat(frame(1, "hello\n"), frame(2, "trouble\n")), hangUp: true },
  "POST /containers/*/wait": { json: { StatusCode: 3 } },
  "DELETE /containers/*": { status: 204 },
  "POST /containers/prune": { json: { ContainersDeleted: [answers.id("2")], SpaceReclaimed: 12_345_678 } },
  "POST /containers/*/exec": { status: 201, json: { Id: answers.id("7") } },
  "POST /exec/*/start": { upgrade: concat(frame(1, "hello\n"), frame(2, "trouble\n")), hangUp: true },
  "POST /exec/*/resize": {},
  "GET /exec/*/json": { json: answers.exec },
  "GET /images/json": { json: answers.images },
  "POST /images/create": {
    chunks: lines(
      { status: "Pulling from library/busybox", id: "latest" },
      { status: "Pulling fs layer", progressDetail: {}, id: "9c0abc9c5bd3" },
      {
        status: "Downloading",
        progressDetail: { current: 4096, total: 2_160_000 },
        progress: "[>  ]",
        id: "9c0abc9c5bd3",
      },
      { status: "Pull complete", progressDetail: {}, id: "9c0abc9c5bd3" },
      { status: `Digest: sha256:${answers.id("d")}` },
      { status: "Status: Downloaded newer image for busybox:latest" },
    ),
  },
  "GET /images/*/json": { json: answers.image },
  "GET /images/*/history": { json: answers.history },
  "POST /images/*/push": {
    chunks: lines(
      { status: "The push refers to repository [localhost:5000/a]" },
      { status: "Preparing", progressDetail: {}, id: "9c0abc9c5bd3" },
      { status: "Pushed", progressDetail: {}, id: "9c0abc9c5bd3" },
      { status: `latest: digest: sha256:${answers.id("d")} size: 527` },
      { progressDetail: {}, aux: { Tag: "latest", Digest: `sha256:${answers.id("d")}`, Size: 527 } },
    ),
  },
  "POST /images/*/tag": { status: 201 },
  "DELETE /images/*": { json: [{ Untagged: "nginx:1.27" }, { Deleted: `sha256:${answers.id("a")}` }] },
  "POST /images/prune": {
    json: {
      ImagesDeleted: [{ Untagged: "old:latest" }, { Deleted: `sha256:${answers.id("c")}` }],
      SpaceReclaimed: 999,
    },
  },
  "POST /commit": { status: 201, json: { Id: `sha256:${answers.id("4")}` } },
  "GET /images/get": { headers: { "Content-Type": "application/x-tar" }, chunks: ["image tar"] },
  "GET /images/*/get": { headers: { "Content-Type": "application/x-tar" }, chunks: ["image tar"] },
  "POST /images/load": {
    headers: { "Content-Type": "application/json" },
    chunks: lines({ stream: "Loaded image: busybox:latest\n" }),
  },
  "GET /images/search": {
    json: [
      { name: "busybox", description: "Busybox base image.", is_official: true, is_automated: false, star_count: 3000 },
    ],
  },
  "POST /build": {
    headers: { "Content-Type": "application/json" },
    chunks: lines(
      { stream: "Step 1/2 : FROM busybox" },
      { stream: "\n" },
      { stream: " ---\u003e f0b02e9d092d\n" },
      { stream: "Step 2/2 : RUN true\n" },
      { aux: { ID: `sha256:${answers.id("4")}` } },
      { stream: "Successfully built 40123456789a\n" },
      { stream: "Successfully tagged a:latest\n" },
    ),
  },
  "POST /build/prune": { json: { CachesDeleted: ["cache1"], SpaceReclaimed: 1000 } },
  "GET /networks": { json: answers.networks },
  "GET /networks/*": { json: answers.networks[0] },
  "POST /networks/create": { status: 201, json: { Id: answers.id("6"), Warning: "" } },
  "POST /networks/*/connect": {},
  "POST /networks/*/disconnect": {},
  "DELETE /networks/*": { status: 204 },
  "POST /networks/prune": { json: { NetworksDeleted: ["mine"] } },
  "GET /volumes": { json: { Volumes: answers.volumes, Warnings: null } },
  "GET /volumes/*": { json: answers.volumes[0] },
  "POST /volumes/create": (request) => ({
    status: 201,
    json: { ...answers.volumes[0], Name: (request.body as { Name?: string }).Name ?? "made" },
  }),
  "DELETE /volumes/*": { status: 204 },
  "POST /volumes/prune": { json: { VolumesDeleted: ["data"], SpaceReclaimed: 4096 } },
  "POST /auth": { json: { Status: "Login Succeeded", IdentityToken: "" } },
});

const matches = (pattern: string, key: string): boolean => {
  const [head, ...tails] = pattern.split("*");
  if (tails.length === 0) return pattern === key;
  return key.startsWith(head) && key.endsWith(tails[0]) && key.length > head.length + tails[0].length;
};

/** An HTTP server that writes down what it is asked. Not a mock of ours: any daemon may stand in its place. */
export const startRecorder = async () => {
  let requests: Recorded[] = [];
  let overrides: Routes = {};
  const answers = answersAt(Date.now());
  const routes = defaultRoutes(answers);

  const record = async (request: IncomingMessage, body: Buffer): Promise<{ recorded: Recorded; reply: Reply }> => {
    const url = new URL(request.url ?? "/", "http://docker");
    const query: Recorded["query"] = {};
    for (const [name, value] of url.searchParams) query[name] = name in query ? [query[name], value].flat() : value;
    const headers = Object.fromEntries(
      HEADERS_THAT_MATTER.filter((name) => request.headers[name] !== undefined).map((name) => [
        name,
        String(request.headers[name]),
      ]),
    );
    const path = decodeURIComponent(url.pathname.replace(/^\/v[\d.]+(?=\/)/, ""));
    const recorded: Recorded = {
      method: request.method ?? "",
      path,
      query,
      headers,
      body:
        body.length === 0
          ? null
          : headers["content-type"]?.startsWith("application/json")
            ? JSON.parse(body.toString())
            : new Uint8Array(body),
    };
    requests.push(recorded);
    const key = `${recorded.method} ${path}`;
    for (const table of [overrides, routes])
      for (const exact of [true, false])
        for (const [pattern, route] of Object.entries(table)) {
          if (exact ? pattern !== key : !matches(pattern, key)) continue;
          const reply = typeof route === "function" ? route(recorded, answers) : route;
          if (reply) return { recorded, reply };
        }
    return { recorded, reply: { status: 404, json: { message: "page not found" } } };
  };

  const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };

  const answer = (response: ServerResponse, reply: Reply): void => {
    response.writeHead(reply.status ?? 200, {
      "Api-Version": "1.44",
      Ostype: "linux",
      "Docker-Experimental": "false",
      Server: "Docker/25.0.3 (linux)",
      ...(reply.json === undefined ? {} : { "Content-Type": "application/json" }),
      ...reply.headers,
    });
    if (reply.json !== undefined) response.end(`${JSON.stringify(reply.json)}\n`);
    else {
      for (const chunk of reply.chunks ?? []) response.write(chunk);
      if (!reply.open) response.end();
    }
  };

  const server = createServer((request, response) => {
    void bodyOf(request)
      .then((body) => record(request, body))
      .then(({ reply }) => answer(response, reply));
  });
  const sockets = new Set<Duplex>();
  server.on("connection", (socket: Duplex) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  let received = Buffer.alloc(0);
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const length = Number(request.headers["content-length"] ?? 0);
    let body = head;
    let started = false;
    const start = async () => {
      started = true;
      const { reply } = await record(request, body.subarray(0, length));
      received = Buffer.from(body.subarray(length));
      if (!reply.upgrade) {
        const text = JSON.stringify(reply.json ?? {});
        socket.end(
          `HTTP/1.1 ${reply.status ?? 200} X\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
        );
        return;
      }
      socket.write(
        "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
      );
      socket.write(reply.upgrade);
      if (reply.hangUp) socket.end();
    };
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      if (started) received = Buffer.concat([received, chunk]);
      else {
        body = Buffer.concat([body, chunk]);
        if (body.length >= length) void start();
      }
    });
    socket.on("end", () => socket.end());
    if (body.length >= length) void start();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = (server.address() as AddressInfo).port;

  return {
    port,
    answers,
    /** Answers from here on; those of before are gone. */
    say(replies: Routes): void {
      overrides = replies;
    },
    /** What was asked since the last call, without the pings. */
    take(): Recorded[] {
      const taken = requests.filter((request) => request.path !== "/_ping");
      requests = [];
      return taken;
    },
    /** What the client sent over the last raw stream. */
    received: (): string => received.toString(),
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

export type Recorder = Awaited<ReturnType<typeof startRecorder>>;
