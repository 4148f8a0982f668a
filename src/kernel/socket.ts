/** Sockets (`include/net/sock.h`). Every function takes the address of a `struct sock`. */
import type { Socket } from "../protocol/network";
import { dotted, ntohs } from "./ipv4";
import { MemoryFault } from "./memory";
import { text } from "./text";
import type { Program } from "./program";

// include/linux/socket.h
const AF_UNIX = 1;
const AF_INET = 2;
const FAMILIES: Readonly<Record<number, Socket["family"]>> = {
  [AF_UNIX]: "unix",
  [AF_INET]: "inet",
  16: "netlink",
  17: "packet",
};

/** `enum sock_type` of `include/linux/net.h`. */
const SOCK_RAW = 3;
const TYPES: Readonly<Record<number, Socket["type"]>> = { 1: "stream", 2: "dgram", [SOCK_RAW]: "raw", 5: "seqpacket" };

/** `include/uapi/linux/in.h`. */
const PROTOCOLS: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp" };

/** `include/net/tcp_states.h`, by the names that ss gives them. Other families use the same numbers. */
const UNCONNECTED = "UNCONN";
const STATES: Readonly<Record<number, string>> = {
  1: "ESTAB",
  2: "SYN-SENT",
  3: "SYN-RECV",
  4: "FIN-WAIT-1",
  5: "FIN-WAIT-2",
  6: "TIME-WAIT",
  7: UNCONNECTED,
  8: "CLOSE-WAIT",
  9: "LAST-ACK",
  10: "LISTEN",
  11: "CLOSING",
  12: "SYN-RECV",
  // TCP_BOUND_INACTIVE: has a local port, and neither listens nor connects.
  13: UNCONNECTED,
};

function family(prog: Program, sock: number): number {
  return prog.u16(sock, prog.fields.sock["__sk_common.skc_family"]);
}

/** Address of the `struct sock` of a `struct socket`; 0 while it is being closed. */
export function socketSock(prog: Program, socket: number): number {
  return prog.pointer(socket, prog.fields.socket.sk);
}

/** Address of its `struct net`. */
export function sockNamespace(prog: Program, sock: number): number {
  return prog.pointer(sock, prog.fields.sock["__sk_common.skc_net.net"]);
}

/** Inode number, as `/proc/PID/fd` shows it; 0 for a socket without a descriptor. */
export function sockInode(prog: Program, sock: number): number {
  const { socket, vfs_inode } = prog.fields.socket_alloc;
  const address = prog.pointer(sock, prog.fields.sock.sk_socket);
  if (address === 0) return 0;
  const inode = prog.member(prog.container(address, socket, "socket_alloc"), vfs_inode);
  return prog.u32(inode, prog.fields.inode.i_ino);
}

export function sockFamily(prog: Program, sock: number): Socket["family"] {
  return FAMILIES[family(prog, sock)] ?? "other";
}

export function sockType(prog: Program, sock: number): Socket["type"] {
  return TYPES[prog.u16(sock, prog.fields.sock.sk_type)] ?? "other";
}

export function sockProtocol(prog: Program, sock: number): string | undefined {
  if (family(prog, sock) !== AF_INET) return undefined;
  const protocol = prog.u16(sock, prog.fields.sock.sk_protocol);
  return PROTOCOLS[protocol] ?? String(protocol);
}

export function sockState(prog: Program, sock: number): string {
  const number = family(prog, sock);
  // Netlink and packet sockets keep something else there, and ss knows one state of them.
  if (number !== AF_INET && number !== AF_UNIX) return UNCONNECTED;
  const state = prog.u8(sock, prog.fields.sock["__sk_common.skc_state"]);
  return STATES[state] ?? String(state);
}

/** Own address and port, or own path or name; undefined when it has none. */
export function sockLocal(prog: Program, sock: number): string | undefined {
  const number = family(prog, sock);
  if (number === AF_UNIX) return unixName(prog, sock);
  if (number !== AF_INET) return undefined;
  const address = prog.u32(sock, prog.fields.sock["__sk_common.skc_rcv_saddr"]);
  return endpoint(prog, sock, address, prog.u16(sock, prog.fields.inet_sock.inet_sport));
}

/** The same of the other end. */
export function sockRemote(prog: Program, sock: number): string | undefined {
  const number = family(prog, sock);
  if (number === AF_UNIX) {
    const peer = sockPeer(prog, sock);
    return peer === 0 ? undefined : unixName(prog, peer);
  }
  if (number !== AF_INET) return undefined;
  const fields = prog.fields.sock;
  const address = prog.u32(sock, fields["__sk_common.skc_daddr"]);
  return endpoint(prog, sock, address, prog.u16(sock, fields["__sk_common.skc_dport"]));
}

/** A raw socket has a protocol where others have a port. */
function endpoint(prog: Program, sock: number, address: number, port: number): string | undefined {
  if (prog.u16(sock, prog.fields.sock.sk_type) === SOCK_RAW) return address === 0 ? undefined : dotted(address);
  return address === 0 && port === 0 ? undefined : `${dotted(address)}:${ntohs(port)}`;
}

/** Address of the connected `struct sock` of a unix socket; 0 for none. */
export function sockPeer(prog: Program, sock: number): number {
  return family(prog, sock) === AF_UNIX ? prog.pointer(sock, prog.fields.unix_sock.peer) : 0;
}

/** `sizeof(sun_family)`, and the most that a name may have: `UNIX_PATH_MAX` of `include/uapi/linux/un.h`. */
const FAMILY_BYTES = 2;
const UNIX_PATH_MAX = 108;

/** As `/proc/net/unix` prints it: the path, or `@` and the abstract name, in which zero bytes are `@` too. */
function unixName(prog: Program, sock: number): string | undefined {
  const address = prog.pointer(sock, prog.fields.unix_sock.addr);
  if (address === 0) return undefined;
  const { len, name } = prog.fields.unix_address;
  const lengthBytes = prog.u32(address, len) - FAMILY_BYTES;
  // A path is kept with its terminating zero.
  if (lengthBytes < 1 || lengthBytes > UNIX_PATH_MAX + 1) {
    throw new MemoryFault(address, `the socket's address has ${lengthBytes} bytes`);
  }
  const start = prog.member(address, name) + prog.fields.sockaddr_un.sun_path.offset;
  const bytes = prog.bytes(prog.name(start, "unix_address->name->sun_path"), lengthBytes);
  if (bytes[0] !== 0) return text(bytes, 0, lengthBytes);
  const abstract = bytes.map((byte) => byte || AT);
  return text(abstract, 0, lengthBytes);
}

const AT = "@".charCodeAt(0);

const NONE: never[] = [];

/** What is in the `struct sock` itself; what it leads to is left empty. */
export function readSock(prog: Program, sock: number): Socket {
  return {
    address: sock,
    namespace: 0,
    inode: 0,
    family: sockFamily(prog, sock),
    type: sockType(prog, sock),
    protocol: sockProtocol(prog, sock),
    state: sockState(prog, sock),
    local: undefined,
    remote: undefined,
    peer: sockPeer(prog, sock) || undefined,
    holders: NONE,
  };
}
