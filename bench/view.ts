/** What it costs to look at the guest. */
import { layoutOf } from "../guest/layout-file";
import { createXray, type Xray } from "../src/kernel/xray";
import type { Machine } from "../src/machine/machine";
import { Sampler } from "../src/machine/sampler";
import type { Layout } from "../src/protocol/layout";
import type { KernelView } from "../src/protocol/view";
import { figure, type Benchmark } from "./figure";
import { boot, shell } from "./machine";

const SIZES = [
  { tasks: 30, containers: 1 },
  { tasks: 300, containers: 30 },
  { tasks: 3000, containers: 300 },
];
/** The size at which the guest's own tools gather the same. */
const YARDSTICK_CONTAINERS = 30;
const OBSERVATIONS = 50;
const FIRST_LOOKS = 10;
const SHARE_MS = 10_000;
const SHARE_RUNS = 3;
/** The start's code is compiled, and the guest has done what it does after boot. */
const SETTLE_MS = 10_000;
const SHORT_LIVED = 200;

/** Containers made by hand: eight namespaces, a cgroup, an overlay and a cable each. From `$1` to `$2`. */
const CONTAINERS = `
mkdir -p /run/c /c/low/etc; echo "+cpu +memory +pids" > /sys/fs/cgroup/cgroup.subtree_control
i=$1; while [ $i -lt $2 ]; do
  mkdir -p /c/$i/up /c/$i/work /c/$i/root /sys/fs/cgroup/c$i
  echo 20M > /sys/fs/cgroup/c$i/memory.max
  export i
  sh -c 'echo $$ > /sys/fs/cgroup/c$i/cgroup.procs; exec unshare -UrmuinpCT --fork sh -c "hostname c$i
    mount -t overlay c$i -o lowerdir=/c/low,upperdir=/c/$i/up,workdir=/c/$i/work /c/$i/root
    echo > /run/c/$i; exec sleep 99999"' </dev/null >/dev/null 2>&1 &
  until [ -e /run/c/$i ]; do sleep 0.02; done
  ip link add v$i type veth peer name eth0 netns $(pidof -s sleep)
  i=$((i+1))
done`;

/** What the picture holds, as the guest's own programs tell it. */
const GATHER = `
for p in /proc/[0-9]*; do
  cat $p/status $p/stat $p/cgroup $p/cmdline $p/oom_score_adj $p/limits $p/uid_map $p/timens_offsets
  readlink $p/exe $p/cwd $p/root $p/ns/*
done
lsns -J
for ns in $(lsns -n -t mnt -o PID); do nsenter -t $ns -m findmnt -J -o ID,PARENT,TARGET,SOURCE,FSTYPE,OPTIONS,PROPAGATION; done
for ns in $(lsns -n -t net -o PID); do nsenter -t $ns -n sh -c 'ip -j -d -s link; ip -j addr; ip -j route show table all; cat /proc/net/tcp /proc/net/udp /proc/net/unix'; done
for ns in $(lsns -n -t ipc -o PID); do nsenter -t $ns -i cat /proc/sysvipc/shm /proc/sysvipc/sem /proc/sysvipc/msg; done
for ns in $(lsns -n -t uts -o PID); do nsenter -t $ns -u hostname; done
find /sys/fs/cgroup -type f -name "*.*" ! -name memory.reclaim ! -name cgroup.kill -exec cat {} +
for layer in /c/low /c/*/up; do find $layer -exec stat {} +; done`;

/** The whole of `observe` at three sizes; the first is the yardstick of the others, so the ratio shows the growth. */
export const viewFull: Benchmark = async function* () {
  const { machine, manifest } = await boot();
  try {
    const layout = await layoutOf(manifest);
    const xray = createXray(layout);
    let smallest: { name: string; samples: number[] } | undefined;
    let made = 0;
    let instructions = 0;
    for (const { tasks, containers } of SIZES) {
      await shell(machine, `set -- ${made} ${containers}\n${CONTAINERS}`);
      made = containers;
      const present = look(xray, machine).tasks.length;
      await shell(
        machine,
        `i=${present}; while [ $i -lt ${tasks} ]; do sleep 9999 >/dev/null 2>&1 </dev/null & i=$((i+1)); done`,
      );
      const samples: number[] = [];
      for (let run = 0; run < OBSERVATIONS; run++) {
        const before = machine.emulator.instructions;
        const startedAt = performance.now();
        const view = look(xray, machine);
        samples.push(performance.now() - startedAt);
        instructions += machine.emulator.instructions - before;
        insist(view, tasks, containers);
      }
      const name = `view.full.${tasks}`;
      const yardstick =
        containers === YARDSTICK_CONTAINERS
          ? { name: "the guest's own tools", samples: await gather(machine) }
          : smallest;
      yield figure(name, "ms", samples, yardstick);
      yield figure(`view.first.${tasks}`, "ms", firstLooks(layout, machine), { name, samples });
      smallest ??= { name, samples };
    }
    yield figure("view.guest", "instructions", [instructions]);
  } finally {
    await machine.stop();
  }
};

