/** The docker command line for those who type it in the guest: it thinks here, and has its terminal there. */
import { run } from "../cli/main";
import type { Cli, Tty, Upgraded } from "../cli/io";
import { Order, Report } from "../protocol/command-line";
import type { Engine } from "../engine/engine";
import type { Client } from "../protocol/exchange";
import type { Guest } from "../engine/guest";
import type { Duplex } from "../engine/http/connection";
import { guestFiles } from "./guest-files";
import { decodeGreeting, decodeSize, readMessages, type Greeting, type Message } from "./messages";
import { openOutbox, type Outbox } from "./outbox";

/** Signals of the guest (i386) by number. */
const SIGNALS: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  10: "SIGUSR1",
  12: "SIGUSR2",
  15: "SIGTERM",
};

export interface CommandLineOptions {
  guest: Guest;
  /** Started when the first request needs it. */
  engine(): Promise<Engine>;
  /** The process that typed the command. */
  pid: number;
}

/** Serves one command from its greeting to its exit. Never rejects. */
export async function serveCommandLine(connection: Duplex, options: CommandLineOptions): Promise<void> {
  const outbox = openOutbox(connection.writable);
  const messages = readMessages(connection.readable);
  try {
    const first = await messages.next();
    if (first.done || first.value.type !== Report.HELLO) return;
    const greeting = decodeGreeting(first.value.body);
    const session = openSession(greeting, options, outbox);
    const ended = run(greeting.argv, session.cli);
    void session.listen(messages);
    const status = await ended;
    session.close();
    await outbox.send(Order.EXIT, Uint8Array.of(status));
    await outbox.close();
  } catch {
    // Whoever typed the command has gone, and with it everybody who could be told.
  }
}

function openSession(greeting: Greeting, options: CommandLineOptions, outbox: Outbox) {
  const { terminal } = greeting;
  const client: Client = { kind: "command-line", pid: options.pid, argv: greeting.argv };

  let input: ReadableStreamDefaultController<Uint8Array> | undefined;
  let waiting: (() => void) | undefined;
  const stdin = new ReadableStream<Uint8Array>(
    {
      start: (controller) => void (input = controller),
      // Asked for piece by piece, so that what nobody reads stays where it was typed.
      pull: () =>
        new Promise<void>((resolve) => {
          waiting = resolve;
          outbox.send(Order.READ).catch(() => resolve());
        }),
    },
    { highWaterMark: 0 },
  );
  const output = (type: number) => new WritableStream<Uint8Array>({ write: (bytes) => outbox.send(type, bytes) });

  const size = { cols: greeting.cols, rows: greeting.rows };
  const resized = new Set<() => void>();
  const tty: Tty = {
    get cols() {
      return size.cols;
    },
    get rows() {
      return size.rows;
    },
    ...terminal,
    onresize(listener) {
      resized.add(listener);
      return () => resized.delete(listener);
    },
    raw: (on) => outbox.send(Order.RAW, Uint8Array.of(on ? 1 : 0)),
  };
  const signals = queue<string>();
  const gone: (() => void)[] = [];

  const cli: Cli = {
    fetch: async (request) => {
      const answer = await (await options.engine()).handle(request, client);
      return answer instanceof Response
        ? answer
        : new Response("this answer needs a connection of its own", { status: 400 });
    },
    upgrade: async (request) => upgrade(await options.engine(), request, client, gone),
    stdin,
    stdout: output(Order.OUTPUT),
    stderr: output(Order.ERRORS),
    ...(terminal.stdin || terminal.stdout || terminal.stderr ? { tty } : {}),
    signals: signals.values,
    cwd: greeting.cwd,
    env: greeting.env,
    files: guestFiles(options.guest, options.pid),
    now: Date.now,
  };

  function receive({ type, body }: Message) {
    switch (type) {
      case Report.INPUT:
        if (body.length > 0) input?.enqueue(body);
        else input?.close();
        waiting?.();
        break;
      case Report.SIGNAL:
        if (SIGNALS[body[0]]) signals.push(SIGNALS[body[0]]);
        break;
      case Report.SIZE:
        Object.assign(size, decodeSize(body));
        for (const listener of resized) listener();
    }
  }

  /** Until the command has ended, or whoever typed it has gone, which is as if they hung up. */
  async function listen(messages: AsyncIterable<Message>) {
    try {
      for await (const message of messages) receive(message);
    } catch {
      // Told below, as every other way to go.
    }
    signals.push("SIGHUP");
  }

  return { cli, listen, close: () => gone.forEach((cut) => cut()) };
}

/** A request for a raw stream, without a network between. */
async function upgrade(engine: Engine, request: Request, client: Client, gone: (() => void)[]): Promise<Upgraded> {
  const answer = await engine.handle(request, client);
  if (answer instanceof Response) {
    const readable = answer.body ?? new Blob([]).stream();
    return { status: answer.status, headers: answer.headers, readable, writable: new WritableStream() };
  }
  const [toClient, toServer] = [pipe(), pipe()];
  gone.push(toClient.cut, toServer.cut);
  void answer.hijack.serve({ readable: toServer.readable, writable: toClient.writable }).catch(() => {});
  return { status: 101, headers: new Headers(), readable: toClient.readable, writable: toServer.writable };
}

/** Bytes from one side to the other; `cut` tells both that nobody is there any more. */
function pipe() {
  let cut = () => {};
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => void (cut = () => controller.error(new Error("the client has gone"))),
  });
  return { readable, writable, cut: () => cut() };
}

/** What is pushed, in order, for one who reads. */
function queue<T>(): { push(value: T): void; values: AsyncIterable<T> } {
  const held: T[] = [];
  let wake: (() => void) | undefined;
  async function* values() {
    for (;;) {
      while (held.length > 0) yield held.shift()!;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    push(value) {
      held.push(value);
      wake?.();
    },
    values: values(),
  };
}
