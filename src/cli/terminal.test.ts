/** What happens between a terminal and a raw stream: sizes, keys, signals, and the terminal given back at the end. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testCli } from "../../tests/support/engine/cli-io";
import type { TestCli } from "../../tests/support/engine/cli-io";
import { concat, frame, startRecorder } from "../../tests/support/engine/recorder";
import type { Recorder } from "../../tests/support/engine/recorder";
import { run } from "./main";

let recorder: Recorder;
beforeAll(async () => {
  recorder = await startRecorder();
});
afterAll(() => recorder.close());
beforeEach(() => {
  recorder.say({});
  recorder.take();
});

/** Somebody at the keyboard. */
const keyboard = () => {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const stdin = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
  return {
    stdin,
    type: (text: string) => controller.enqueue(new TextEncoder().encode(text)),
    end: () => controller.close(),
  };
};

const terminal = (log: string[], size = { cols: 100, rows: 30 }) => {
  let listener = (): void => undefined;
  return {
    tty: {
      get cols() {
        return size.cols;
      },
      get rows() {
        return size.rows;
      },
      raw: (on: boolean) => void log.push(on ? "raw" : "cooked"),
      onresize: (given: () => void) => {
        listener = given;
        return () => {
          log.push("unwatched");
        };
      },
    },
    resize: (cols: number, rows: number) => {
      Object.assign(size, { cols, rows });
      listener();
    },
  };
};

const asked = (path: RegExp) => recorder.take().filter((request) => path.test(request.path));

/** Resolves when `test` holds, asked again after each output. */
const until = (io: () => TestCli, wanted: string, watch: Set<() => void>): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (!io().allText().includes(wanted)) return;
      watch.delete(look);
      resolve();
    };
    watch.add(look);
    look();
  });

describe("a terminal of the container's", () => {
  test("is raw while it is attached, has the size of ours, and its output is taken as it is", async () => {
    const log: string[] = [];
    const { tty } = terminal(log);
    recorder.say({
      "POST /containers/*/attach": { upgrade: new TextEncoder().encode("\x1b[1m$ \x1b[0m"), hangUp: true },
    });
    const io = testCli(recorder.port, { tty, stdin: keyboard().stdin });
    expect(await run(["docker", "run", "-it", "busybox", "sh"], io)).toBe(3);
    expect(io.stdoutText()).toBe("\x1b[1m$ \x1b[0m");
    expect(log).toEqual(["raw", "cooked", "unwatched"]);
    const requests = recorder.take();
    expect(requests.find((request) => request.path.endsWith("/create"))?.body).toMatchObject({
      HostConfig: { ConsoleSize: [30, 100] },
    });
    expect(requests.find((request) => request.path.endsWith("/resize"))?.query).toEqual({ h: "30", w: "100" });
  });

  test("the keys to detach leave it running, with what was typed before them sent and the rest not", async () => {
    const log: string[] = [];
    const { tty } = terminal(log);
    const { stdin, type } = keyboard();
    recorder.say({ "POST /containers/*/attach": { upgrade: new TextEncoder().encode("$ ") } });
    const io = testCli(recorder.port, { tty, stdin });
    type("ls\r\x10x\x10\x11never sent");
    expect(await run(["docker", "run", "-it", "busybox"], io)).toBe(0);
    expect(recorder.received()).toBe("ls\r\x10x");
    expect(log).toEqual(["raw", "cooked", "unwatched"]);
  });

  test("other keys detach when they are asked for", async () => {
    const { stdin, type } = keyboard();
    recorder.say({ "POST /exec/*/start": { upgrade: new TextEncoder().encode("$ ") } });
    const io = testCli(recorder.port, { tty: terminal([]).tty, stdin });
    type("a\x10\x11b\x01q");
    expect(await run(["docker", "exec", "-it", "--detach-keys", "ctrl-a,q", "web", "sh"], io)).toBe(0);
    expect(recorder.received()).toBe("a\x10\x11b");
  });

  test("attach says that it was left, as docker does", async () => {
    const { stdin, type } = keyboard();
    recorder.say({
      "GET /containers/*/json": (_, answers) => ({ json: answers.container({ tty: true, stdin: true }) }),
      "POST /containers/*/attach": { upgrade: new TextEncoder().encode("$ ") },
    });
    const io = testCli(recorder.port, { tty: terminal([]).tty, stdin });
    type("\x10\x11");
    expect(await run(["docker", "attach", "web"], io)).toBe(1);
    expect(io.stderrText()).toBe("read escape sequence\n");
  });

  test("a new size is told", async () => {
    const { stdin, type } = keyboard();
    const { tty, resize } = terminal([]);
    const watch = new Set<() => void>();
    let resized = (): void => undefined;
    const told = new Promise<void>((resolve) => void (resized = resolve));
    recorder.say({
      "POST /containers/*/attach": { upgrade: new TextEncoder().encode("ready") },
      "POST /containers/*/resize": (request) => {
        if (request.query.w === "100") setImmediate(() => resize(40, 12));
        else resized();
        return {};
      },
    });
    const io: TestCli = testCli(recorder.port, { tty, stdin, onOutput: () => watch.forEach((look) => look()) });
    const running = run(["docker", "run", "-it", "busybox"], io);
    await until(() => io, "ready", watch);
    await told;
    type("\x10\x11");
    expect(await running).toBe(0);
    expect(asked(/resize/).map((request) => request.query)).toEqual([
      { h: "30", w: "100" },
      { h: "12", w: "40" },
    ]);
  });
});

