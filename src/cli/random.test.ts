/** What a table cannot list: sizes, ages, ports and lines of options by chance, against docker's own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testCli } from "../../tests/support/engine/cli-io";
import { DOCKER, DOCKER_MAJOR, runDocker } from "../../tests/support/engine/docker";
import { startRecorder } from "../../tests/support/engine/recorder";
import type { Recorder } from "../../tests/support/engine/recorder";
import type { PortSummary } from "../protocol/docker";
import { run } from "./main";

const skipped =
  DOCKER === undefined
    ? "there is no docker on this machine"
    : DOCKER_MAJOR !== 28
      ? `docker ${DOCKER_MAJOR} is not docker 28`
      : "";

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** Marsaglia's xorshift. */
const chance = (start: number) => {
  let state = start || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  return {
    below: (count: number): number => Math.floor(next() * count),
    pick: <T>(list: T[]): T => list[Math.floor(next() * list.length)],
    upTo: (exponent: number): number => Math.floor(10 ** (next() * exponent)),
  };
};

let recorder: Recorder;
let home: string;
beforeAll(async () => {
  console.log(`seed ${seed}: SEED=${seed} repeats this run`);
  recorder = await startRecorder();
  home = await mkdtemp(join(tmpdir(), "glassbox-random-"));
});
afterAll(async () => {
  await recorder?.close();
  if (home) await rm(home, { recursive: true });
});

const outputs = async (argv: string[]) => {
  const docker = await runDocker(recorder.port, argv, { home, cwd: home });
  const theirs = recorder.take();
  const io = testCli(recorder.port, { cwd: home });
  const status = await run(["docker", ...argv], io);
  return {
    docker: { status: docker.status, stdout: docker.stdout, stderr: docker.stderr, requests: theirs },
    ours: { status, stdout: io.stdoutText(), stderr: io.stderrText(), requests: recorder.take() },
  };
};

