import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testCli } from "../../tests/support/engine/cli-io";
import { startRecorder } from "../../tests/support/engine/recorder";
import type { Recorder } from "../../tests/support/engine/recorder";
import type { ExplainRequest } from "./glass";
import { run } from "./main";

let recorder: Recorder;
beforeAll(async () => {
  recorder = await startRecorder();
});
afterAll(() => recorder.close());
beforeEach(() => {
  recorder.say({
    "POST /glassbox/explain": { chunks: ["1. makes a cgroup, ", "because …\n"] },
    "GET /glassbox/trace/7": { chunks: ["mkdir /sys/fs/cgroup/x\n"] },
  });
  recorder.take();
});

const box = async (line: string) => {
  const io = testCli(recorder.port);
  const status = await run(["box", ...line.split(" ")], io);
  return { status, stdout: io.stdoutText(), stderr: io.stderrText(), requests: recorder.take() };
};

describe("--explain", () => {
  test("asks for the plan of what it would ask for, prints it, and asks for nothing else", async () => {
    const { status, stdout, requests } = await box("run --explain --rm -m 64m --name x busybox true");
    expect([status, stdout]).toEqual([0, "1. makes a cgroup, because …\n"]);
    expect(requests).toHaveLength(1);
    const { argv, requests: explained } = requests[0].body as ExplainRequest;
    expect(argv).toEqual("run --explain --rm -m 64m --name x busybox true".split(" "));
    expect(explained).toMatchObject([
      {
        method: "POST",
        path: "/containers/create",
        query: { name: "x" },
        body: { Image: "busybox", Cmd: ["true"], HostConfig: { Memory: 67108864 } },
      },
      { method: "POST", path: "/containers/{id}/start", query: {} },
    ]);
  });

  test.each([
    ["stop --explain -t 3 web", "/containers/web/stop"],
    ["rm --explain web", "/containers/web"],
    ["exec --explain web ls", "/containers/web/exec"],
    ["pull --explain busybox", "/images/create"],
    ["network create --explain mine", "/networks/create"],
    ["volume rm --explain data", "/volumes/data"],
    ["system prune -f --explain", "/containers/prune"],
    ["start -a --explain web", `/containers/1`],
  ])("%s", async (line, path) => {
    const { status, requests } = await box(line);
    expect(status).toBe(0);
    const changing = requests.filter((request) => request.method !== "GET");
    expect(changing.map((request) => request.path)).toEqual(["/glassbox/explain"]);
    expect((changing[0].body as ExplainRequest).requests[0].path).toContain(path);
  });

  test("what only reads does as ever", async () => {
    const { stdout } = await box("ps -q --explain");
    expect(stdout).toBe("10123456789a\n20123456789a\n");
  });

  test("an engine that cannot explain is named, and nothing is run instead", async () => {
    recorder.say({});
    const { status, stderr, requests } = await box("stop --explain web");
    expect(status).toBe(1);
    expect(stderr).toContain("This engine does not explain");
    expect(requests).toHaveLength(1);
  });
});

describe("--trace", () => {
  test("runs, and prints to stderr what the engine tells of each request", async () => {
    recorder.say({
      "POST /containers/*/stop": { status: 204, headers: { "X-Glassbox-Trace": "7" } },
      "GET /glassbox/trace/7": { chunks: ["mkdir /sys/fs/cgroup/x\n"] },
    });
    const { status, stdout, stderr, requests } = await box("stop --trace web");
    expect([status, stdout, stderr]).toEqual([0, "web\n", "mkdir /sys/fs/cgroup/x\n"]);
    expect(requests[0].headers["x-glassbox-trace"]).toBe("1");
  });

  test("an engine that does not trace is no failure", async () => {
    expect(await box("stop --trace web")).toMatchObject({ status: 0, stdout: "web\n", stderr: "" });
  });
});

test("the program is called in messages as it was called", async () => {
  expect((await box("nonsense")).stderr).toBe(
    "box: unknown command: box nonsense\n\nRun 'box --help' for more information\n",
  );
});
