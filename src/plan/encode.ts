/** A plan as bytes for boxd, which takes its steps by system calls. The layout is that of `protocol/boxd.ts`. */
import { PrivilegeFlag, StepCode } from "../protocol/boxd";
import { CAPABILITIES } from "../protocol/capability";
import type { NamespaceKind } from "../protocol/namespace";
import { mountArguments, MS_REC, PROPAGATION_FLAGS } from "./mount";
import { isWrapper, onlyExec, type ExecStep, type Plan, type PlainStep, type Privileges, type Resource } from "./step";
import type { IdRange, Step, WrapperStep } from "./step";

/** `CLONE_NEW*` of `include/uapi/linux/sched.h`. */
const NAMESPACE_FLAGS: Record<NamespaceKind, number> = {
  time: 0x80,
  mnt: 0x20000,
  cgroup: 0x2000000,
  uts: 0x4000000,
  ipc: 0x8000000,
  user: 0x10000000,
  pid: 0x20000000,
  net: 0x40000000,
};

/** `RLIMIT_*` of `include/uapi/asm-generic/resource.h`. */
const RESOURCES: Record<Resource, number> = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  nice: 13,
  rtprio: 14,
};

const LIMITS = { soft: 1, hard: 2, both: 3 };
const RLIM_INFINITY = 2n ** 64n - 1n;
const REMOVED = { file: 0, directory: 1, tree: 2 };
const DEVICE_TYPES = { character: 0o020000, block: 0o060000 };
const DEVICE_MODE = 0o666;
/** In place of a mode: what the umask leaves; in place of a number of variables: those there are. */
const UNSET_32 = 0xffffffff;
const UNSET_16 = 0xffff;

/**
 * The steps in the order in which they are taken, numbered as `explain` numbers them.
 * @throws RangeError for what cannot be told: a text with a NUL, an address that is none
 */
export function encodePlan(plan: Plan): Uint8Array<ArrayBuffer> {
  let number = 0;
  const encodeSteps = (steps: Step[], to: Bytes) => {
    for (const step of steps) {
      const own = ++number;
      const body = new Bytes();
      const code = isWrapper(step) ? encodeWrapper(step, body) : encodePlain(step, body);
      if (isWrapper(step)) {
        // A wrapper and the one program it starts are one command, with one number.
        if (onlyExec(step)) number--;
        encodeSteps(step.inside, body);
        if (onlyExec(step)) number = own;
      }
      const encoded = body.done();
      to.u16(own).u8(code).u32(encoded.length).bytes(encoded);
    }
  };
  const bytes = new Bytes();
  encodeSteps(plan, bytes);
  return bytes.done();
}

