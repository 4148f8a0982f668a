/** What happens in the guest, as events: for each scenario the exact list, in order. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFailed, test, vi } from "vitest";
import { MANIFEST } from "../../guest/build";
import type { Machine } from "../../src/machine/machine";
import { bootMachine } from "../../src/node/machine";
import type { CauseGroup, TimelineEvent } from "../../src/protocol/change";
import { eventLine } from "../support/event-line";
import { sh } from "../support/machine";

vi.setConfig({ testTimeout: 60_000 });

/** The agent's cgroup is its own: whatever it runs leaves it first. */
const STARTED_BY_AGENT = /^cgroup-joined \/ \w+ \/agent$/;

let machine: Machine;
let groups: CauseGroup[] = [];
let events: TimelineEvent[] = [];
let wake = () => {};

beforeAll(async () => {
  machine = await bootMachine({
    manifest: MANIFEST,
    events: {
      onchanges: (batch) => {
        groups.push(...batch.groups);
        events.push(...batch.events);
        wake();
      },
    },
  });
});
beforeEach(() => {
  onTestFailed(() => console.error(JSON.stringify({ groups, events })));
});
afterEach(() => machine.reset());
afterAll(() => machine.stop());

/** Waits until something is among what happened. */
async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise<void>((resolve) => (wake = resolve));
}

let marks = 0;
/** Waits until everything that was done before has been told. */
async function told(): Promise<void> {
  const mark = `: mark ${++marks}`;
  await sh(machine, mark);
  await until(() => groups.some(({ cause }) => cause.by === "command" && cause.command === mark));
}

/**
 * Runs a script, and returns what happened by it, in order: all that is not a process, and of processes those with a name
 * in `tasks`. What a script runs to make something happen is its own affair.
 */
async function happens(script: string, tasks: string[] = [], last?: RegExp): Promise<string[]> {
  groups = [];
  events = [];
  await sh(machine, script);
  const own = () => {
    const group = groups.find(({ cause }) => cause.by === "command" && cause.command === script.trim());
    return events
      .filter((event) => event.group === group?.id)
      .flatMap(({ change }) => eventLine(change, tasks) ?? [])
      .filter((line) => !STARTED_BY_AGENT.test(line));
  };
  if (last) await until(() => own().some((line) => last.test(line)));
  await told();
  return own();
}

test("a container built by hand", async () => {
  expect(
    await happens(
      "mkdir -p /box/low/etc /box/up /box/work /box/root; echo one > /box/low/etc/motd; echo > /box/low/old",
    ),
  ).toEqual([]);
  expect(await happens("echo +memory +pids > /sys/fs/cgroup/cgroup.subtree_control")).toEqual([]);
  expect(await happens("mkdir /sys/fs/cgroup/box")).toEqual(["cgroup-made /box"]);
  expect(await happens("echo 20M > /sys/fs/cgroup/box/memory.max")).toEqual([
    "limit-changed /box memory.max max 20971520",
  ]);
  expect(await happens("echo 10 > /sys/fs/cgroup/box/pids.max")).toEqual(["limit-changed /box pids.max max 10"]);
  expect(
    await happens("mount -t overlay box -o lowerdir=/box/low,upperdir=/box/up,workdir=/box/work /box/root"),
  ).toEqual(["mounted overlay /box/root"]);
  expect(
    await happens(
      "mkfifo /ready; setsid unshare -u sh -c 'echo $$ > /sys/fs/cgroup/box/cgroup.procs; exec sleep 1000' </dev/null >/dev/null 2>&1 &",
      ["sleep"],
      /exec sleep/,
    ),
  ).toEqual(["namespace-born uts", "cgroup-joined /box sh /", "exec sleep 1000"]);
  const pid = (await sh(machine, "pidof sleep")).trim();
  expect(await happens(`nsenter -t ${pid} -u hostname box`)).toEqual(["uts-changed glassbox box"]);
  expect(await happens("echo two > /box/root/etc/motd")).toEqual(["copied-up etc", "copied-up etc/motd"]);
  expect(await happens("rm /box/root/old")).toEqual(["whited-out old"]);
  expect(await happens("echo new > /box/root/new")).toEqual(["file-created new"]);
  // The end of a process belongs to the command that began it; what ends with it, to the one that ended it.
  expect(await happens(`kill ${pid}`, ["sleep"], /namespace-died/)).toEqual(["namespace-died uts"]);
  expect(await happens("umount /box/root")).toEqual(["unmounted overlay /box/root"]);
  expect(await happens("rmdir /sys/fs/cgroup/box")).toEqual(["cgroup-removed /box"]);
});

