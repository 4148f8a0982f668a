/** The docker command line, unmodified, against the engine over TCP. Skipped where there is none. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listen } from "../../src/node/engine";
import { engineForTest } from "../support/engine";

const found = spawnSync("docker", ["--version"], { encoding: "utf8" });
const docker = found.status === 0;
if (!docker) console.log("The docker command line is not on this machine: its tests are skipped.");

/** A command that does not come to its end is killed: docker itself ignores SIGTERM. */
const PATIENCE_MS = 60_000;

describe.skipIf(!docker)("docker, the command line", () => {
  let server: Server;
  let host: string;
  const folder = mkdtempSync(join(tmpdir(), "glassbox-docker-"));

  beforeAll(async () => {
    const { engine } = await engineForTest();
    server = await listen(engine, "127.0.0.1", 0);
    host = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server?.close();
    rmSync(folder, { recursive: true });
  });

  /** Runs a docker command to its end. */
  function run(
    command: readonly string[],
    stdin = "",
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn("docker", command, { env: { ...process.env, DOCKER_HOST: host, DOCKER_CONFIG: folder } });
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    const said = { stdout: "", stderr: "" };
    child.stdout.on("data", (bytes: Buffer) => (said.stdout += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (said.stderr += bytes.toString()));
    child.stdin.on("error", () => {});
    child.stdin.end(stdin);
    return new Promise((resolve) =>
      child.on("close", (code) => {
        clearTimeout(timer);
        resolve({ code, ...said });
      }),
    );
  }

  /** What a command printed; it must succeed. */
  async function ok(...command: string[]): Promise<string> {
    const { code, stdout, stderr } = await run(command);
    if (code !== 0) throw new Error(`docker ${command.join(" ")}: ${code}: ${stderr}`);
    return stdout.trimEnd();
  }

  test("version and info name the engine", async () => {
    expect(await ok("version", "--format", "{{.Server.Os}}/{{.Server.Arch}} {{.Server.APIVersion}}")).toBe(
      "linux/386 1.44",
    );
    expect(await ok("info", "--format", "{{.Driver}} {{.CgroupVersion}}")).toBe("overlay2 2");
  });

  test("pull, images, history, inspect", async () => {
    expect(await ok("pull", "busybox")).toContain("Status: Downloaded newer image for busybox:latest");
    expect(await ok("pull", "busybox")).toContain("Status: Image is up to date for busybox:latest");
    expect(await ok("images", "--format", "{{.Repository}}:{{.Tag}}")).toBe("busybox:latest");
    expect(await ok("history", "--format", "{{.CreatedBy}}", "busybox")).toContain('CMD ["sh"]');
    expect(await ok("image", "inspect", "-f", "{{.Architecture}}", "busybox")).toBe("386");
    expect((await run(["pull", "nobody/nothing"])).stderr).toContain(
      "repository does not exist or may require 'docker login'",
    );
  });

  test("run: output, exit code, input, options", async () => {
    expect(await ok("run", "--rm", "busybox", "echo", "hello")).toBe("hello");
    expect((await run(["run", "--rm", "busybox", "sh", "-c", "echo no >&2; exit 7"])).code).toBe(7);
    expect((await run(["run", "-i", "--rm", "busybox", "cat"], "typed\n")).stdout).toBe("typed\n");
    const options = [
      "-e",
      "A=b",
      "-w",
      "/tmp",
      "-u",
      "1000",
      "--hostname",
      "reef",
      "-m",
      "32m",
      "--cpus",
      "0.5",
      "--pids-limit",
      "20",
    ];
    expect(
      await ok(
        "run",
        "--rm",
        ...options,
        "busybox",
        "sh",
        "-c",
        "echo $A; pwd; id -u; hostname; cat /sys/fs/cgroup/cpu.max",
      ),
    ).toBe("b\n/tmp\n1000\nreef\n50000 100000");
  });

  test("a program that is not there ends docker with 127, one that cannot be run with 126", async () => {
    const missing = await run(["run", "--rm", "busybox", "nosuch"]);
    expect(missing.stderr).toContain('exec: "nosuch": executable file not found in $PATH');
    expect(missing.code).toBe(127);
    expect((await run(["run", "--rm", "busybox", "/etc/passwd"])).code).toBe(126);
  });

  test("the life of a container, command by command", async () => {
    await ok("run", "-d", "--name", "life", "busybox", "sh", "-c", "echo one; echo two >&2; exec sleep 1000");
    expect(await ok("ps", "--format", "{{.Names}} {{.State}}")).toBe("life running");
    expect(await ok("exec", "life", "cat", "/proc/1/comm")).toBe("sleep");
    expect((await run(["exec", "life", "sh", "-c", "exit 3"])).code).toBe(3);
    expect((await run(["exec", "-i", "life", "cat"], "in\n")).stdout).toBe("in\n");
    const logs = await run(["logs", "life"]);
    expect([logs.stdout, logs.stderr]).toEqual(["one\n", "two\n"]);
    expect(await ok("logs", "-n", "0", "life")).toBe("");
    expect(await ok("top", "life")).toContain("sleep 1000");
    expect(await ok("pause", "life")).toBe("life");
    expect(await ok("ps", "--filter", "status=paused", "-q")).not.toBe("");
    await ok("unpause", "life");
    await ok("rename", "life", "after");
    await ok("update", "-m", "40m", "after");
    expect(await ok("exec", "after", "cat", "/sys/fs/cgroup/memory.max")).toBe(String(40 << 20));
    expect(await ok("stop", "-t", "0", "after")).toBe("after");
    expect(await ok("ps", "-a", "--format", "{{.Status}}")).toMatch(/^Exited \(137\)/);
    await ok("start", "after");
    await ok("restart", "-t", "0", "after");
    await ok("kill", "after");
    expect(await ok("wait", "after")).toBe("137");
    await ok("rm", "after");
    expect(await ok("ps", "-aq")).toBe("");
  });

  test("logs -f goes on until the container ends", async () => {
    await ok("run", "-d", "--name", "talker", "busybox", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done");
    expect(await ok("logs", "-f", "talker")).toBe("1\n2\n3");
    await ok("rm", "talker");
  });

  test("volumes, networks, published ports", async () => {
    await ok("volume", "create", "pool");
    await ok("run", "--rm", "-v", "pool:/data", "busybox", "sh", "-c", "echo fish > /data/f");
    expect(await ok("run", "--rm", "-v", "pool:/data:ro", "busybox", "cat", "/data/f")).toBe("fish");
    expect(await ok("volume", "ls", "-q")).toBe("pool");
    await ok("volume", "rm", "pool");
    await ok("network", "create", "reef");
    expect(await ok("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "reef")).toBe("172.18.0.0/16");
    expect(await ok("run", "--rm", "--network", "reef", "busybox", "hostname", "-i")).toBe("172.18.0.2");
    await ok("network", "rm", "reef");
    await ok("pull", "-q", "web");
    await ok("run", "-d", "--name", "site", "-p", "8080:80", "web");
    expect(await ok("port", "site")).toBe("80/tcp -> 0.0.0.0:8080");
    const fetch = "until wget -q -O - http://172.17.0.1:8080/; do sleep 0.1; done";
    expect(await ok("run", "--rm", "busybox", "sh", "-c", fetch)).toContain("</html>");
    await ok("rm", "-f", "site");
  });

  test("save, rmi, load, tag", async () => {
    const archive = join(folder, "busybox.tar");
    await ok("tag", "busybox", "mine:1");
    await ok("save", "-o", archive, "mine:1");
    expect(await ok("rmi", "mine:1")).toBe("Untagged: mine:1");
    await ok("rmi", "busybox");
    expect(await ok("load", "-i", archive)).toBe("Loaded image: mine:1");
    expect(await ok("run", "--rm", "mine:1", "echo", "again")).toBe("again");
  });

  test("events tell what happened, in order", async () => {
    await ok("run", "--rm", "--name", "told", "mine:1", "true");
    const events = await ok(
      "events",
      "--since",
      "1h",
      "--until",
      // The next full second: docker leaves the fraction out.
      "-1s",
      "--filter",
      "container=told",
      "--format",
      "{{.Action}}",
    );
    expect(events.split("\n")).toEqual(["create", "start", "die", "destroy"]);
  });
});