/** Looks with nothing kept of earlier ones. */
function firstLooks(layout: Layout, machine: Machine): number[] {
  return Array.from({ length: FIRST_LOOKS }, () => {
    const xray = createXray(layout);
    const startedAt = performance.now();
    look(xray, machine);
    return performance.now() - startedAt;
  });
}

function look(xray: Xray, machine: Machine): KernelView {
  return xray.observe(machine.emulator.ram());
}

/** A picture that left something out would be cheap for the wrong reason. */
function insist(view: KernelView, tasks: number, containers: number): void {
  const found = [view.tasks.length, view.overlays.length, view.cgroups.length, view.devices.length];
  const least = [tasks, containers, containers, 2 * containers];
  const gaps = [...view.omitted, ...view.problems.map(({ where, what }) => `${where}: ${what}`)];
  if (found.some((count, index) => count < least[index]) || gaps.length > 0) {
    throw new Error(`view.full: ${found.join(", ")} instead of ${least.join(", ")}; ${gaps.slice(0, 3).join("; ")}`);
  }
}

async function gather(machine: Machine): Promise<number[]> {
  const samples: number[] = [];
  for (let run = 0; run < 3; run++) {
    const startedAt = performance.now();
    const sizeBytes = Number(await shell(machine, `{ ${GATHER}\n} 2>/dev/null | wc -c`));
    samples.push(performance.now() - startedAt);
    if (sizeBytes < 100_000) throw new Error(`view.full: the guest's own tools said only ${sizeBytes} bytes`);
  }
  return samples;
}

/** Time spent looking and comparing while the sampler runs, in parts of all time. */
export const viewShare: Benchmark = async function* () {
  const watch = stopwatch();
  const { machine } = await boot();
  try {
    await pause(SETTLE_MS);
    const share = async () => {
      const samples: number[] = [];
      for (let run = 0; run < SHARE_RUNS; run++) {
        const before = watch.spentMs;
        const startedAt = performance.now();
        await pause(SHARE_MS);
        samples.push((100 * (watch.spentMs - before)) / (performance.now() - startedAt));
      }
      return samples;
    };
    yield figure("view.share.rest", "%", await share());
    void machine.type(0, new TextEncoder().encode("while :; do true; done\n"));
    await pause(1000);
    yield figure("view.share.busy", "%", await share());
  } finally {
    watch.end();
    await machine.stop();
  }
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Adds up what all samplers take. A whole look may be made within `slice` or by a timer. */
function stopwatch(): { readonly spentMs: number; end(): void } {
  const { slice, look } = Sampler.prototype;
  let spentMs = 0;
  let depth = 0;
  const timed = <A extends unknown[], R>(work: (...args: A) => R) =>
    function (this: Sampler, ...args: A): R {
      const startedAt = performance.now();
      depth++;
      try {
        return work.apply(this, args);
      } finally {
        if (--depth === 0) spentMs += performance.now() - startedAt;
      }
    };
  Sampler.prototype.slice = timed(slice);
  Sampler.prototype.look = timed(look);
  return {
    get spentMs() {
      return spentMs;
    },
    end() {
      Object.assign(Sampler.prototype, { slice, look });
    },
  };
}

/** Of processes that live for a few milliseconds, how many were seen. */
export const viewShort: Benchmark = async function* () {
  const samples: number[] = [];
  for (let run = 0; run < 3; run++) {
    const seen = new Set<string>();
    const note = ({ tasks, glimpsed }: KernelView) => {
      for (const { comm, address, startTimeNs } of [...tasks, ...glimpsed]) {
        if (comm === "true") seen.add(`${address}:${startTimeNs}`);
      }
    };
    const { machine } = await boot({ events: { onview: note } });
    await shell(machine, `for i in $(seq ${SHORT_LIVED}); do /bin/true; done`);
    await machine.view();
    await pause(100);
    samples.push((100 * seen.size) / SHORT_LIVED);
    await machine.stop();
  }
  yield figure("view.short", "% of the processes seen", samples);
};