describe.skipIf(skipped)(`the same as docker${skipped && ` (skipped: ${skipped})`}`, () => {
  test("sizes and ages", async () => {
    const random = chance(seed);
    // Ages stand in the middle of what rounds alike to the second, so that the clock may go on between the two runs.
    const now = Math.floor(Date.now() / 1000);
    const images = Array.from({ length: 300 }, (_, index) => ({
      ...recorder.answers.images[0],
      Id: `sha256:${String(index).padStart(64, "0")}`,
      RepoTags: [`image${index}:latest`],
      RepoDigests: [],
      Created: now - (120 + 60 * random.upTo(6) + 30),
      Size: random.upTo(15),
    }));
    const history = images.map((image, index) => ({
      Id: image.Id,
      Created: image.Created,
      CreatedBy: "x".repeat(index % 60),
      Tags: null,
      Size: image.Size,
      Comment: "",
    }));
    recorder.say({ "GET /images/json": { json: images }, "GET /images/*/history": { json: history } });
    for (const argv of [["images"], ["images", "--format", "json"], ["history", "x"]]) {
      const { docker, ours } = await outputs(argv);
      expect(ours.stdout).toBe(docker.stdout);
    }
  });

  test("ports", async () => {
    const random = chance(seed + 1);
    const containers = Array.from({ length: 200 }, () => ({
      ...recorder.answers.containers[0],
      Ports: Array.from({ length: random.below(8) }, (): PortSummary => {
        const PrivatePort = 1 + random.below(12);
        const IP = random.pick(["", "0.0.0.0", "::", "127.0.0.1"]);
        const Type = random.pick(["tcp", "udp"]);
        return IP === ""
          ? { PrivatePort, Type }
          : { IP, PrivatePort, PublicPort: random.pick([PrivatePort, PrivatePort, 8000 + random.below(3)]), Type };
      }),
    }));
    recorder.say({ "GET /containers/json": { json: containers } });
    const { docker, ours } = await outputs(["ps", "--format", "{{.Ports}}"]);
    expect(ours.stdout).toBe(docker.stdout);
  });

  test("stats", async () => {
    const random = chance(seed + 2);
    for (let round = 0; round < 4; round++) {
      const base = recorder.answers.stats(true);
      const usage = random.upTo(10);
      const cpu = random.upTo(11);
      const stats = {
        ...base,
        memory_stats: { usage, stats: { inactive_file: random.below(usage + 1) }, limit: usage + random.upTo(11) },
        cpu_stats: {
          ...base.cpu_stats,
          cpu_usage: { ...base.cpu_stats.cpu_usage, total_usage: cpu + random.upTo(10) },
          system_cpu_usage: 5e12 + random.upTo(12),
          online_cpus: 1 + random.below(8),
        },
        precpu_stats: {
          ...base.precpu_stats,
          cpu_usage: { ...base.precpu_stats.cpu_usage, total_usage: cpu },
          system_cpu_usage: 5e12,
        },
        networks: { eth0: { ...base.networks?.eth0, rx_bytes: random.upTo(13), tx_bytes: random.upTo(9) } },
      };
      recorder.say({ "GET /containers/*/stats": { json: stats } });
      const { docker, ours } = await outputs(["stats", "--no-stream", "web"]);
      expect(ours.stdout).toBe(docker.stdout);
    }
  }, 60_000);

  test("lines of create", async () => {
    const random = chance(seed + 3);
    const number = (): string => String(random.below(70000));
    const options: (() => string[])[] = [
      () => ["-p", random.pick(["", "127.0.0.1:", "[::1]:", "::1:"]) + random.pick(["", `${number()}:`, ":"]) + number() + random.pick(["", "/udp", "/sctp", "/x", "-3"])],
      () => [`-m${random.below(5000)}${random.pick(["", "k", "M", "g", "b", "kb", "GiB", "x", " m"])}`],
      () => ["--cpus", random.pick(["1", "0.5", ".25", "2.", "1.123456789", "1.1234567891", "-1", "1e1", ""])],
      () => ["-v", random.pick(["/a", "a:/b", "/a:/b:ro", "./a:/b", "a", "/a:/b:z,ro", "a:b:c:d", "::", "/a:"])],
      () => ["-e", random.pick(["A", "A=", "A=1", "B=2=3", "=", "A B=1"])],
      () => ["--expose", random.pick(["80", "80/udp", "80-82", "82-80", "x", "80:1", "70000"])],
      () => ["--ulimit", random.pick(["nofile=1", "nofile=1:2", "core=0", "core=-1:5", "nproc=5:-1", "x=1", "nofile=", "cpu=1:"])],
      () => ["--add-host", random.pick(["a:1.2.3.4", "a=1.2.3.4", "a:::1", "a:[::1]", "a=", ":1.2.3.4", "a:1.2.3", "a:host-gateway"])],
      () => ["--restart", random.pick(["no", "always", "on-failure", "on-failure:2", "unless-stopped", "x", ":1", "on-failure:", "always:1"])],
      () => ["--health-interval", random.pick(["1s", "1m30s", "1.5h", "100ms", "0", "1", "-1s", "1x", ""])],
      () => ["--device", random.pick(["/dev/a", "/dev/a:/dev/b", "/dev/a:rw", "/dev/a:/dev/b:m"])],
      () => ["--tmpfs", random.pick(["/a", "/a:rw", "/a:size=1,mode=1:x"])],
      () => ["--label", random.pick(["a", "a=b", "a=", "a b=c", "a=b=c"])],
      () => ["--link", random.pick(["a", "a:b", "a:b:c", ":"])],
      () => ["--dns", random.pick(["1.1.1.1", "::1", "x", "1.1.1", " 1.1.1.1"])],
      () => ["--sysctl", random.pick(["net.ipv4.ip_forward=1", "kernel.shmmax=1", "fs.mqueue.msg_max=1", "net.x", "vm.x=1"])],
      () => ["--mount", random.pick(["type=bind,src=/a,dst=/b", "dst=/x", "type=tmpfs,dst=/x,tmpfs-size=5k", "type=volume,src=a,dst=/b,ro=true", "type=x,dst=/b", "dst=", "type=bind,dst=/b,volume-nocopy", '"type=bind",src=/a,dst=/b', "type=bind,src=/a,dst=/b,readonly=1", "TYPE=bind,SOURCE=/a,TARGET=/b"])],
      () => ["--network", random.pick(["a", "host", "none", "bridge", "container:x", "name=a,alias=b", "name=a,ip=1.1.1.1,alias=b,alias=c", "a,b"])],
      () => random.pick([["-it"], ["-i"], ["-t"], ["--rm"], ["-P"], ["--privileged"], ["--init"], ["--read-only=true"], ["-ti=false"], ["--no-healthcheck"]]),
      () => ["--memory-swap", random.pick(["-1", "1g", "0", "-2", "x"])],
      () => ["--shm-size", random.pick(["1m", "0", "x", "1.5k"])],
      () => ["--pids-limit", random.pick(["-1", "0", "5", "x", "0x10", "010"])],
      () => ["--stop-timeout", random.pick(["0", "5", "-1", "x"])],
      () => ["--oom-score-adj", random.pick(["-1000", "5", "x", "+5"])],
    ]; // prettier-ignore
    // The order of a Go map in Env and Binds, another one each time; and a field of API 1.48.
    const strip = (value: unknown): unknown => {
      const text = JSON.stringify(value).replaceAll(',"GwPriority":0', "");
      return JSON.parse(text, (key, each) =>
        (key === "Env" || key === "Binds") && Array.isArray(each) ? each.sort() : each,
      );
    };
    recorder.say({});
    const differing: unknown[] = [];
    for (let round = 0; round < 150; round++) {
      const argv = [
        "create",
        ...Array.from({ length: 1 + random.below(4) }, () => random.pick(options)()).flat(),
        "busybox",
      ];
      const { docker, ours } = await outputs(argv);
      const [left, right] = [ours, docker].map(({ requests, ...rest }) => ({
        ...rest,
        requests: strip(requests.map(({ body, query }) => ({ body, query }))),
      }));
      try {
        expect(left).toEqual(right);
      } catch {
        differing.push({
          argv: argv.join(" "),
          requests: [left.requests, right.requests],
          ours: [ours.status, ours.stderr.split("\n")[0]],
          docker: [docker.status, docker.stderr.split("\n")[0]],
        });
      }
    }
    expect(differing, `seed ${seed}`).toEqual([]);
  }, 60_000);
});
