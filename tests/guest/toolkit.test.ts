/** The demonstrators where learners type them: on the guest's kernel, with the guest's programs. */
import { expect, test } from "vitest";
import { bubble } from "../../guest/toolkit/bubble";
import { stack } from "../../guest/toolkit/stack";
import { planOf, undoPlanOf, type Settings } from "../../guest/toolkit/tool";
import { wire } from "../../guest/toolkit/wire";
import { explainText } from "../../src/plan/explain";
import { shell } from "../../src/plan/shell";
import { NAMESPACE_KINDS, type NamespaceKind } from "../../src/protocol/namespace";
import { machineForTest, sh } from "../support/machine";

const links = `for kind in ${NAMESPACE_KINDS.join(" ")}; do readlink /proc/self/ns/$kind; done`;

function inums(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/(\w+):\[(\d+)\]/g)].map(([, kind, inum]) => [kind, inum]));
}

function options(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => (value === true ? `--${name}` : `--${name} ${value}`))
    .join(" ");
}

test("bubble makes exactly the namespaces that are asked for", async () => {
  const machine = await machineForTest();
  const host = inums(await sh(machine, links));
  const cases: [Settings, NamespaceKind[]][] = [
    [{}, ["mnt", "pid"]],
    [{ mount: true }, ["mnt"]],
    [{ pid: true, mount: true, net: true }, ["mnt", "pid", "net"]],
    [{ uts: true }, ["uts"]],
    [{ ipc: true }, ["ipc"]],
    [{ user: true }, ["user"]],
    [{ cgroup: true }, ["cgroup"]],
    [{ time: true }, ["time"]],
    [{ hostname: "bowl" }, ["mnt", "pid", "uts"]],
    [{ all: true }, [...NAMESPACE_KINDS]],
  ];
  for (const [settings, expected] of cases) {
    const inside = inums(await sh(machine, `bubble ${options(settings)} sh -c '${links}'`));
    const own = NAMESPACE_KINDS.filter((kind) => inside[kind] !== host[kind]);
    expect(own, options(settings)).toEqual(expected);
  }
});

test("bubble prints and explains the plan it carries out", async () => {
  const machine = await machineForTest();
  const cases: Settings[] = [{}, { all: true }, { hostname: "bowl", root: "/mnt" }];
  for (const settings of cases) {
    const plan = planOf(bubble, settings, ["ls", "a b"]);
    expect(await sh(machine, `bubble ${options(settings)} --dry-run ls 'a b'`)).toBe(`${shell(plan).join("\n")}\n`);
    expect(await sh(machine, `bubble ${options(settings)} --explain ls 'a b'`)).toBe(explainText(plan));
  }
});

test("inside, the command is number 1, ps sees nothing else, and the host keeps its name", async () => {
  const machine = await machineForTest();
  const inside = await sh(machine, "bubble --hostname bowl sh -c 'echo $$; ps -o pid,comm; hostname; exit'; hostname");
  expect(inside).toMatch(/^1\nPID +COMMAND\n +1 sh\n +\d+ ps\nbowl\nglassbox\n$/);
});

test("with --root the command sees that directory as /, and nothing stays mounted outside", async () => {
  const machine = await machineForTest();
  const before = await sh(machine, "cat /proc/mounts");
  const script = `mkdir -p "/tmp/new root/proc" "/tmp/new root/bin"
    cp /bin/busybox "/tmp/new root/bin/ls"
    bubble --root "/tmp/new root" /bin/ls / /proc/1/ns`;
  expect(await sh(machine, script)).toMatch(/^\/:\nbin\nproc\n\n\/proc\/1\/ns:\ncgroup\n/);
  expect(await sh(machine, "cat /proc/mounts")).toBe(before);
});

test("stack makes one tree of its layers, writes go to the upper one, and --undo leaves nothing", async () => {
  const machine = await machineForTest();
  const before = await sh(machine, "cat /proc/mounts; ls /");
  await sh(machine, "stack 2>/dev/null");
  expect(await sh(machine, "findmnt -rno FSTYPE,OPTIONS /stack/merged")).toMatch(
    /^overlay .*lowerdir=\/stack\/patch:\/stack\/base,upperdir=\/stack\/upper,workdir=\/stack\/work/,
  );
  expect(await sh(machine, "cd /stack/merged; grep . *")).toBe("changed:from the patch\nkept:from the base\n");
  await sh(machine, "cd /stack/merged; echo new > made; echo more >> kept");
  expect(await sh(machine, "cd /stack; ls upper; cat base/kept")).toBe("kept\nmade\nfrom the base\n");
  await sh(machine, "stack --undo 2>/dev/null");
  expect(await sh(machine, "cat /proc/mounts; ls /")).toBe(before);
});

test("stack takes directories that are there as its layers, and read-only means it", async () => {
  const machine = await machineForTest();
  await sh(machine, "mkdir -p /tmp/one /tmp/two; echo 1 > /tmp/one/f; echo 2 > /tmp/two/f; echo 2 > /tmp/two/g");
  await sh(machine, "stack --at /tmp/both --lower /tmp/one:/tmp/two --read-only 2>/dev/null");
  expect(await sh(machine, "cd /tmp/both/merged; cat f g; { echo 3 > f; } 2>&1 || :")).toMatch(
    /^1\n2\n.*Read-only file system\n$/,
  );
});

