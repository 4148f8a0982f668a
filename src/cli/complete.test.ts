import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { testCli } from "../../tests/support/engine/cli-io";
import { startRecorder } from "../../tests/support/engine/recorder";
import type { Recorder } from "../../tests/support/engine/recorder";
import { complete } from "./complete";

let recorder: Recorder;
beforeAll(async () => {
  recorder = await startRecorder();
});
afterAll(() => recorder.close());
beforeEach(() => {
  recorder.say({});
  recorder.take();
});

/** The last word is what has been typed of it; `_` for nothing. */
const offered = (line: string) =>
  complete(
    line.split(" ").map((word) => (word === "_" ? "" : word)),
    testCli(recorder.port),
  );

test.each([
  ["docker e", ["events", "exec", "export"]],
  ["docker vol", ["volume"]],
  ["docker --debug vol", ["volume"]],
  ["docker volume _", ["create", "inspect", "ls", "prune", "rm"]],
  ["docker volume c", ["create"]],
  ["docker run --net", ["--network", "--network-alias"]],
  ["docker --de", ["--debug"]],
  ["docker stop _", ["job", "web"]],
  ["docker stop web j", ["job"]],
  ["docker rmi ng", ["nginx", "nginx:1.27", "nginx:latest"]],
  ["docker run -it bu", ["busybox", "busybox:latest"]],
  ["docker run --name x bu", ["busybox", "busybox:latest"]],
  ["docker run --network m", ["mine"]],
  ["docker run --restart _", ["always", "no", "on-failure", "unless-stopped"]],
  ["docker network rm mi", ["mine"]],
  ["docker volume rm d", ["data"]],
  ["docker rename web _", ["job", "web"]],
  ["docker rename web x _", []],
  ["docker run busybox -", []],
  ["docker nonsense _", []],
])("%s", async (line, words) => {
  expect((await offered(line)).words).toEqual(words);
});

test("files are offered where a file is wanted", async () => {
  for (const line of ["docker build _", "docker run --env-file _", "docker run busybox _", "docker load -i _"])
    expect((await offered(line)).files, line).toBe(true);
  expect((await offered("docker stop _")).files).toBe(false);
});

test("an engine that fails offers nothing", async () => {
  recorder.say({ "GET /containers/json": { status: 500, json: { message: "broken" } } });
  expect(await offered("docker stop _")).toEqual({ words: [], files: false });
});