test("rm and edits of what a lower layer has", async () => {
  await sh(
    machine,
    "mkdir -p /o/low/etc/rc /o/up /o/work /o/root; cd /o/low/etc; echo 1 > hosts; echo 2 > passwd; echo 3 > rc/one; ln -s hosts link; " +
      "mount -t overlay o -o lowerdir=/o/low,upperdir=/o/up,workdir=/o/work /o/root",
  );
  expect(await happens("rm /o/root/etc/hosts")).toEqual(["copied-up etc", "whited-out etc/hosts"]);
  expect(await happens("echo more >> /o/root/etc/passwd")).toEqual(["copied-up etc/passwd"]);
  expect(await happens("rm /o/root/etc/rc/one")).toEqual(["copied-up etc/rc", "whited-out etc/rc/one"]);
  // It is an empty directory that hides all, before it is a whiteout (`ovl_clear_empty()`); whoever looks just then sees that.
  expect([
    ["whited-out etc/rc", "file-removed etc/rc/one"],
    ["made-opaque etc/rc", "file-removed etc/rc/one", "whited-out etc/rc"],
  ]).toContainEqual(await happens("rmdir /o/root/etc/rc"));
  expect(await happens("mkdir /o/root/etc/rc")).toEqual(["file-created etc/rc", "made-opaque etc/rc"]);
  expect(await happens("echo 1 > /o/root/etc/hosts")).toEqual(["file-created etc/hosts"]);
  expect(await happens("echo 22 > /o/root/etc/hosts")).toEqual(["file-changed etc/hosts"]);
  expect(await happens("rm /o/root/etc/hosts")).toEqual(["whited-out etc/hosts"]);
  expect(await happens("echo new > /o/root/new")).toEqual(["file-created new"]);
  expect(await happens("rm /o/root/new")).toEqual(["file-removed new"]);
});

test("a network by ip netns", async () => {
  await sh(machine, "ip netns add red");
  // Their directory is mounted on itself and shared, so that the name is there twice, once below the other.
  expect(await happens("ip netns add blue")).toEqual([
    "namespace-born net",
    "mounted nsfs /run/netns/blue",
    "mounted nsfs /run/netns/blue",
  ]);
  expect(await happens("ip link add v0 type veth peer name v1")).toEqual(["device-made v1", "device-made v0"]);
  expect(await happens("ip link set v1 netns blue")).toEqual(["device-moved v1"]);
  expect(await happens("ip addr add 10.0.0.1/24 dev v0")).toEqual(["address-added v0 10.0.0.1/24"]);
  expect(await happens("ip link set v0 up")).toEqual(["device-up v0"]);
  expect(await happens("ip route add 10.9.0.0/16 dev v0")).toEqual(["route-added 10.9.0.0/16 dev v0"]);
  // A mount namespace for as long as `ip -n` runs, in which /sys with all below it gives way to one of the other network; it may
  // be over before anybody looks.
  const passing = /^namespace-\w+ mnt$|^(un)?mounted (sysfs \/sys|cgroup2 \/sys\/fs\/cgroup)$/;
  const here = async (script: string) => (await happens(script)).filter((line) => !passing.test(line));
  expect(await here("ip -n blue link set v1 name eth0")).toEqual(["device-renamed v1 eth0"]);
  expect(await here("ip -n blue link set eth0 up")).toEqual(["device-up eth0"]);
  expect(await happens("ip link del v0")).toEqual([
    "route-removed 10.9.0.0/16 dev v0",
    "device-removed eth0",
    "device-removed v0",
  ]);
  expect(await happens("ip netns del blue", [], /namespace-died/)).toEqual([
    "unmounted nsfs /run/netns/blue",
    "unmounted nsfs /run/netns/blue",
    "namespace-died net",
  ]);
});

