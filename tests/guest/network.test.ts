/** Devices, routes, sockets and descriptors against `ip`, `/proc/net` and `/proc/PID/fd`, after random changes. */
import { expect, test } from "vitest";
import type { Machine } from "../../src/machine/machine";
import type { ObjectRef } from "../../src/protocol/evidence";
import type { NetDevice, Socket } from "../../src/protocol/network";
import type { KernelView } from "../../src/protocol/view";
import { compareNetwork } from "../support/compare";
import { sh } from "../support/machine";
import { observedMachine } from "../support/observed-machine";
import { CLEAN_UP, PREPARE } from "../support/operations/network";
import {
  AF_INET,
  AF_UNIX,
  bind,
  connect,
  listen,
  SOCK_DGRAM,
  SOCK_STREAM,
  socket,
  socketpair,
  syscallsProgram,
  type SystemCall,
  unixAddress,
} from "../support/syscalls-program";
import { writeFileCommand } from "../support/static-program";

/** A fact that goes on while the guest is asked for it is asked for again this often. */
const ATTEMPTS = 20;

const guest = await observedMachine(PREPARE);
const { machine, picture, until } = guest;

/** Starts a program that makes these calls and then waits, known by its name. */
async function start(name: string, calls: SystemCall[], launcher = ""): Promise<KernelView> {
  await sh(machine, writeFileCommand(`/tmp/${name}`, syscallsProgram(calls)));
  await sh(machine, `setsid ${launcher} /tmp/${name} </dev/null >/dev/null 2>&1 &`);
  return until((view) => view.tasks.some((task) => task.comm === name && task.state === "S"));
}

async function clean(): Promise<void> {
  await sh(machine, CLEAN_UP);
  const view = await until(({ tasks }) => !tasks.some(({ comm }) => comm.startsWith("net-")));
  const left = view.devices.filter(({ kind, namespace }) => {
    return kind && view.namespaces.find(({ inum }) => inum === namespace)?.initial;
  });
  await sh(machine, [...left.map(({ name }) => `ip link del dev '${name}' 2>/dev/null`), ":"].join("\n"));
  await until(({ namespaces }) => namespaces.filter(({ kind }) => kind === "net").length === 1);
}