test("limit puts the command under its limits; what wants more is killed, and that is counted", async () => {
  const machine = await machineForTest();
  const inside = "cat /proc/self/cgroup; cd /sys/fs/cgroup/limit; cat memory.max cpu.max pids.max";
  expect(await sh(machine, `limit --memory 16M --cpu 20 --pids 9 sh -c '${inside}' 2>/dev/null`)).toBe(
    "0::/limit\n16777216\n20000 100000\n9\n",
  );
  expect(await sh(machine, "limit --memory 8M --name full --load memory 2>/dev/null; echo $?")).toBe("137\n");
  expect(await sh(machine, "grep oom_kill /sys/fs/cgroup/full/memory.events")).toMatch(/^oom_kill 1$/m);
  await sh(machine, "limit --undo 2>/dev/null; limit --name full --undo 2>/dev/null");
  expect(await sh(machine, "cd /sys/fs/cgroup; ls -d limit full 2>/dev/null || echo none")).toBe("none\n");
});

test("limit's load of the processor is held back, and its processes end at the limit", async () => {
  const machine = await machineForTest();
  // The kernel's own count says when: a period has to go by in which it was held back.
  const script = `limit --cpu 10 --load cpu >/dev/null 2>&1 & load=$!
    until grep -qs 'nr_throttled [1-9]' /sys/fs/cgroup/limit/cpu.stat; do usleep 20000; done
    kill $load; wait; echo seen`;
  expect(await sh(machine, script)).toBe("seen\n");
  // What it started stays, and would keep a pipe open.
  await sh(machine, "limit --name few --pids 5 --load pids > /tmp/said 2>&1 || :");
  expect(await sh(machine, "cat /tmp/said")).toContain("can't fork");
  expect(await sh(machine, "grep max /sys/fs/cgroup/few/pids.events")).toMatch(/^max [1-9]/);
});

test("wire connects two rooms over a bridge, with a way out, and --undo takes all of it back", async () => {
  const machine = await machineForTest();
  const state = "ip -o link | grep -v eth0 | cut -d: -f2; ip netns; iptables -t nat -S";
  const before = await sh(machine, state);
  await sh(machine, "wire --bridge --nat 2>/dev/null");
  expect(await sh(machine, "ip netns exec room-a ping -c 1 -W 5 10.9.0.3")).toContain(" 0% packet loss");
  expect(await sh(machine, "ip netns exec room-b ping -c 1 -W 5 10.9.0.1")).toContain(" 0% packet loss");
  expect(await sh(machine, "iptables -t nat -S POSTROUTING")).toContain(
    "-A POSTROUTING -s 10.9.0.0/24 ! -d 10.9.0.0/24 -j MASQUERADE",
  );
  await sh(machine, "wire --bridge --nat --undo 2>/dev/null");
  // A network ends when the kernel gets round to it, and its cable with it.
  expect(await sh(machine, `while ip link | grep -q room; do sleep 0.1; done; ${state}`)).toBe(before);
});

test("a step that fails is named, and what was done before it is taken back", async () => {
  const machine = await machineForTest();
  await sh(machine, "ip link add shop-out type dummy");
  const said = await sh(machine, "wire --name shop 2>&1 || echo status $?");
  expect(said).toContain("wire: step 2 failed: ip link add shop-out type veth peer name eth0 netns shop\n");
  expect(said).toMatch(/Taking back what was done before it:\nip netns del shop\n+status 2\n$/);
  expect(await sh(machine, "ip netns")).toBe("");
});

test("show tells of the shell that it is typed in what the kernel tells", async () => {
  const machine = await machineForTest();
  const said = await sh(machine, "sh -c 'show 2>/dev/null; echo I am $$ in $(readlink /proc/$$/ns/uts)'");
  const [, pid, uts] = /I am (\d+) in uts:\[(\d+)\]/.exec(said)!;
  expect(said).toMatch(new RegExp(`^Pid:\t${pid}$`, "m"));
  expect(said).toMatch(new RegExp(`^${uts} uts `, "m"));
  expect(said).toContain(`/proc/${pid}/exe -> /bin/busybox`);
  expect(await sh(machine, "bubble sh -c 'show --pid 1 2>/dev/null; :'")).toMatch(/^Pid:\t1$/m);
});

test("the others print and explain their plans, too", async () => {
  const machine = await machineForTest();
  for (const tool of [stack, wire]) {
    const plan = planOf(tool, {});
    expect(await sh(machine, `${tool.name} --dry-run`)).toBe(`${shell(plan).join("\n")}\n`);
    expect(await sh(machine, `${tool.name} --explain`)).toBe(explainText(plan));
    expect(await sh(machine, `${tool.name} --undo --dry-run`)).toBe(`${shell(undoPlanOf(tool, {})).join("\n")}\n`);
  }
});
