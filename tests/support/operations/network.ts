/** Seeded random changes to network namespaces, devices, addresses, routes and sockets, as snippets of shell. */
import type { NetDevice } from "../../../src/protocol/network";
import type { KernelView } from "../../../src/protocol/view";
import {
  accept,
  AF_INET,
  AF_NETLINK,
  AF_PACKET,
  AF_UNIX,
  bind,
  connect,
  inetAddress,
  listen,
  open,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socket,
  socketpair,
  syscallsProgram,
  unixAddress,
} from "../syscalls-program";
import { writeFileCommand } from "../static-program";

/** With more of them than these, the next operations remove some. */
const MAX_PROCESSES = 8;
const MAX_DEVICES = 24;

/** Programs that hold sockets; each argument-free, so that a process is known by its name. */
const PROGRAMS = {
  tcp: syscallsProgram([
    socket(AF_INET, SOCK_STREAM),
    bind(3, inetAddress("0.0.0.0", 80)),
    listen(3),
    socket(AF_INET, SOCK_STREAM),
    connect(4, inetAddress("127.0.0.1", 80)),
    accept(3),
    socket(AF_INET, SOCK_STREAM),
    bind(6, inetAddress("127.0.0.1", 99)),
  ]),
  udp: syscallsProgram([
    socket(AF_INET, SOCK_DGRAM),
    bind(3, inetAddress("0.0.0.0", 53)),
    socket(AF_INET, SOCK_DGRAM),
    connect(4, inetAddress("127.0.0.1", 53)),
    socket(AF_INET, SOCK_DGRAM),
    socket(AF_INET, SOCK_RAW, 1),
    socket(AF_INET, SOCK_RAW, 255),
    connect(7, inetAddress("127.0.0.1", 0)),
  ]),
  local: syscallsProgram([
    socketpair(SOCK_STREAM),
    socket(AF_UNIX, SOCK_SEQPACKET),
    bind(5, unixAddress(new TextEncoder().encode("\0abstract name\0"))),
    listen(5),
    socket(AF_UNIX, SOCK_SEQPACKET),
    connect(6, unixAddress(new TextEncoder().encode("\0abstract name\0"))),
    accept(5),
    socket(AF_UNIX, SOCK_DGRAM),
    socket(AF_PACKET, SOCK_RAW, 0x300),
    socket(AF_PACKET, SOCK_DGRAM),
    socket(AF_NETLINK, SOCK_RAW),
    bind(11, Uint8Array.from([AF_NETLINK, ...new Array<number>(11).fill(0)])),
  ]),
  holder: syscallsProgram([
    open("/proc/self/ns/net"),
    open("/proc/self/ns/net", 0o10000000),
    open("/proc/self/ns/uts"),
  ]),
};
type ProgramName = keyof typeof PROGRAMS;

/** To be run once before the first operations. */
export const PREPARE = Object.entries(PROGRAMS)
  .map(([name, bytes]) => writeFileCommand(`/tmp/net-${name}`, bytes))
  .join("\n");

/** Ends what operations have left behind. */
export const CLEAN_UP = `
pkill -9 '^net-'
for n in $(ip netns list | cut -d ' ' -f 1); do ip netns del $n; done
:
`;

const HEAD = `
exec 2>/dev/null
# Finds the name of a network namespace by its inode number.
named() {
  for f in /run/netns/*; do [ "$(stat -Lc %i "$f")" = "$1" ] && echo "$f"; done
}
start() { setsid "$@" </dev/null >/dev/null 2>&1 & }
`;

/** A script of a few changes. Some fail, as changes do. `next` is a source of random numbers from 0 to 1. */
export function operations(next: () => number, view: KernelView): string {
  const round = new Round(next, view);
  const lines: string[] = [];
  for (let count = 3 + round.below(4); count > 0; count--) lines.push(round.operation());
  return `${HEAD}${lines.join("\n")}\n:`;
}

class Round {
  readonly #next: () => number;
  readonly #view: KernelView;
  /** Inode numbers of network namespaces. */
  readonly #nets: number[];

  constructor(next: () => number, view: KernelView) {
    this.#next = next;
    this.#view = view;
    this.#nets = view.namespaces.filter(({ kind }) => kind === "net").map(({ inum }) => inum);
  }

