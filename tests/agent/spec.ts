/**
 * What the agent promises, checked over a connection to one: the same text for an agent that runs on this host and for
 * one in the guest.
 */
import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Agent } from "../../src/agent/agent";
import { encodeFrame, encodeU32 } from "../../src/agent/codec";
import type { AgentError } from "../../src/agent/error";
import type { BytePort } from "../../src/agent/port";
import type { Process } from "../../src/agent/process";
import type { Stream } from "../../src/agent/stream";
import {
  CHUNK_BYTES,
  FrameType,
  MAX_PAYLOAD_BYTES,
  RESERVED_SLOTS,
  STREAM_SLOTS,
  STREAM_WINDOW_BYTES,
} from "../../src/protocol/frame";
import type { RunResult } from "../../src/protocol/machine";

export interface Connection {
  agent: Agent;
  /** The wire beneath it, to be spoken to behind its back. */
  port: BytePort;
  close(): Promise<void>;
}

export interface SpecOptions {
  /** Size of the transfers that must arrive byte for byte. */
  bulkBytes: number;
  /** How often garbage is sent. */
  fuzzRounds: number;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const printed = (result: RunResult) => ({ ...result, stdout: text(result.stdout), stderr: text(result.stderr) });

/** Reads until `wanted` was printed; keeps the reader's place. */
function expecting(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  let seen = "";
  return async (wanted: string): Promise<string> => {
    while (!seen.includes(wanted)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`ended before ${JSON.stringify(wanted)}; printed ${JSON.stringify(seen)}`);
      seen += text(value);
    }
    const before = seen;
    seen = seen.slice(seen.indexOf(wanted) + wanted.length);
    return before;
  };
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

async function writeAll(stream: WritableStream<Uint8Array>, data: Uint8Array) {
  const writer = stream.getWriter();
  await writer.write(data);
  await writer.close();
}

/** A small generator with a seed (mulberry32), so that a failure can be repeated. */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

let places = 0;
/** A path that nothing is at yet. */
const place = () => `/tmp/agent-spec-${process.pid}-${places++}`;

export function agentSpec(connect: () => Promise<Connection>, { bulkBytes, fuzzRounds }: SpecOptions) {
  let connection: Connection;
  let agent: Agent;

  beforeAll(async () => {
    connection = await connect();
    agent = connection.agent;
  });
  afterAll(() => connection?.close());

  /** Faults the agent reports while `act` runs, up to and without the answer to a question of ours behind it. */
  async function faults(act: () => void | Promise<void>) {
    const seen: { code: string; stream: number; type: number }[] = [];
    agent.onfault = (error, stream, type) => seen.push({ code: error.code, stream, type });
    await act();
    await agent.reseed(Uint8Array.of(1));
    agent.onfault = () => {};
    return seen;
  }

  const run = async (script: string, stdin?: string) =>
    printed(await agent.execute({ script }, stdin === undefined ? undefined : bytes(stdin)));
  const gone = (pid: number) => run(`while grep -qs '^State:[^Z]*$' /proc/${pid}/status; do sleep 0.01; done`);

  describe("a command", () => {
    test("prints nothing and succeeds", async () => {
      expect(printed(await agent.execute({ argv: ["true"] }))).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    });

    test.each([0, 1, 7, 127, 255])("exits with %i", async (code) => {
      expect(await run(`exit ${code}`)).toMatchObject({ exitCode: code });
    });

    test.each([1, 9, 15])("is killed by signal %i", async (signal) => {
      const result = await run(`kill -${signal} $$`);
      expect(result).toMatchObject({ signal });
      expect(result).not.toHaveProperty("exitCode");
    });

    test("keeps its outputs apart", async () => {
      expect(await run("echo out; echo err >&2; echo more")).toMatchObject({ stdout: "out\nmore\n", stderr: "err\n" });
    });

    test("gets its arguments as they are", async () => {
      const words = ["", "two words", "'quoted'", 'a"b', "$HOME", "new\nline", "ünïcödé ☃ 😀", "-n", "*"];
      const { stdout } = printed(await agent.execute({ argv: ["sh", "-c", 'printf "%s\\0" "$@"', "sh", ...words] }));
      expect(stdout.split("\0")).toEqual([...words, ""]);
    });

    test("starts with PATH and HOME, and with what is added or replaced", async () => {
      const lines = (text: string) =>
        text
          .split("\n")
          .filter((line) => /^(PATH|HOME|TERM|A|B)=/.test(line))
          .sort();
      expect(lines((await run("env")).stdout)).toEqual([
        "HOME=/root",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      ]);
      const { stdout } = printed(
        await agent.execute({ argv: ["/usr/bin/env"], env: { A: "1", B: "x=y", HOME: "/", PATH: "/nowhere" } }),
      );
      expect(lines(stdout)).toEqual(["A=1", "B=x=y", "HOME=/", "PATH=/nowhere"]);
    });

    test("is looked for in the PATH it is given", async () => {
      const folder = place();
      await run(
        `mkdir ${folder}; printf '#!/bin/sh\\necho found' > ${folder}/own-command; chmod +x ${folder}/own-command`,
      );
      const { stdout } = printed(await agent.execute({ argv: ["own-command"], env: { PATH: `/nowhere:${folder}` } }));
      expect(stdout).toBe("found\n");
      await run(`rm -r ${folder}`);
    });

    test("runs in a directory", async () => {
      expect(printed(await agent.execute({ argv: ["pwd"], cwd: "/usr" })).stdout).toBe("/usr\n");
    });

    test("runs as a user, without the groups of root", async () => {
      const { stdout } = printed(
        await agent.execute({ script: "id -u; id -g; id -G", user: { uid: 1234, gid: 5678 } }),
      );
      expect(stdout).toBe("1234\n5678\n5678\n");
    });

    test("is the leader of a session of its own", async () => {
      const { stdout } = await run("cut -d' ' -f1,5,6 /proc/$$/stat");
      const [pid, group, session] = stdout.trim().split(" ");
      expect([group, session]).toEqual([pid, pid]);
    });

    test("inherits no descriptor, no blocked and no ignored signal", async () => {
      const status = printed(await agent.execute({ argv: ["cat", "/proc/self/status"] })).stdout;
      expect(status).toMatch(/SigBlk:\s0+\nSigIgn:\s0+\nSigCgt:\s0+\n/);
      const open = printed(await agent.execute({ argv: ["ls", "/proc/self/fd"] }))
        .stdout.trim()
        .split("\n");
      // The fourth is the directory that ls reads.
      expect(open).toEqual(["0", "1", "2", "3"]);
    });

    test("may be a script as long as the kernel takes an argument", async () => {
      const { stdout } = await run(`#${"x".repeat(130_000)}\necho long`);
      expect(stdout).toBe("long\n");
    });

    test("tells its pid when it has started", async () => {
      const command = agent.run({ script: "echo $$; exec cat", stdin: true });
      const pid = await command.started;
      await command.stdin.close();
      expect(text((await command.collect()).stdout)).toBe(`${pid}\n`);
    });

    test.each<[string, Parameters<Agent["run"]>[0], string, number]>([
      ["that is not there", { argv: ["no-such-command"] }, "exec", 2],
      ["that is not there, by path", { argv: ["/no/such/command"] }, "exec", 2],
      ["that is a directory", { argv: ["/tmp"] }, "exec", 13],
      ["in a directory that is not there", { argv: ["true"], cwd: "/no/such/directory" }, "directory", 2],
      ["in a directory that is a file", { argv: ["true"], cwd: "/proc/self/stat" }, "directory", 20],
      ["with an argument longer than the kernel takes", { argv: ["true", "x".repeat(131_000)], env: {} }, "none", 0],
    ])("%s is refused with the kernel's reason", async (_what, request, code, errno) => {
      const outcome = await agent.execute(request).catch((error: AgentError) => error);
      if (code === "none") expect(outcome).toMatchObject({ exitCode: 0 });
      else expect(outcome).toMatchObject({ code, errno });
    });
  });

  describe("standard input", () => {
    test("reaches the command and ends", async () => {
      expect(await run("cat", "hello")).toMatchObject({ exitCode: 0, stdout: "hello" });
    });

    test("carries every byte value", async () => {
      const all = Uint8Array.from({ length: 1024 }, (_, index) => index);
      expect((await agent.execute({ argv: ["cat"] }, all)).stdout).toEqual(all);
    });

    test("is at its end at once when it was not asked for", async () => {
      expect(await run("cat; echo done")).toMatchObject({ stdout: "done\n" });
    });

    test("may be ignored by the command", async () => {
      const result = await agent.execute({ argv: ["true"] }, new Uint8Array(4 * STREAM_WINDOW_BYTES));
      expect(result).toMatchObject({ exitCode: 0 });
    });

    test("fails with `closed` when the command closes it", async () => {
      const command = agent.run({ script: "exec <&-; echo closed; exec sleep 1000", stdin: true });
      await expecting(command.stdout)("closed");
      const writer = command.stdin.getWriter();
      await expect(
        (async () => {
          for (;;) await writer.write(new Uint8Array(STREAM_WINDOW_BYTES));
        })(),
      ).rejects.toMatchObject({ code: "closed" });
      command.cancel();
    });

    test("waits while the command does not read, and holds up nobody else", async () => {
      const command = agent.run({ script: "read go < /dev/stdin; wc -c", stdin: true });
      const slow = agent.run({ script: "echo ready; kill -STOP $$; wc -c", stdin: true });
      const ready = expecting(slow.stdout);
      await ready("ready");
      const size = 512 << 10;
      const written = writeAll(slow.stdin, new Uint8Array(size));
      // More than a pipe and the window hold is offered; the agent answers all the same.
      expect(await run("echo free")).toMatchObject({ stdout: "free\n" });
      slow.kill(18);
      await ready(`${size}`);
      await written;
      command.cancel();
    });
  });

  describe("output", () => {
    test("that nobody reads stops the command, and holds up nobody else", async () => {
      const endless = agent.run({ argv: ["yes"] });
      expect(await run("echo free")).toMatchObject({ stdout: "free\n" });
      const seen = expecting(endless.stdout);
      await seen("y\ny\n");
      endless.kill();
      expect(await endless.exited).toEqual({ signal: 15 });
      endless.cancel(); // What it printed last is unread, and would hold its slot.
    });

    test("that is cancelled closes the pipe", async () => {
      const endless = agent.run({ argv: ["yes"] });
      await endless.stdout.cancel();
      await endless.stderr.cancel();
      const status = await endless.exited;
      // SIGPIPE, or EPIPE for who ignores the signal.
      expect("signal" in status ? status.signal : status.exitCode).toBe("signal" in status ? 13 : 1);
    });

    test("of a command that has exited is whole, though a child of it holds the pipe open", async () => {
      const result = await run("sleep 1000 & echo $!; head -c 100000 /dev/zero | tr '\\0' x");
      expect(result).toMatchObject({ exitCode: 0 });
      const [pid] = result.stdout.split("\n");
      expect(result.stdout.length).toBe(pid.length + 1 + 100000);
      expect(await run(`kill ${pid}`)).toMatchObject({ exitCode: 0 });
    });

    test(`arrives byte for byte: ${bulkBytes} bytes`, async () => {
      const { stdout } = await run(`
        dd if=/dev/urandom of=/tmp/agent-bulk bs=65536 count=${bulkBytes / 65536} 2>/dev/null
        sha256sum < /tmp/agent-bulk`);
      const received = createHash("sha256");
      let size = 0;
      const command = agent.run({ script: "cat /tmp/agent-bulk; rm /tmp/agent-bulk" });
      for await (const part of command.stdout) {
        received.update(part);
        size += part.length;
      }
      expect(size).toBe(bulkBytes);
      expect(received.digest("hex")).toBe(stdout.slice(0, 64));
    });

    test(`goes in byte for byte: ${bulkBytes} bytes`, async () => {
      const sent = randomBytes(bulkBytes);
      const result = printed(await agent.execute({ argv: ["sha256sum"] }, sent));
      expect(result.stdout.slice(0, 64)).toBe(sha256(sent));
    });

    test(`goes in and out at once: ${bulkBytes} bytes`, async () => {
      const sent = randomBytes(bulkBytes);
      const { stdout } = await agent.execute({ argv: ["cat"] }, sent);
      expect(sha256(stdout)).toBe(sha256(sent));
    });
  });

  describe("many streams", () => {
    test("64 commands at once each get their own bytes", async () => {
      const inputs = Array.from({ length: 64 }, (_, index) => randomBytes(1000 + 997 * index));
      const results = await Promise.all(inputs.map((input) => agent.execute({ argv: ["cat"] }, input)));
      expect(results.map(({ stdout }) => sha256(stdout))).toEqual(inputs.map(sha256));
    });

    test("one more than there are slots is refused, and runs when one is free", async () => {
      const holders = Array.from({ length: STREAM_SLOTS }, () => agent.run({ argv: ["cat"], stdin: true }));
      await Promise.all(holders.map((holder) => holder.started));
      await expect(agent.execute({ argv: ["true"] })).rejects.toMatchObject({ code: "no-slot" });
      await holders[0].stdin.close();
      await holders[0].collect();
      expect(await agent.execute({ argv: ["true"] })).toMatchObject({ exitCode: 0 });
      for (const holder of holders.slice(1)) holder.cancel();
      expect(await agent.execute({ argv: ["true"] })).toMatchObject({ exitCode: 0 });
    });

    test("slots come back, however commands end", async () => {
      for (let round = 0; round < 3; round++) {
        const results = await Promise.allSettled(
          Array.from({ length: STREAM_SLOTS - 1 }, (_, index) =>
            agent.execute(
              [{ argv: ["true"] }, { argv: ["no-such-command"] }, { script: "kill -9 $$" }, { script: "sleep 0 &" }][
                index % 4
              ],
            ),
          ),
        );
        const refused = results.filter((result) => result.status === "rejected").map((result) => result.reason.code);
        expect(new Set(refused)).toEqual(new Set(["exec"]));
      }
    });
  });

  describe("signals", () => {
    test("go to the whole group", async () => {
      const command = agent.run({ script: "sleep 1000 & echo $!; wait" });
      const child = Number((await expecting(command.stdout)("\n")).trim());
      command.kill();
      expect(await command.exited).toEqual({ signal: 15 });
      await gone(child);
    });

    test("or to the command alone", async () => {
      const command = agent.run({ script: "sleep 1000 & echo $!; wait" });
      const child = Number((await expecting(command.stdout)("\n")).trim());
      command.kill(15, "process");
      expect(await command.exited).toEqual({ signal: 15 });
      expect(await run(`kill ${child}`)).toMatchObject({ exitCode: 0 });
    });

    test("can be caught", async () => {
      const command = agent.run({
        script: "trap 'echo caught; exit 3' USR1; echo ready; while :; do sleep 0.01; done",
      });
      const seen = expecting(command.stdout);
      await seen("ready");
      command.kill(10);
      await seen("caught");
      expect(await command.exited).toEqual({ exitCode: 3 });
    });

    test("to a command that has ended do nothing", async () => {
      const command = agent.run({ argv: ["true"] });
      await command.collect();
      expect(await faults(() => command.kill(9))).toEqual([]);
    });

    test("cancelling kills the group and rejects what is pending", async () => {
      const command = agent.run({ script: "sleep 1000 & echo $!; wait" });
      const seen = expecting(command.stdout);
      const child = Number((await seen("\n")).trim());
      command.cancel();
      await expect(command.exited).rejects.toMatchObject({ code: "cancelled" });
      await expect(seen("more")).rejects.toMatchObject({ code: "cancelled" });
      await gone(child);
    });
  });

  describe("a terminal", () => {
    const terminal = (script: string, cols = 123, rows = 45) => agent.run({ script, pty: { cols, rows } });

    test("has a name and a size, and is the controlling one", async () => {
      const { stdout } = printed(await terminal("tty; stty size; stty size < /dev/tty; echo $TERM >&2").collect());
      expect(stdout).toMatch(/^\/dev\/pts\/\d+\r\n45 123\r\n45 123\r\nxterm-256color\r\n$/);
    });

    test("can be resized, and the command hears of it", async () => {
      const command = terminal("trap 'stty size' WINCH; echo ready; while :; do sleep 0.01; done");
      const seen = expecting(command.stdout);
      await seen("ready");
      command.resize(80, 24);
      await seen("24 80");
      command.cancel();
    });

    test("takes input, and turns Ctrl-C into a signal", async () => {
      const command = terminal('read line; echo "got $line"; exec sleep 1000');
      const seen = expecting(command.stdout);
      const writer = command.stdin.getWriter();
      await writer.write(bytes("hello\n"));
      await seen("got hello");
      await writer.write(bytes("\x03"));
      expect(await command.exited).toEqual({ signal: 2 });
    });

    test("ends the input when it is closed", async () => {
      const command = terminal("stty -echo; echo ready; cat; echo done");
      const seen = expecting(command.stdout);
      await seen("ready");
      const writer = command.stdin.getWriter();
      await writer.write(bytes("line\n"));
      await seen("line");
      await writer.close();
      await seen("done");
      expect(await command.exited).toEqual({ exitCode: 0 });
    });

    test("hangs up on who is left when the command ends", async () => {
      const { stdout } = printed(await terminal("sleep 1000 & echo $!").collect());
      await gone(Number(stdout));
    });

    test("prints everything before it ends", async () => {
      const { stdout } = await terminal("stty -opost; head -c 300000 /dev/zero | tr '\\0' x").collect();
      expect(stdout.length).toBe(300000);
    });

    test("belongs to the user of the command", async () => {
      const command = agent.run({
        script: "stat -c %u $(tty); echo > $(tty)",
        pty: { cols: 80, rows: 24 },
        user: { uid: 1234, gid: 5678 },
      });
      expect(printed(await command.collect()).stdout).toMatch(/^1234\r\n/);
    });

    test("only a terminal can be resized", async () => {
      const command = agent.run({ argv: ["cat"], stdin: true });
      expect(await faults(() => command.resize(80, 24))).toMatchObject([{ code: "bad-field", type: FrameType.RESIZE }]);
      command.cancel();
    });
  });

  describe("sockets", () => {
    /** Listens, connects, and gives both ends. */
    async function pair(address: Parameters<Agent["listen"]>[0]) {
      let accepted!: (stream: Stream) => void;
      const arrival = new Promise<Stream>((resolve) => (accepted = resolve));
      const listener = await agent.listen(address, accepted);
      const client = agent.connect("path" in address ? address : { ...address, port: listener.port });
      await client.opened;
      return { listener, client, server: await arrival };
    }

    test.each([
      ["Unix", () => ({ path: place() })],
      ["TCP", () => ({ host: "127.0.0.1", port: 0 })],
    ])("%s: both directions carry bytes and end by themselves", async (_family, address) => {
      const { listener, client, server } = await pair(address());
      const question = randomBytes(200_000);
      const answer = randomBytes(300_000);

      const asked = readAll(server.readable);
      await writeAll(client.writable, question);
      expect(sha256(await asked)).toBe(sha256(question));

      const answered = readAll(client.readable);
      await writeAll(server.writable, answer);
      expect(sha256(await answered)).toBe(sha256(answer));
      listener.close();
    });

    test("say who connected", async () => {
      const unix = await pair({ path: place() });
      expect(unix.server.peer).toMatchObject({ uid: 0, gid: 0 });
      const tcp = await pair({ host: "127.0.0.1", port: 0 });
      expect(tcp.server.peer).toMatchObject({ host: "127.0.0.1", port: expect.any(Number) });
      for (const { listener, client, server } of [unix, tcp]) {
        listener.close();
        client.close();
        server.close();
      }
    });

    test("closing one end is the end for the other", async () => {
      const { listener, client, server } = await pair({ path: place() });
      client.close();
      expect(await readAll(server.readable)).toHaveLength(0);
      const writer = server.writable.getWriter();
      await expect(
        (async () => {
          for (;;) await writer.write(new Uint8Array(1000));
        })(),
      ).rejects.toMatchObject({ code: "closed" });
      listener.close();
    });

    test.each<[string, Parameters<Agent["connect"]>[0], string, number]>([
      ["a path where nothing is", { path: "/tmp/no-such-socket" }, "socket", 2],
      ["a path that is no socket", { path: "/proc/self/stat" }, "socket", 111],
      ["a port where nobody listens", { host: "127.0.0.1", port: 1 }, "socket", 111],
      ["a relative path", { path: "tmp/socket" }, "bad-text", 0],
      ["a path that is too long", { path: `/${"x".repeat(107)}` }, "bad-text", 0],
      ["a host by name", { host: "localhost", port: 1 }, "bad-text", 0],
    ])("%s cannot be connected to", async (_what, address, code, errno) => {
      const stream = agent.connect(address);
      await expect(stream.opened).rejects.toMatchObject({ code, errno });
      await expect(readAll(stream.readable)).rejects.toMatchObject({ code });
    });

    test("an address in use is refused, a stale socket is replaced when asked, another file never", async () => {
      const path = place();
      const first = await agent.listen({ path }, () => {});
      await expect(agent.listen({ path }, () => {})).rejects.toMatchObject({ code: "socket", errno: 98 });
      const second = await agent.listen({ path }, () => {}, { replace: true });
      first.close();
      second.close();
      await run(`rm -f ${path}; echo precious > ${path}`);
      await expect(agent.listen({ path }, () => {}, { replace: true })).rejects.toMatchObject({
        code: "socket",
        errno: 98,
      });
      expect(await run(`cat ${path}; rm ${path}`)).toMatchObject({ stdout: "precious\n" });
    });

    test("a Unix socket has the permissions asked for, and is removed with its listener", async () => {
      const path = place();
      const listener = await agent.listen({ path }, () => {}, { mode: 0o660 });
      expect(await run(`stat -c %a ${path}`)).toMatchObject({ stdout: "660\n" });
      listener.close();
      await listener.closed;
      expect(await run(`test -e ${path}`)).toMatchObject({ exitCode: 1 });
    });

    test("connections beyond the slots wait, and leave room for commands", async () => {
      await agent.reset(); // Every slot is free.
      const path = place();
      const servers: Stream[] = [];
      let arrived = () => {};
      const listener = await agent.listen({ path }, (stream) => {
        servers.push(stream);
        arrived();
      });
      const accepted = (count: number) =>
        new Promise<void>((resolve) => {
          arrived = () => servers.length >= count && resolve();
          arrived();
        });
      // Both ends are streams of the same agent.
      const pairs = (STREAM_SLOTS - RESERVED_SLOTS) / 2;
      const clients = Array.from({ length: pairs + 5 }, () => agent.connect({ path }));
      await Promise.all(clients.map((client) => client.opened));
      const room = STREAM_SLOTS - RESERVED_SLOTS - clients.length - 1;
      await accepted(room);
      expect(await run("echo room")).toMatchObject({ stdout: "room\n" });
      expect(servers.length).toBe(room);
      for (const client of clients) client.close();
      for (const server of servers) server.close();
      await accepted(clients.length);
      listener.close();
      for (const server of servers) server.close();
    });
  });

  describe("bad frames", () => {
    const send = (...frames: Uint8Array[]) => connection.port.send(Buffer.concat(frames));
    const frame = encodeFrame;
    /** Streams opened behind its back: above what this connection counts to, so every test starts from a reset. */
    let freshId = 0x1000000;
    beforeEach(async () => void (await agent.reset()));
    afterAll(async () => void (await agent.reset()));

    const fixed = (flags: number, argc: number, envc: number) => {
      const head = new Uint8Array(28);
      head.set([flags, 0, 0, 0, 0, 0, argc, 0, envc, 0]);
      return head;
    };
    const request = (flags: number, argc: number, envc: number, texts: string | Uint8Array) =>
      Buffer.concat([fixed(flags, argc, envc), typeof texts === "string" ? Buffer.from(texts) : texts]);

    /** Everything the agent says about frames sent behind the back of its own side. */
    async function answers(make: (id: number) => Uint8Array[]) {
      const id = freshId++;
      const seen: { code: string; errno: number; stream: number; type: number }[] = [];
      let settle!: () => void;
      const done = new Promise<void>((resolve) => (settle = resolve));
      agent.onfault = (error, stream, type) => {
        if (stream === 0xffffff && type === 99) return settle();
        seen.push({ code: error.code, errno: error.errno, stream, type });
      };
      // An unknown type is always answered, so its answer marks the end.
      send(...make(id));
      send(frame(99, 0, 0xffffff));
      await done;
      agent.onfault = () => {};
      return { id, seen };
    }

    const run28 = (id: number, flags: number, argc: number, envc: number, texts: string | Uint8Array) => [
      frame(FrameType.RUN, 0, id, request(flags, argc, envc, texts)),
    ];

    test.each<[string, string, (id: number) => Uint8Array[]]>([
      ["an unknown type", "unknown-type", (id) => [frame(77, 0, id)]],
      ["a type that only the agent sends", "unknown-type", (id) => [frame(FrameType.HELLO, 0, id)]],
      ["the highest type", "unknown-type", (id) => [frame(255, 255, id, new Uint8Array(MAX_PAYLOAD_BYTES))]],
      ["a payload where none belongs", "bad-length", (id) => [frame(FrameType.SYNC, 0, id, Uint8Array.of(1))]],
      ["a reset with half a nonce", "bad-length", (id) => [frame(FrameType.RESET, 0, id, new Uint8Array(8))]],
      ["an empty request", "bad-length", (id) => [frame(FrameType.RUN, 0, id)]],
      ["a request cut short", "bad-length", (id) => [frame(FrameType.RUN, 0, id, new Uint8Array(20))]],
      ["a text without an end", "bad-length", (id) => run28(id, 0, 1, 0, "\0\0true")],
      ["unknown flags", "bad-field", (id) => run28(id, 0x80, 1, 0, "\0\0true\0")],
      ["a command without words", "bad-field", (id) => run28(id, 0, 0, 0, "\0\0")],
      ["a command without a name", "bad-text", (id) => run28(id, 0, 1, 0, "\0\0\0")],
      ["fewer texts than counted", "bad-text", (id) => run28(id, 0, 2, 0, "\0\0true\0")],
      ["more texts than counted", "bad-text", (id) => run28(id, 0, 1, 0, "\0\0true\0more\0")],
      ["a variable without a value", "bad-text", (id) => run28(id, 0, 1, 1, "\0\0true\0A\0")],
      ["a relative cgroup", "bad-text", (id) => run28(id, 0, 1, 0, "\0tmp\0true\0")],
      ["a lone UTF-8 continuation", "bad-text", (id) => run28(id, 0, 1, 0, Buffer.from([0, 0, 0x80, 0]))],
      ["an overlong UTF-8 form", "bad-text", (id) => run28(id, 0, 1, 0, Buffer.from([0, 0, 0xc0, 0xaf, 0]))],
      ["a surrogate in UTF-8", "bad-text", (id) => run28(id, 0, 1, 0, Buffer.from([0, 0, 0xed, 0xa0, 0x80, 0]))],
      ["a UTF-8 character cut by the end", "bad-text", (id) => run28(id, 0, 1, 0, Buffer.from([0, 0, 0xe2, 0x98, 0]))],
      [
        "a request on an odd channel",
        "bad-field",
        (id) => [frame(FrameType.RUN, 2, id, request(0, 1, 0, "\0\0true\0"))],
      ],
      ["a request on stream 0", "stream-order", () => run28(0, 0, 1, 0, "\0\0true\0")],
      ["a request on a stream of the agent's", "stream-order", () => run28(0x80000001, 0, 1, 0, "\0\0true\0")],
      [
        "a connection to a path with a NUL",
        "bad-text",
        (id) => [frame(FrameType.CONNECT, 0, id, Buffer.from("\0\0\0\0\0\0\0\0/a\0b", "latin1"))],
      ],
      [
        "a connection by an unknown family",
        "bad-text",
        (id) => [frame(FrameType.CONNECT, 0, id, Buffer.from("\x09\0\0\0\0\0\0\0/a", "latin1"))],
      ],
      [
        "a listener with unknown flags",
        "bad-field",
        (id) => [frame(FrameType.LISTEN, 0, id, Buffer.from("\0\x80\0\0\0\0\0\0\0\0\0\0/a", "latin1"))],
      ],
      ["data for nobody", "unknown-stream", (id) => [frame(FrameType.DATA, 0, id, Uint8Array.of(1))]],
      ["an end for nobody", "unknown-stream", (id) => [frame(FrameType.END, 0, id)]],
      ["credit for nobody", "unknown-stream", (id) => [frame(FrameType.CREDIT, 1, id, encodeU32(1))]],
      ["a signal for nobody", "unknown-stream", (id) => [frame(FrameType.KILL, 0, id, Uint8Array.of(9, 0))]],
      ["a size for nobody", "unknown-stream", (id) => [frame(FrameType.RESIZE, 0, id, new Uint8Array(4))]],
      ["too much entropy", "bad-length", (id) => [frame(FrameType.RESEED, 0, id, new Uint8Array(513))]],
    ])("%s is answered with %s", async (_what, code, make) => {
      const { seen } = await answers(make);
      expect(seen).toMatchObject([{ code }]);
    });

    test("a frame that is too long is skipped, and the next one is understood", async () => {
      const size = MAX_PAYLOAD_BYTES + 1;
      const { seen } = await answers(() => [
        Uint8Array.of(FrameType.DATA, 0, size, size >> 8, 1, 0, 0, 0),
        new Uint8Array(size).fill(1),
      ]);
      expect(seen).toMatchObject([{ code: "too-long" }]);
    });

    test("data without credit is refused, and the command goes on", async () => {
      const { seen } = await answers((id) => [
        ...run28(id, 2, 1, 0, "\0\0cat\0"),
        frame(FrameType.DATA, 1, id, Uint8Array.of(1)),
        frame(FrameType.END, 0, id),
        frame(FrameType.DATA, 0, id, Uint8Array.of(1)),
      ]);
      expect(seen.map(({ code }) => code)).toEqual(["bad-field", "bad-field"]);
    });

    test("more data than was granted is refused", async () => {
      // A stopped reader: the pipe fills up, then the window.
      const id = freshId++;
      let violations = 0;
      let settle!: () => void;
      const done = new Promise<void>((resolve) => (settle = resolve));
      agent.onfault = (error) => {
        if (error.code === "credit" && ++violations === 1) settle();
      };
      send(...run28(id, 2, 2, 0, "\0\0sleep\x001000\0"));
      const piece = frame(FrameType.DATA, 0, id, new Uint8Array(MAX_PAYLOAD_BYTES));
      for (let sent = 0; sent < 200_000 && !violations; sent += MAX_PAYLOAD_BYTES) {
        send(piece);
        await agent.reseed(Uint8Array.of(1)); // One at a time: a lost chunk would prove nothing.
      }
      await done;
      send(frame(FrameType.CLOSE, 0, id));
      agent.onfault = () => {};
      await agent.reset();
    });

    test("credit beyond counting is held, and said so", async () => {
      const { seen } = await answers((id) => [
        ...run28(id, 2, 1, 0, "\0\0cat\0"),
        frame(FrameType.CREDIT, 1, id, encodeU32(0xffffffff)),
        frame(FrameType.CREDIT, 1, id, encodeU32(1)),
        frame(FrameType.CREDIT, 0, id, encodeU32(1)),
        frame(FrameType.CLOSE, 0, id),
      ]);
      expect(seen.map(({ code }) => code)).toEqual(["credit", "bad-field"]);
    });

    test("frames that cross the end of their stream are no fault", async () => {
      const { id } = await answers((id) => [...run28(id, 2, 1, 0, "\0\0cat\0"), frame(FrameType.CLOSE, 0, id)]);
      const { seen } = await answers(() => [
        frame(FrameType.DATA, 0, id, Uint8Array.of(1)),
        frame(FrameType.CREDIT, 1, id, encodeU32(1)),
        frame(FrameType.KILL, 0, id, Uint8Array.of(9, 0)),
        frame(FrameType.CLOSE, 0, id),
      ]);
      expect(seen).toEqual([]);
    });

    test("an id that was used is refused for something new", async () => {
      const { id } = await answers((id) => [...run28(id, 2, 1, 0, "\0\0cat\0"), frame(FrameType.CLOSE, 0, id)]);
      const { seen } = await answers(() => run28(id, 2, 1, 0, "\0\0cat\0"));
      expect(seen).toMatchObject([{ code: "stream-order", stream: id }]);
    });

    test("a request that another interrupts is dropped, and the other runs", async () => {
      const seen: number[] = [];
      await agent.reset();
      agent.onfault = (error, stream) => error.code === "stream-order" && seen.push(stream);
      send(frame(FrameType.RUN, 1, 5, request(0, 1, 0, "\0\0tr")));
      const answer = await agent.execute({ argv: ["true"] });
      agent.onfault = () => {};
      expect(answer).toMatchObject({ exitCode: 0 });
      expect(seen).toEqual([5]);
    });

    test(`garbage is survived: ${fuzzRounds} rounds`, async () => {
      const seed = Number(process.env.SEED ?? (Math.random() * 2 ** 32) >>> 0);
      console.log(`agent fuzz: SEED=${seed}`);
      const next = random(seed);
      const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)];
      const types = Object.values(FrameType).filter((type) => type !== FrameType.RESET);
      const noise = (size: number) => Uint8Array.from({ length: size }, () => next() * 256);
      /** A frame that is right in most ways. */
      const plausible = (id: number): Uint8Array => {
        const payloads = [
          noise(Math.floor(next() ** 3 * MAX_PAYLOAD_BYTES)),
          request(
            Math.floor(next() * 8),
            1 + Math.floor(next() * 2),
            0,
            pick(["\0\0cat\0", "/tmp\0\0true\0x\0", "\0\0sleep\x0010\0"]),
          ),
          Buffer.concat([noise(8), Buffer.from("/tmp/agent-spec-none")]),
          encodeU32(next() * 2 ** 32),
          Uint8Array.of(next() * 80, next() * 3),
          new Uint8Array(0),
        ];
        return frame(pick(types), pick([0, 0, 0, 1, 2, 255]), pick([id, id, 0, 1, 0x80000000]), pick(payloads));
      };
      const port = connection.port;
      for (let round = 0, id = 1; round < fuzzRounds; round++) {
        const parts: Uint8Array[] = [];
        for (let size = 0; size < CHUNK_BYTES; size += parts.at(-1)!.length) {
          const part = Uint8Array.from(plausible(next() < 0.5 ? id++ : id));
          if (next() < 0.3 && part.length) part[Math.floor(next() * part.length)] ^= 1 << Math.floor(next() * 8);
          parts.push(next() < 0.1 ? part.subarray(0, next() * part.length) : part);
        }
        // Whatever this leaves behind, a reset must be heard, and everything work.
        port.send(Uint8Array.from(Buffer.concat(parts).subarray(0, CHUNK_BYTES)));
        await agent.reset();
        const result = printed(await agent.execute({ argv: ["cat"] }, bytes("still here")));
        expect(result, `SEED=${seed} round ${round}`).toMatchObject({ exitCode: 0, stdout: "still here" });
      }
    });
  });

  describe("a reset", () => {
    test("ends everything: commands, terminals, connections, listeners", async () => {
      const path = place();
      const accepted: Stream[] = [];
      const listener = await agent.listen({ path }, (stream) => accepted.push(stream));
      const client = agent.connect({ path });
      const commands: Process[] = [
        agent.run({ script: "echo $$; exec sleep 1000" }),
        agent.run({ script: "sleep 1000 & echo $!; wait" }),
        agent.run({ script: "echo $$; exec sleep 1000", pty: { cols: 80, rows: 24 } }),
        agent.run({ script: "echo $$; exec cat > /dev/null", stdin: true }),
        agent.run({ script: "echo $$; exec yes" }),
      ];
      const pids = await Promise.all(commands.map(async (command) => parseInt(await expecting(command.stdout)("\n"))));
      const writing = expect(writeAll(commands[3].stdin, new Uint8Array(64 << 20))).rejects.toMatchObject({
        code: "reset",
      });
      await client.opened;

      await agent.reset();

      for (const command of commands) await expect(command.exited).rejects.toMatchObject({ code: "reset" });
      await writing;
      await expect(readAll(client.readable)).rejects.toMatchObject({ code: "reset" });
      await listener.closed;
      for (const pid of pids) await gone(pid);
      expect(await run(`test -e ${path}`)).toMatchObject({ exitCode: 1 });
    });

    test("is heard in the middle of any frame", async () => {
      const whole = encodeFrame(FrameType.DATA, 0, 3, new Uint8Array(MAX_PAYLOAD_BYTES).fill(1));
      for (const size of [1, 3, 4, 7, 8, 9, 100, whole.length - 1]) {
        connection.port.send(whole.slice(0, size));
        await agent.reset();
        expect(await agent.execute({ argv: ["true"] }), `cut at ${size}`).toMatchObject({ exitCode: 0 });
      }
    });

    test("is heard in the middle of a frame that is too long", async () => {
      for (const size of [8, 9, 1000, CHUNK_BYTES]) {
        const claim = new Uint8Array(size).fill(1);
        claim.set([FrameType.DATA, 0, 0xff, 0xff]);
        connection.port.send(claim);
        await agent.reset();
        expect(await agent.execute({ argv: ["true"] }), `${size} bytes of it`).toMatchObject({ exitCode: 0 });
      }
    });

    test("forgets a request of which only the first frame came", async () => {
      connection.port.send(encodeFrame(FrameType.RUN, 1, 9, new Uint8Array(MAX_PAYLOAD_BYTES)));
      await agent.reset();
      expect(await agent.execute({ argv: ["true"] })).toMatchObject({ exitCode: 0 });
    });

    test("overtakes one that was not answered yet", async () => {
      const first = agent.reset();
      const second = agent.reset();
      await expect(first).rejects.toMatchObject({ code: "reset" });
      await second;
      expect(await agent.execute({ argv: ["true"] })).toMatchObject({ exitCode: 0 });
    });

    test("refuses everything until it is answered", async () => {
      const answered = agent.reset();
      await expect(agent.execute({ argv: ["true"] })).rejects.toMatchObject({ code: "not-ready" });
      await answered;
    });

    test("leaves alone what a finished command left in the background", async () => {
      const { stdout } = await run("sleep 1000 >/dev/null 2>&1 & echo $!");
      await agent.reset();
      expect(await run(`kill ${stdout.trim()}`)).toMatchObject({ exitCode: 0 });
    });
  });
}
