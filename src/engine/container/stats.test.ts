import { expect, test } from "vitest";
import { Container } from "./container";
import { createdState, type ContainerRecord } from "./record";
import { statsOf, type StatsFiles } from "./stats";

const container = new Container({ id: "c0ffee", name: "well", state: createdState() } as ContainerRecord);

/** As a kernel 6.12 prints them; `cgroup-v2.rst`, `proc_stat(5)`, `proc_pid_net(5)`. */
const files: StatsFiles = {
  "cpu.stat":
    "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnice_usec 0\ncore_sched.force_idle_usec 0\nnr_periods 9\nnr_throttled 4\nthrottled_usec 70\nnr_bursts 0\nburst_usec 0\n",
  "memory.current": "4096\n",
  "memory.max": "max\n",
  "memory.stat": "anon 1024\nfile 2048\ninactive_file 512\n",
  "memory.events": "low 0\nhigh 0\nmax 3\noom 2\noom_kill 1\noom_group_kill 0\n",
  "pids.current": "3\n",
  "pids.max": "max\n",
  "io.stat":
    "254:0 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=0 dios=0\n8:16 rbytes=5 wbytes=6 rios=1 wios=1 dbytes=0 dios=0\n",
  "/proc/stat": "cpu  10 0 20 300 4 0 6 99 50 0\ncpu0 10 0 20 300 4 0 6 99 50 0\nintr 5\n",
  "net/dev": [
    "Inter-|   Receive                                                |  Transmit",
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed",
    "    lo:      99       9    0    0    0     0          0         0       99       9    0    0    0     0       0          0",
    "  eth0:     180       2    1    3    0     0          0         0       90       4    5    6    0     0       0          0",
    "",
  ].join("\n"),
};

test("the kernel's counters in Docker's words and units", () => {
  const stats = statsOf(container, files, 0n, 1 << 28);
  expect(stats).toMatchObject({ name: "/well", id: "c0ffee", read: "1970-01-01T00:00:00.000000000Z" });
  expect(stats.cpu_stats).toEqual({
    cpu_usage: { total_usage: 1_500_000, usage_in_kernelmode: 500_000, usage_in_usermode: 1_000_000 },
    system_cpu_usage: 340 * 10_000_000,
    online_cpus: 1,
    throttling_data: { periods: 9, throttled_periods: 4, throttled_time: 70_000 },
  });
  expect(stats.memory_stats).toEqual({
    usage: 4096,
    stats: { anon: 1024, file: 2048, inactive_file: 512 },
    failcnt: 2,
    limit: 1 << 28,
  });
  expect(stats.pids_stats).toEqual({ current: 3 });
  expect(stats.blkio_stats.io_service_bytes_recursive).toEqual([
    { major: 254, minor: 0, op: "read", value: 100 },
    { major: 254, minor: 0, op: "write", value: 200 },
    { major: 8, minor: 16, op: "read", value: 5 },
    { major: 8, minor: 16, op: "write", value: 6 },
  ]);
  expect(stats.networks).toEqual({
    eth0: {
      rx_bytes: 180,
      rx_packets: 2,
      rx_errors: 1,
      rx_dropped: 3,
      tx_bytes: 90,
      tx_packets: 4,
      tx_errors: 5,
      tx_dropped: 6,
    },
  });
});

test("limits are told when there are some; the look before goes along", () => {
  const first = statsOf(container, files, 0n, 1 << 28);
  const second = statsOf(
    container,
    { ...files, "memory.max": "8192\n", "pids.max": "7\n", "net/dev": "" },
    1n,
    1 << 28,
    first,
  );
  expect(second.memory_stats.limit).toBe(8192);
  expect(second.pids_stats).toEqual({ current: 3, limit: 7 });
  expect(second.networks).toBeUndefined();
  expect([second.preread, second.precpu_stats]).toEqual([first.read, first.cpu_stats]);
});