function encodePlain(step: PlainStep | ExecStep, to: Bytes): number {
  switch (step.kind) {
    case "mkdir": {
      const mode = step.mode === undefined ? UNSET_32 : octal(step.mode);
      to.u32(mode)
        .flag(step.parents)
        .text(step.root ?? "")
        .text(step.path);
      return StepCode.MKDIR;
    }
    case "write":
      to.flag(step.append).text(step.path).text(`${step.text}\n`);
      return StepCode.WRITE;
    case "writeBytes":
      to.text(step.path).bytes(step.bytes);
      return StepCode.WRITE_BYTES;
    case "symlink":
      to.text(step.target).text(step.path);
      return StepCode.SYMLINK;
    case "chown":
      to.u32(step.uid).u32(step.gid).text(step.path);
      return StepCode.CHOWN;
    case "usernsAdd":
      to.text(step.path)
        .text(idMap(step.uids))
        .text(idMap(step.gids))
        .text(step.netns ?? "");
      return StepCode.USERNS_ADD;
    case "mountIdmapped":
      to.text(step.source).text(step.target).text(step.userns);
      return StepCode.MOUNT_IDMAPPED;
    case "console":
      to.text(step.path);
      return StepCode.CONSOLE;
    case "deviceFilter":
      to.text(step.program).text(step.cgroup);
      return StepCode.DEVICE_FILTER;
    case "mknod": {
      const mode = DEVICE_TYPES[step.type] | (step.mode === undefined ? DEVICE_MODE : octal(step.mode));
      to.u32(mode).u32(step.major).u32(step.minor).text(step.path);
      return StepCode.MKNOD;
    }
    case "remove":
      to.u8(REMOVED[step.what]).text(step.path);
      return StepCode.REMOVE;
    case "rename":
      to.text(step.from).text(step.to);
      return StepCode.RENAME;
    case "kill":
      to.u32(step.pid).u32(step.signal);
      return StepCode.KILL;
    case "mount": {
      const { flags, data } = mountArguments(step.options ?? []);
      to.u32(flags)
        .text(step.source)
        .text(step.root ?? "")
        .text(step.target)
        .text(step.type ?? "")
        .text(data);
      return StepCode.MOUNT;
    }
    case "propagation": {
      const flags = PROPAGATION_FLAGS[step.propagation] | (step.recursive ? MS_REC : 0);
      to.u32(flags).text("").text("").text(step.target).text("").text("");
      return StepCode.MOUNT;
    }
    case "umount":
      to.flag(step.lazy).text(step.target);
      return StepCode.UMOUNT;
    case "pivotRoot":
      to.text(step.newRoot).text(step.putOld);
      return StepCode.PIVOT_ROOT;
    case "chdir":
      to.text(step.path);
      return StepCode.CHDIR;
    case "sethostname":
      to.text(step.name);
      return StepCode.SETHOSTNAME;
    case "touch":
      to.text(step.root ?? "").text(step.path);
      return StepCode.TOUCH;
    case "umask":
      to.u32(octal(step.mask));
      return StepCode.UMASK;
    case "rlimit":
      to.u32(RESOURCES[step.resource])
        .u8(LIMITS[step.which])
        .u64(step.value === "unlimited" ? RLIM_INFINITY : BigInt(step.value));
      return StepCode.RLIMIT;
    case "open":
      to.u32(step.fd).text(step.path);
      return StepCode.OPEN;
    case "netnsAdd":
      to.text(step.name);
      return StepCode.NETNS_ADD;
    case "netnsRemove":
      to.text(step.name);
      return StepCode.NETNS_REMOVE;
    case "linkAdd":
      if (step.type === "bridge") {
        to.text(step.name);
        return StepCode.BRIDGE_ADD;
      }
      to.text(step.name)
        .text(step.peer)
        .text(step.peerNetns ?? "");
      return StepCode.VETH_ADD;
    case "linkRemove":
      to.text(step.name);
      return StepCode.LINK_REMOVE;
    case "linkUp":
      to.text(step.name);
      return StepCode.LINK_UP;
    case "linkMaster":
      to.text(step.name).text(step.master);
      return StepCode.LINK_MASTER;
    case "linkAddress":
      to.bytes(macBytes(step.mac)).text(step.name);
      return StepCode.LINK_ADDRESS;
    case "addressAdd": {
      const { address, prefix } = network(step.address);
      to.bytes(address).u8(prefix).text(step.device);
      return StepCode.ADDRESS_ADD;
    }
    case "routeAdd": {
      const { address, prefix } = network(step.destination === "default" ? "0.0.0.0/0" : step.destination);
      to.bytes(address).u8(prefix).bytes(ipv4Bytes(step.via));
      return StepCode.ROUTE_ADD;
    }
    case "run":
      to.u16(step.argv.length).texts(step.argv);
      return StepCode.RUN;
    case "exec":
      to.u16(step.argv.length)
        .u16(step.env?.length ?? UNSET_16)
        .texts(step.argv)
        .texts(step.env ?? []);
      return StepCode.EXEC;
  }
}

/** The wrapper's own fields; its steps follow them. */
function encodeWrapper(step: WrapperStep, to: Bytes): number {
  switch (step.kind) {
    case "unshare":
      if (step.mapRoot) throw new RangeError("boxd makes no map of user ids: write the map in a step of its own.");
      to.u32(flags(step.namespaces)).flag(step.fork);
      return StepCode.UNSHARE;
    case "setns":
      // As nsenter does it: a PID namespace that was entered is that of children.
      to.u32(Number(step.pid)).u32(flags(step.namespaces)).flag(step.namespaces.includes("pid"));
      return StepCode.SETNS;
    case "netnsExec":
      to.text(step.name);
      return StepCode.NETNS_EXEC;
    case "usernsExec":
      to.u32(step.uid).text(step.path);
      return StepCode.USERNS_EXEC;
    case "chroot":
      to.text(step.root);
      return StepCode.CHROOT;
    case "setpriv":
      encodePrivileges(step.privileges, to);
      return StepCode.SETPRIV;
  }
}