  below(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)];
  }

  /** Does it in a namespace. */
  #in(net: number, command: string): string {
    const namespace = this.#view.namespaces.find(({ kind, inum }) => kind === "net" && inum === net);
    if (!namespace || namespace.initial) return command;
    const task = this.#view.tasks.find((task) => task.namespaces.net === net);
    return task ? `nsenter -t ${task.pid} -n ${command}` : `nsenter --net=$(named ${net}) ${command}`;
  }

  #processes() {
    return this.#view.tasks.filter((task) => task.comm.startsWith("net-"));
  }

  #devices(kinds?: string[]): NetDevice[] {
    return this.#view.devices.filter(({ kind }) => kind !== undefined && (!kinds || kinds.includes(kind)));
  }

  #name(): string {
    return `${this.#pick(["a", "b", "c", "d"])}${this.below(100)}`;
  }

  #address(): string {
    return `10.${this.below(3)}.${this.below(3)}.${1 + this.below(4)}`;
  }

  operation(): string {
    const processes = this.#processes();
    const devices = this.#devices();
    if (processes.length > MAX_PROCESSES)
      return `kill -9 ${processes
        .slice(0, 4)
        .map(({ pid }) => pid)
        .join(" ")}`;
    if (devices.length > MAX_DEVICES) {
      return devices
        .slice(0, 6)
        .map((device) => this.#in(device.namespace, `ip link del dev ${device.name}`))
        .join("\n");
    }
    const device = devices.length > 0 && this.#next() < 0.8 ? this.#pick(devices) : undefined;
    if (device) return this.#in(device.namespace, `ip ${this.#change(device)}`);
    const net = this.#pick(this.#nets);
    switch (this.below(12)) {
      case 0:
        return `ip netns add n${this.below(4)}`;
      case 1:
        return `ip netns del n${this.below(4)}`;
      case 2:
        return `start unshare -n /tmp/net-${this.#program()}`;
      case 3:
      case 4:
        return `start ${this.#in(net, `/tmp/net-${this.#program()}`)}`;
      case 5:
      case 6:
        return this.#in(net, `ip link add ${this.#name()} type veth peer name ${this.#name()}`);
      case 7:
        return this.#in(net, `ip link add ${this.#name()} type ${this.#pick(["bridge", "dummy", "bridge"])}`);
      case 8:
        return this.#in(net, `ip tuntap add dev ${this.#name()} mode ${this.#pick(["tun", "tap"])}`);
      case 9:
        return this.#in(net, `ip link add ${this.#name()} type vxlan id ${1 + this.below(99)} dstport 4789`);
      case 10:
        return this.#in(net, `ip link set lo ${this.#pick(["up", "up", "down"])}`);
      default:
        return this.#in(net, "ping -c 1 -W 1 127.0.0.1 >/dev/null");
    }
  }

  #program(): ProgramName {
    return this.#pick(Object.keys(PROGRAMS) as ProgramName[]);
  }

  /** Of a device: the arguments of `ip`. */
  #change({ name, namespace, addresses }: NetDevice): string {
    const bridges = this.#devices(["bridge"]).filter((bridge) => bridge.namespace === namespace);
    const own = addresses.length > 0 ? this.#pick(addresses) : undefined;
    switch (this.below(16)) {
      case 0:
      case 1:
      case 2:
        return `link set dev ${name} ${this.#pick(["up", "up", "up", "down"])}`;
      case 3:
        return `link set dev ${name} name ${this.#name()}`;
      case 4:
        return `link set dev ${name} mtu ${1000 + this.below(500)}`;
      case 5:
        return `link set dev ${name} ${this.#pick(["promisc on", "arp off", "multicast off", "allmulticast on", "address 02:00:00:00:00:0" + this.below(10)])}`;
      case 6:
        return bridges.length > 0
          ? `link set dev ${name} master ${this.#pick(bridges).name}`
          : `link set dev ${name} up`;
      case 7:
        return `link set dev ${name} ${this.#next() < 0.3 ? "nomaster" : `netns ${this.#target()}`}`;
      case 8:
      case 9:
      case 10:
        return `address add ${this.#address()}${this.#pick(["/24", "/16 brd +", "/32", `/24 label ${name}:x`, `/24 scope ${this.#pick(["link", "host", "77"])}`, ` peer ${this.#address()}/32`])} dev ${name}`;
      case 11:
        return own ? `address del ${own.local}/${own.prefixLength} dev ${name}` : `address flush dev ${name}`;
      case 12:
        return `route add ${this.#pick(["blackhole", "unreachable", "prohibit", "throw"])} 10.9.${this.below(9)}.0/24 metric ${this.below(9)}`;
      case 13:
        return `route add ${this.#pick(["default", "10.8.0.0/14", "10.7.0.0/16", "192.168.1.1"])} ${this.#pick([`via ${this.#address()} dev ${name} onlink`, `dev ${name}`, `dev ${name} proto ${this.#pick(["static", "77", "bird"])} metric ${this.below(3)}`, `dev ${name}${own ? ` src ${own.local}` : ""} table ${this.#pick(["local", "100"])}`])}`;
      case 14:
        return `route del ${this.#pick(["default", "10.8.0.0/14", "10.7.0.0/16", "10.9.1.0/24"])}`;
      default:
        return `link add link ${name} name ${this.#name()} type ${this.#pick(["vlan id " + (1 + this.below(9)), "macvlan mode bridge", "ipvlan mode l2", "vxlan id 9 group 239.1.1.1 dstport 4789 dev " + name])}`;
    }
  }

  /** A namespace as `ip link set netns` takes it. */
  #target(): string {
    const [task] = this.#processes().slice(this.below(MAX_PROCESSES));
    return task ? String(task.pid) : this.#pick(["1", "n0", "n1", "n2", "n3"]);
  }
}