test("an OOM kill", async () => {
  await sh(machine, "echo +memory > /sys/fs/cgroup/cgroup.subtree_control");
  expect(await happens("mkdir /sys/fs/cgroup/eater")).toEqual(["cgroup-made /eater"]);
  expect(await happens("echo 4M > /sys/fs/cgroup/eater/memory.max")).toEqual([
    "limit-changed /eater memory.max max 4194304",
  ]);
  expect(
    await happens("sh -c 'echo $$ > /sys/fs/cgroup/eater/cgroup.procs; exec tail /dev/zero' >/dev/null 2>&1 || :", [
      "tail",
    ]),
  ).toEqual(["cgroup-joined /eater sh /", "exec tail /dev/zero", "oom-kill /eater", "exit tail signal 9"]);
});

test("a throttled loop", async () => {
  await sh(machine, "echo +cpu > /sys/fs/cgroup/cgroup.subtree_control");
  expect(await happens("mkdir /sys/fs/cgroup/loop")).toEqual(["cgroup-made /loop"]);
  expect(
    await happens(
      "setsid sh -c 'echo $$ > /sys/fs/cgroup/loop/cgroup.procs; exec yes' </dev/null >/dev/null 2>&1 &",
      ["yes"],
      /exec yes/,
    ),
  ).toEqual(["cgroup-joined /loop sh /", "exec yes"]);
  const loop = events.find(({ change }) => change.type === "exec" && change.task.comm === "yes")!.group;
  expect(await happens("echo '5000 20000' > /sys/fs/cgroup/loop/cpu.max")).toEqual([
    "limit-changed /loop cpu.max max 100000 5000 20000",
  ]);
  // It is the loop that is throttled, whatever else runs.
  const throttled = () => events.filter(({ change }) => change.type === "throttled");
  await until(() => throttled().length > 2);
  expect(new Set(throttled().map(({ change, group }) => [group, eventLine(change, [])].join(" ")))).toEqual(
    new Set([`${loop} throttled /loop`]),
  );
});

test("a fork that a limit refuses, and a cgroup that is frozen", async () => {
  await sh(machine, "echo +pids > /sys/fs/cgroup/cgroup.subtree_control");
  expect(await happens("mkdir /sys/fs/cgroup/few")).toEqual(["cgroup-made /few"]);
  expect(await happens("echo 1 > /sys/fs/cgroup/few/pids.max")).toEqual(["limit-changed /few pids.max max 1"]);
  expect(
    await happens("sh -c 'echo $$ > /sys/fs/cgroup/few/cgroup.procs; sleep 1 & exec true' 2>/dev/null || :"),
  ).toEqual(["cgroup-joined /few sh /", "fork-refused /few"]);
  expect(await happens("echo 1 > /sys/fs/cgroup/few/cgroup.freeze")).toEqual(["frozen /few"]);
  expect(await happens("echo 0 > /sys/fs/cgroup/few/cgroup.freeze")).toEqual(["thawed /few"]);
});

test("a line typed into a terminal is the cause of what it does", async () => {
  groups = [];
  events = [];
  await machine.type(1, new TextEncoder().encode("hostname one; mkdir /sys/fs/cgroup/typed\r"));
  await until(() => events.some(({ change }) => change.type === "cgroup-made"));
  const group = groups.find(({ cause }) => cause.by === "terminal" && cause.terminal === 1);
  expect(group?.cause).toMatchObject({ line: "hostname one; mkdir /sys/fs/cgroup/typed" });
  const lines = events
    .filter((event) => event.group === group?.id)
    .flatMap(({ change }) => eventLine(change, []) ?? []);
  expect(lines).toEqual(["uts-changed glassbox one", "cgroup-made /typed"]);
});