test("every kind of device, two namespaces and traffic", { timeout: 120_000 }, async () => {
  await sh(
    machine,
    `ip netns add left; ip netns add right
    ip link add br0 type bridge; ip link set br0 up; ip addr add 10.0.0.1/24 brd + dev br0
    ip link add l0 type veth peer name eth0 netns left; ip link set l0 master br0 up
    ip link add r0 type veth peer name eth0 netns right; ip link set r0 master br0 up
    ip -n left addr add 10.0.0.2/24 dev eth0; ip -n left link set eth0 up; ip -n left link set lo up
    ip -n right addr add 10.0.0.3/24 dev eth0; ip -n right link set eth0 up
    ip -n left route add default via 10.0.0.1; ip -n right route add blackhole 10.1.0.0/16 metric 7
    ip link add link br0 name v7 type vlan id 7; ip addr add 10.7.0.1/24 dev v7; ip link set v7 up
    ip link add link br0 name m0 type macvlan mode bridge; ip link set m0 netns left
    ip link add i0 link r0 type ipvlan mode l2 2>/dev/null
    ip link add x0 type vxlan id 5 local 10.0.0.1 remote 10.0.0.9 dstport 4789; ip link set x0 up
    ip link add d0 type dummy; ip addr add 10.5.0.1/24 dev d0; ip link set d0 up
    ip tuntap add t0 mode tun; ip tuntap add t1 mode tap; ip link set t0 up
    ip link set lo up; ip link set eth0 up
    ip -n left link set m0 up; ip -n left addr add 10.0.0.4/24 dev m0
    ping -c 2 -W 1 10.0.0.2; ping -c 1 -W 1 10.0.0.3; ping -c 1 -W 1 127.0.0.1; ping -c 1 -W 1 10.5.0.9; ping -c 1 -W 1 10.7.0.9
    ip netns exec left ping -c 3 -W 1 10.0.0.3; ip netns exec right ping -c 1 -W 1 10.1.0.1
    ip netns exec left ping -c 1 -W 1 -I m0 10.0.0.3
    arping -c 1 -I x0 10.0.0.9; :`,
  );
  const view = await compareNetwork(guest, "every kind", { everyCounter: true });
  const kinds = new Set(view.devices.map(({ kind }) => kind));
  expect([...kinds]).toEqual(expect.arrayContaining(["bridge", "veth", "vlan", "macvlan", "vxlan", "dummy", "tun"]));
  const moving = (kind: string) => view.devices.some((d) => d.kind === kind && d.counters.txPackets > 0);
  for (const kind of ["bridge", "veth", "vlan", "macvlan", "dummy"]) expect(moving(kind), kind).toBe(true);
  const named = (name: string, from = view) => from.devices.find((device) => device.name === name)!;
  expect(named("l0").master).toBe(named("br0").address);
  expect(named("v7").lower).toBe(named("br0").address);
  expect(named("m0").lower).toBe(named("br0").address);
  expect(named("m0").namespace).not.toBe(named("br0").namespace);

  // Evidence: the command shows what the fact says.
  for (const name of ["l0", "br0", "v7", "lo", "d0"]) {
    await proves({ object: "device", address: named(name).address }, (view) => deviceWords(named(name, view), view));
  }
  for (const route of view.routes.filter(({ namespace }) => namespace === named("br0").namespace)) {
    const words = { table: "", type: "", destination: route.destination, metric: "", protocol: route.protocol };
    await proves({ object: "route", address: route.address }, () => ({
      ...words,
      scope: route.scope,
      gateway: "",
      device: "",
    }));
  }
  await clean();
});

function deviceWords(device: NetDevice, view: KernelView): Record<string, string> {
  const master = view.devices.find(({ address }) => address === device.master)?.name ?? "";
  const [address] = device.addresses;
  return {
    name: device.name,
    index: `${device.index}: `,
    mtu: `mtu ${device.mtu}`,
    mac: device.mac!,
    flags: device.flags.join(","),
    state: device.state,
    kind: device.kind ?? "",
    master,
    lower: "",
    peer: "",
    addresses: address ? address.local : "",
    rxBytes: String(device.counters.rxBytes),
    txPackets: String(device.counters.txPackets),
    namespace: `net:[${device.namespace}]`,
  };
}

/** Each fact has steps that end at its value, and a command whose output has the word that the picture gives for it. */
async function proves(ref: ObjectRef, words: (view: KernelView) => Record<string, string>): Promise<void> {
  for (const fact of Object.keys(words(await picture()))) {
    const found = await machine.evidence({ ...ref, fact } as Parameters<Machine["evidence"]>[0]);
    if (!found.ok) throw new Error(`${fact}: ${found.failure.what}`);
    expect(found.value.steps.length, fact).toBeGreaterThan(2);
    expect(found.value.value, fact).not.toContain("unreadable");
    const { command } = found.value;
    if (command === undefined) continue;
    for (let attempt = 1; ; attempt++) {
      const word = words(await picture())[fact];
      const shown = await sh(machine, command);
      // A counter may go on meanwhile.
      if (words(await picture())[fact] !== word && attempt < ATTEMPTS) continue;
      expect(shown, `${fact}: ${command}`).toContain(word);
      break;
    }
  }
}

