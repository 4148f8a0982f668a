/** What a running machine costs: commands, streams, and doing nothing. */
import type { Machine } from "../src/machine/machine";
import { figure, type Benchmark } from "./figure";
import { boot } from "./machine";

const EXECS = 40;
const STREAM_BYTES = 16 << 20;
const STREAM_RUNS = 3;
const IDLE_MS = 10_000;
const IDLE_SETTLE_MS = 30_000;

export const execLatency: Benchmark = async function* () {
  const { machine } = await boot();
  try {
    const time = async (request: Parameters<Machine["run"]>[0]) => {
      const startedAt = performance.now();
      const result = await machine.run(request);
      if (!result.ok) throw new Error(result.failure.what);
      return performance.now() - startedAt;
    };
    const direct: number[] = [];
    const byShell: number[] = [];
    for (let run = 0; run < EXECS; run++) {
      direct.push(await time({ argv: ["/bin/true"] }));
      byShell.push(await time({ script: "/bin/true" }));
    }
    yield figure("exec.latency", "ms", direct, { name: "the same by a shell", samples: byShell });
  } finally {
    await machine.stop();
  }
};

export const streamThroughput: Benchmark = async function* () {
  const { machine } = await boot();
  try {
    const megabytes = STREAM_BYTES / 1e6;
    const out: number[] = [];
    const round: number[] = [];
    const input = new Uint8Array(STREAM_BYTES);
    for (let run = 0; run < STREAM_RUNS; run++) {
      let startedAt = performance.now();
      const zeroes = await machine.run({
        argv: ["dd", "if=/dev/zero", "bs=64k", `count=${STREAM_BYTES >> 16}`, "status=none"],
      });
      out.push(megabytes / ((performance.now() - startedAt) / 1000));
      startedAt = performance.now();
      const echoed = await machine.run({ argv: ["/bin/cat"] }, input);
      round.push(megabytes / ((performance.now() - startedAt) / 1000));
      for (const result of [zeroes, echoed]) {
        if (!result.ok || result.value.stdout.length !== STREAM_BYTES)
          throw new Error("stream.throughput: bytes were lost");
      }
    }
    yield figure("stream.throughput", "MB/s", out);
    yield figure("stream.throughput.echo", "MB/s", round);
  } finally {
    await machine.stop();
  }
};

/** Share of a core that the process takes while the guest sits at its prompts, once the start's code is compiled. */
export const idleMachine: Benchmark = async function* () {
  const { machine } = await boot();
  try {
    const samples: number[] = [];
    await new Promise((resolve) => setTimeout(resolve, IDLE_SETTLE_MS));
    for (let run = 0; run < 3; run++) {
      const before = process.cpuUsage();
      const startedAt = performance.now();
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      const used = process.cpuUsage(before);
      samples.push((used.user + used.system) / 10 / (performance.now() - startedAt));
    }
    yield figure("idle", "% of a core", samples);
  } finally {
    await machine.stop();
  }
};
