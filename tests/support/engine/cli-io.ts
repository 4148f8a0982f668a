import { spawn } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { basename, dirname } from "node:path";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Cli, Files, Tty, Upgraded } from "../../../src/cli/io";

const headersOf = (response: IncomingMessage): Headers =>
  new Headers(Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]));

const webReadable = (readable: Readable): ReadableStream<Uint8Array> =>
  Readable.toWeb(readable) as ReadableStream<Uint8Array>;

/** Sends a request over TCP with Node's own client. `upgrade` asks for a raw stream. */
const send = (port: number, request: Request, upgrade: boolean) =>
  new Promise<{ response: IncomingMessage; socket?: import("node:stream").Duplex; head?: Buffer }>(
    (resolve, reject) => {
      const url = new URL(request.url);
      const headers: Record<string, string> = Object.fromEntries(request.headers);
      void request
        .clone()
        .arrayBuffer()
        .then((body) => {
          const outgoing = httpRequest({
            port,
            host: "127.0.0.1",
            method: request.method,
            path: url.pathname + url.search,
            headers: {
              ...headers,
              ...(upgrade ? { Connection: "Upgrade", Upgrade: "tcp" } : {}),
              ...(body.byteLength > 0 || request.method === "POST"
                ? { "Content-Length": String(body.byteLength) }
                : {}),
            },
          });
          outgoing.on("response", (response) => resolve({ response }));
          outgoing.on("upgrade", (response, socket, head) => resolve({ response, socket, head }));
          outgoing.on("error", reject);
          request.signal?.addEventListener("abort", () => outgoing.destroy());
          outgoing.end(Buffer.from(body));
        }, reject);
    },
  );

const fsError = (call: string, path: string, thrown: unknown): Error => {
  const code = (thrown as NodeJS.ErrnoException).code;
  const words: Record<string, string> = {
    ENOENT: "no such file or directory",
    EACCES: "permission denied",
    EISDIR: "is a directory",
  };
  return new Error(`${call} ${path}: ${words[code ?? ""] ?? String(thrown)}`);
};

/** Files of this machine; tars are made and unpacked by the system's own tar. */
export const nodeFiles: Files = {
  stat: async (path) => {
    const found = await stat(path).catch(() => undefined);
    if (!found) return undefined;
    return {
      kind: found.isDirectory() ? "directory" : found.isFile() ? "file" : "other",
      sizeBytes: found.size,
      mode: found.mode & 0o7777,
    };
  },
  read: async (path) => {
    await stat(path).catch((thrown) => {
      throw fsError("open", path, thrown);
    });
    return webReadable(createReadStream(path));
  },
  write: async (path, content) => pipeline(Readable.fromWeb(content as never), createWriteStream(path)),
  remove: (path) => rm(path),
  tar: async (path) => {
    const isDirectory = (await stat(path)).isDirectory();
    const child = spawn("tar", isDirectory ? ["-C", path, "-c", "."] : ["-C", dirname(path), "-c", basename(path)]);
    return webReadable(child.stdout);
  },
  untar: async (path, archive) => {
    const child = spawn("tar", ["-C", path, "-x"], { stdio: ["pipe", "ignore", "inherit"] });
    const done = new Promise<void>((resolve, reject) =>
      child.on("close", (status) => (status === 0 ? resolve() : reject(new Error(`tar ended with ${status}`)))),
    );
    await pipeline(Readable.fromWeb(archive as never), child.stdin);
    await done;
  },
};

export interface TestCli extends Cli {
  stdoutText(): string;
  stderrText(): string;
  /** Both, in the order in which they were written. */
  allText(): string;
  signal(name: string): void;
}

/** A world for the command line: an engine at a port of this machine, texts for its streams. */
export const testCli = (
  port: number,
  options: {
    stdin?: string | Uint8Array | ReadableStream<Uint8Array>;
    tty?: Pick<Tty, "cols" | "rows"> & Partial<Tty>;
    env?: Record<string, string>;
    cwd?: string;
    nowMs?: number;
    onOutput?: (text: string) => void;
  } = {},
): TestCli => {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const all: Buffer[] = [];
  const sink = (into: Buffer[]): WritableStream<Uint8Array> =>
    new WritableStream({
      write: (chunk) => {
        into.push(Buffer.from(chunk));
        all.push(Buffer.from(chunk));
        options.onOutput?.(Buffer.from(chunk).toString());
      },
    });
  // Not copied: its size may be another one each time it is read.
  const tty =
    options.tty &&
    (Object.assign(options.tty, {
      onresize: options.tty.onresize ?? (() => () => undefined),
      raw: options.tty.raw ?? (() => undefined),
    }) as Tty);
  const pending: string[] = [];
  let wake = (): void => undefined;
  const stdin =
    options.stdin instanceof ReadableStream
      ? options.stdin
      : new ReadableStream<Uint8Array>({
          start: (controller) => {
            const given = options.stdin as string | Uint8Array | undefined;
            const bytes = typeof given === "string" ? new TextEncoder().encode(given) : given;
            if (bytes && bytes.length > 0) controller.enqueue(bytes);
            controller.close();
          },
        });
  return {
    fetch: async (request) => {
      const { response } = await send(port, request, false);
      const hasBody = request.method !== "HEAD" && ![204, 304].includes(response.statusCode ?? 0);
      return new Response(hasBody ? webReadable(response) : null, {
        status: response.statusCode,
        statusText: response.statusMessage,
        headers: headersOf(response),
      });
    },
    upgrade: async (request): Promise<Upgraded> => {
      const { response, socket, head } = await send(port, request, true);
      const status = response.statusCode ?? 0;
      if (!socket) {
        const writable = new WritableStream<Uint8Array>();
        return { status, headers: headersOf(response), readable: webReadable(response), writable };
      }
      if (head && head.length > 0) socket.unshift(head);
      socket.on("error", () => undefined);
      return {
        status,
        headers: headersOf(response),
        readable: webReadable(socket as never),
        writable: Writable.toWeb(socket),
      };
    },
    stdin,
    stdout: sink(out),
    stderr: sink(err),
    tty,
    signals: {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          while (pending.length === 0)
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          return { done: false, value: pending.shift() as string };
        },
      }),
    },
    cwd: options.cwd ?? process.cwd(),
    env: options.env ?? {},
    files: nodeFiles,
    now: () => options.nowMs ?? Date.now(),
    stdoutText: () => Buffer.concat(out).toString(),
    stderrText: () => Buffer.concat(err).toString(),
    allText: () => Buffer.concat(all).toString(),
    signal: (name) => {
      pending.push(name);
      wake();
    },
  };
};