describe("without a terminal", () => {
  test("stdin is sent to its end, and stdout and stderr are told apart", async () => {
    recorder.say({ "POST /containers/*/attach": { upgrade: concat(frame(1, "out"), frame(2, "err")) } });
    const io = testCli(recorder.port, { stdin: "typed\n\x10\x11" });
    expect(await run(["docker", "run", "-i", "busybox", "cat"], io)).toBe(3);
    expect([io.stdoutText(), io.stderrText(), recorder.received()]).toEqual(["out", "err", "typed\n\x10\x11"]);
  });

  test("a signal goes to the container", async () => {
    const { stdin, end } = keyboard();
    const watch = new Set<() => void>();
    recorder.say({
      "POST /containers/*/attach": { upgrade: frame(1, "ready") },
      "POST /containers/*/kill": () => {
        setImmediate(end);
        return { status: 204 };
      },
    });
    const io: TestCli = testCli(recorder.port, { stdin, onOutput: () => watch.forEach((look) => look()) });
    const running = run(["docker", "run", "-i", "busybox"], io);
    await until(() => io, "ready", watch);
    io.signal("SIGWINCH");
    io.signal("SIGINT");
    expect(await running).toBe(3);
    expect(asked(/kill/).map((request) => request.query)).toEqual([{ signal: "INT" }]);
  });

  test("a signal ends what only watches, with the signal's status", async () => {
    const watch = new Set<() => void>();
    // Node's server sends chunks at once and the end only with the last: an answer that is upgraded has none.
    recorder.say({
      "GET /events": {
        chunks: [
          '{"Type":"container","Action":"start","Actor":{"ID":"x","Attributes":{}},"time":1,"timeNano":1000000000}\n',
        ],
        open: true,
      },
    });
    const io: TestCli = testCli(recorder.port, { onOutput: () => watch.forEach((look) => look()) });
    const running = run(["docker", "events"], io);
    await until(() => io, "container start", watch);
    io.signal("SIGINT");
    expect(await running).toBe(130);
  });
});

test("what the engine refuses to attach is told in its words", async () => {
  recorder.say({ "POST /containers/*/attach": { status: 409, json: { message: "container is paused" } } });
  const io = testCli(recorder.port);
  expect(await run(["docker", "start", "-a", "web"], io)).toBe(1);
  expect(io.stderrText()).toBe("Error response from daemon: container is paused\n");
});

test("stats on a terminal are drawn over what was there", async () => {
  const io = testCli(recorder.port, { tty: terminal([]).tty });
  expect(await run(["docker", "stats", "web"], io)).toBe(0);
  expect(io.stdoutText()).toMatch(/^\x1b\[HCONTAINER ID .*\x1b\[K\n10123456789a +web +10\.00% .*\x1b\[K\n\x1b\[J$/);
});
