/** What users see, written out: it holds where there is no docker to compare with. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testCli } from "../../tests/support/engine/cli-io";
import { startRecorder } from "../../tests/support/engine/recorder";
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

const docker = async (...argv: string[]) => {
  const io = testCli(recorder.port);
  const status = await run(["/usr/bin/docker", ...argv], io);
  return { status, stdout: io.stdoutText(), stderr: io.stderrText() };
};

test("ps", async () => {
  expect(await docker("ps", "-a")).toEqual({
    status: 0,
    stderr: "",
    stdout:
      "CONTAINER ID   IMAGE          COMMAND                  CREATED       STATUS                    PORTS                                                                                NAMES\n" +
      '10123456789a   nginx:1.27     "/docker-entrypoint.…"   3 hours ago   Up 3 hours (healthy)      443/tcp, 0.0.0.0:7001-7002->7001-7002/udp, 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp   web\n' +
      '20123456789a   c0123456789a   "sh"                     2 days ago    Exited (137) 2 days ago                                                                                        job\n',
  });
});

test("run asks in the order in which nothing is missed: create, attach, wait, start", async () => {
  expect(await docker("run", "--rm", "-e", "A=1", "-m", "64m", "busybox", "echo", "-n", "hello")).toEqual({
    status: 3,
    stdout: "hello\n",
    stderr: "trouble\n",
  });
  const requests = recorder.take();
  const path = `/containers/${recorder.answers.id("1")}`;
  expect(requests.map((request) => `${request.method} ${request.path}`)).toEqual([
    "POST /containers/create",
    `POST ${path}/attach`,
    `POST ${path}/wait`,
    `POST ${path}/start`,
  ]);
  expect(requests[0].body).toMatchObject({
    Image: "busybox",
    Cmd: ["echo", "-n", "hello"],
    Env: ["A=1"],
    HostConfig: { Memory: 64 * 1024 * 1024, AutoRemove: true },
  });
  expect(requests[2].query).toEqual({ condition: "removed" });
});

test("an image that is not there is pulled, and the container is made after all", async () => {
  let asked = 0;
  recorder.say({
    "POST /containers/create": (_, answers) =>
      asked++ === 0
        ? { status: 404, json: { message: "No such image: busybox:latest" } }
        : { status: 201, json: { Id: answers.id("1"), Warnings: [] } },
  });
  const { status, stdout, stderr } = await docker("create", "busybox");
  expect([status, stdout]).toEqual([0, `${recorder.answers.id("1")}\n`]);
  expect(stderr).toMatch(/^Unable to find image 'busybox:latest' locally\nlatest: Pulling from library\/busybox\n/);
});

describe("failures", () => {
  test.each([
    ["No such container: x", ["stop", "x"], 1, "Error response from daemon: No such container: x\n"],
    [
      "Conflict.",
      ["run", "x"],
      125,
      "docker: Error response from daemon: Conflict.\n\nRun 'docker run --help' for more information\n",
    ],
  ])("%s", async (message, argv, status, stderr) => {
    recorder.say({
      "POST /containers/*/stop": { status: 404, json: { message } },
      "POST /containers/create": { status: 409, json: { message } },
    });
    expect(await docker(...argv)).toEqual({ status, stdout: "", stderr });
  });

  test.each([
    ['exec: "x": executable file not found in $PATH', 127],
    ["exec /x: permission denied", 126],
    ["cannot do that", 125],
  ])("what does not start because of %s ends with %i", async (message, status) => {
    recorder.say({ "POST /containers/*/start": { status: 400, json: { message } } });
    expect((await docker("run", "busybox", "x")).status).toBe(status);
  });

  test("an engine that speaks no JSON, or nothing at all, is told", async () => {
    recorder.say({
      "GET /containers/json": { chunks: ["<html>"] },
      "GET /networks": { status: 502 },
      "GET /volumes": { status: 500, chunks: ["plain words\n"] },
    });
    expect((await docker("ps")).stderr).toBe("the engine answered GET /containers/json with what is not JSON\n");
    expect((await docker("network", "ls")).stderr).toContain("request returned 502 Bad Gateway");
    expect((await docker("volume", "ls")).stderr).toBe("Error response from daemon: plain words\n");
  });

  test("no engine at all is told", async () => {
    const io = { ...testCli(1), fetch: () => Promise.reject(new Error("the engine is down")) };
    expect(await run(["docker", "ps"], io)).toBe(1);
    expect(io.stderrText()).toBe("the engine is down\n");
  });

  test("a pull that fails in the middle fails", async () => {
    recorder.say({
      "POST /images/create": {
        chunks: ['{"status":"Pulling","id":"x"}\n', '{"errorDetail":{"message":"no space"},"error":"no space"}\n'],
      },
    });
    expect(await docker("pull", "-q", "x")).toEqual({ status: 1, stdout: "", stderr: "no space\n" });
  });

  test("another engine is not spoken with", async () => {
    for (const argv of [
      ["-H", "tcp://x", "ps"],
      ["--context", "other", "ps"],
      ["--tls", "ps"],
    ])
      expect((await docker(...argv)).stderr).toContain("one engine");
    expect(recorder.take()).toEqual([]);
  });

  test("login is refused politely", async () => {
    expect(await docker("login")).toMatchObject({ status: 1, stderr: expect.stringContaining("nothing to log in to") });
  });
});

test("-h is --help where it is nothing else", async () => {
  const { stdout } = await docker("ps", "-h");
  expect(stdout).toMatch(/^Flag shorthand -h has been deprecated, use --help\nUsage: {2}docker ps \[OPTIONS\]\n/);
  await docker("create", "-h", "name", "busybox");
  expect(recorder.take()[0].body).toMatchObject({ Hostname: "name" });
});

test("version and context", async () => {
  expect((await docker("version")).stdout).toMatch(
    /^Client:\n Version: {11}25\.0\.0\n API version: {7}1\.44\n[\s\S]*\nServer: Glassbox\n Engine:\n {2}Version: {10}25\.0\.3\n/,
  );
  expect((await docker("version", "--format", "{{.Server.Version}} {{.Client.ApiVersion}}")).stdout).toBe(
    "25.0.3 1.44\n",
  );
  expect((await docker("context", "ls")).stdout).toMatch(/^NAME +DESCRIPTION +DOCKER ENDPOINT +ERROR\ndefault \* +/);
  expect((await docker("info")).stdout).toContain("\n Storage Driver: overlay2\n  Backing Filesystem: tmpfs\n");
});