test("a namespace that only a descriptor, a socket or a name keeps", { timeout: 120_000 }, async () => {
  await sh(machine, "ip netns add kept");
  // Three descriptors of its own namespace, one of them without operations, then away from it.
  const CLONE_NEWNET = 0x40000000;
  const path = (text: string) => new TextEncoder().encode(`${text}\0`);
  await start(
    "net-keeper",
    [
      [5, path("/proc/self/ns/net"), 0, 0],
      [5, path("/proc/self/ns/net"), 0o10000000, 0],
      [310, CLONE_NEWNET],
    ],
    "unshare -n",
  );
  await start("net-socket", [socket(AF_INET, SOCK_DGRAM), [310, CLONE_NEWNET]], "unshare -n");
  const view = await compareNetwork(guest, "kept namespaces");
  const task = (comm: string) => view.tasks.find((task) => task.comm === comm)!;
  const inUse = new Set(view.tasks.map((task) => task.namespaces.net));
  const kept = view.namespaces.filter(({ kind, inum }) => kind === "net" && !inUse.has(inum));
  const { pid } = task("net-keeper");
  // The name is held by mounts: as many as /run/netns has copies of.
  expect(kept.map(({ holders }) => holders)).toContainEqual([
    { by: "descriptor", pid, fd: 3 },
    { by: "descriptor", pid, fd: 4 },
  ]);
  expect(kept).toHaveLength(3);
  const held = view.sockets.find(({ holders }) => holders.some((holder) => holder.pid === task("net-socket").pid))!;
  expect(kept.map(({ inum }) => inum)).toContain(held.namespace);
  expect(held.namespace).not.toBe(task("net-socket").namespaces.net);
  await clean();
});

test("names of unix sockets and devices are as raw as the guest made them", { timeout: 120_000 }, async () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const names = ["\n\u001b[31m", "<b>\u202e &", "é ☃", "x".repeat(107)];
  const view = await start("net-names", [
    ...names.flatMap((name, index) => [
      socket(AF_UNIX, SOCK_STREAM),
      bind(3 + index, unixAddress(bytes(`\0${name}`))),
      listen(3 + index),
    ]),
    socket(AF_UNIX, SOCK_STREAM),
    connect(3 + names.length, unixAddress(bytes(`\0${names[0]}`))),
    socket(AF_UNIX, SOCK_DGRAM),
    bind(4 + names.length, unixAddress(bytes("/tmp/a path\n<i>\0"))),
    socketpair(SOCK_STREAM),
  ]);
  const { pid } = view.tasks.find(({ comm }) => comm === "net-names")!;
  const own = new Map<number, Socket>();
  for (const socket of view.sockets)
    for (const holder of socket.holders) if (holder.pid === pid) own.set(holder.fd, socket);
  names.forEach((name, index) => expect(own.get(3 + index)!.local).toBe(`@${name}`));
  expect(own.get(7)).toMatchObject({ state: "ESTAB", remote: `@${names[0]}`, local: undefined });
  expect(own.get(8)!.local).toBe("/tmp/a path\n<i>");
  expect(own.get(9)!.peer).toBe(own.get(10)!.address);
  expect(own.get(10)!.peer).toBe(own.get(9)!.address);
  await compareNetwork(guest, "names");
  await proves({ object: "socket", address: own.get(8)!.address }, () => ({
    inode: `socket:[${own.get(8)!.inode}]`,
    local: "/tmp/a path",
    state: "",
    holders: `/proc/${pid}/fd/8`,
    type: "0002",
  }));

  const odd = ["$(id)", "'\"`&;", "-x", "\u202eé", "\u001b[31m"];
  const quoted = odd.map((name) => `'${name.replaceAll("'", "'\\''")}'`);
  await sh(machine, quoted.map((name) => `ip link add name ${name} type dummy`).join("\n"));
  const after = await compareNetwork(guest, "device names");
  for (const name of odd) {
    const device = after.devices.find((device) => device.name === name);
    expect(device, name).toBeDefined();
    await proves({ object: "device", address: device!.address }, () => ({ index: `${device!.index}: `, mtu: "1500" }));
  }
  await sh(machine, quoted.map((name) => `ip link del dev ${name}`).join("\n"));
  await clean();
});