function encodePrivileges(asked: Privileges, to: Bytes) {
  const groups = asked.groups ?? (asked.clearGroups ? [] : undefined);
  const bounding = asked.bounding ?? asked.capabilities;
  const flag = (on: unknown, value: number) => (on === undefined || on === false ? 0 : value);
  to.u8(
    flag(asked.uid, PrivilegeFlag.UID) |
      flag(asked.gid, PrivilegeFlag.GID) |
      flag(groups, PrivilegeFlag.GROUPS) |
      flag(bounding, PrivilegeFlag.BOUNDING) |
      flag(asked.capabilities, PrivilegeFlag.INHERIT) |
      flag(asked.noNewPrivileges, PrivilegeFlag.NO_NEW_PRIVILEGES),
  )
    .u32(asked.uid ?? 0)
    .u32(asked.gid ?? 0)
    .u64(capabilityMask(bounding ?? []))
    .u16(groups?.length ?? 0);
  for (const group of groups ?? []) to.u32(group);
  to.text(asked.seccompFilter ?? "");
}

/** As `/proc/PID/uid_map` takes it. */
function idMap({ inside, outside, count }: IdRange): string {
  return `${inside} ${outside} ${count}\n`;
}

function capabilityMask(names: readonly string[]): bigint {
  return names.reduce((mask, name) => {
    const bit = CAPABILITIES.indexOf(name);
    if (bit < 0) throw new RangeError(`There is no capability called ${name}.`);
    return mask | (1n << BigInt(bit));
  }, 0n);
}

function flags(kinds: readonly NamespaceKind[]): number {
  return kinds.reduce((all, kind) => all | NAMESPACE_FLAGS[kind], 0) >>> 0;
}

function octal(text: string): number {
  if (!/^[0-7]{1,5}$/.test(text)) throw new RangeError(`A mode is written in octal digits: ${text}`);
  return parseInt(text, 8);
}

function network(text: string): { address: Uint8Array; prefix: number } {
  const [, address, prefix] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? [];
  if (address === undefined || Number(prefix) > 32)
    throw new RangeError(`An address is written with its prefix length, as 10.0.0.1/24: ${text}`);
  return { address: ipv4Bytes(address), prefix: Number(prefix) };
}

function ipv4Bytes(text: string): Uint8Array {
  const parts = text.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (parts.length !== 4 || parts.some((part) => part > 255)) throw new RangeError(`This is no IPv4 address: ${text}`);
  return Uint8Array.from(parts);
}

function macBytes(text: string): Uint8Array {
  if (!/^([\da-f]{2}:){5}[\da-f]{2}$/i.test(text)) throw new RangeError(`This is no MAC address: ${text}`);
  return Uint8Array.from(text.split(":"), (part) => parseInt(part, 16));
}

const encoder = new TextEncoder();

/** Little-endian fields, one after another. */
class Bytes {
  #bytes = new Uint8Array(256);
  #length = 0;

  #room(count: number): DataView {
    if (this.#length + count > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    const view = new DataView(this.#bytes.buffer, this.#length, count);
    this.#length += count;
    return view;
  }

  u8(value: number): this {
    this.#room(1).setUint8(0, value);
    return this;
  }

  flag(on: boolean | undefined): this {
    return this.u8(on ? 1 : 0);
  }

  u16(value: number): this {
    if (value > 0xffff) throw new RangeError("A plan has at most 65535 steps, and a program as many words.");
    this.#room(2).setUint16(0, value, true);
    return this;
  }

  u32(value: number): this {
    this.#room(4).setUint32(0, value, true);
    return this;
  }

  u64(value: bigint): this {
    this.#room(8).setBigUint64(0, value, true);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#length;
    this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  text(text: string): this {
    if (text.includes("\0")) throw new RangeError("A NUL byte cannot be part of a command.");
    return this.bytes(encoder.encode(`${text}\0`));
  }

  texts(texts: readonly string[]): this {
    for (const text of texts) this.text(text);
    return this;
  }

  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}
