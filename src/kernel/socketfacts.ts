/** Facts of sockets. `/proc/PID/net` shows those of the network namespace that the task PID is in. */
import { MAX_SOCKETS } from "./bounds";
import { fact, type ObjectFacts, quoted } from "./fact";
import { namespaceMember } from "./namespace-facts";
import { fileSocket, taskFiles, visitOpenFiles } from "./files";
import { MemoryFault } from "./memory";
import { initialNamespace, namespaceInum } from "./namespace";
import { Program } from "./program";
import {
  sockFamily,
  sockInode,
  sockLocal,
  sockNamespace,
  sockPeer,
  sockProtocol,
  sockRemote,
  sockState,
  sockType,
  socketSock,
} from "./socket";
import { allTasks, isKernelThread, taskPid, taskTgid } from "./task";

interface OpenSocket {
  sock: number;
  pid: number;
  fd: number;
}

/** Every descriptor of a socket. A table that cannot be read is passed over. */
function* openSockets(prog: Program): Generator<OpenSocket, void, undefined> {
  const readFor = new Map<number, number>();
  for (const task of allTasks(prog)) {
    if (isKernelThread(prog, task)) continue;
    const files = taskFiles(prog, task);
    const group = taskTgid(prog, task);
    if (files === 0 || readFor.get(files) === group) continue;
    readFor.set(files, group);
    const pid = taskPid(prog, task);
    const found: OpenSocket[] = [];
    try {
      visitOpenFiles(prog, files, (fd, file) => {
        const socket = fileSocket(prog, file);
        const sock = socket === 0 ? 0 : socketSock(prog, socket);
        if (sock !== 0) found.push({ sock, pid, fd });
        return found.length < MAX_SOCKETS;
      });
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
    }
    yield* found;
  }
}

function* allSockets(prog: Program): Generator<number, void, undefined> {
  for (const { sock } of openSockets(prog)) yield sock;
}

/** Who has the socket open. */
function holders(prog: Program, sock: number): OpenSocket[] {
  // One way to the socket is shown already; the search for others would bury it.
  const quiet = new Program(prog.info, prog.memory);
  return [...openSockets(quiet)].filter((open) => open.sock === sock);
}

/** The file of `/proc/PID/net` that lists a socket; undefined for families that have none. */
function procFile(prog: Program, sock: number): string | undefined {
  const family = sockFamily(prog, sock);
  if (family === "other") return undefined;
  if (family !== "inet") return family;
  if (sockType(prog, sock) === "raw") return "raw";
  const protocol = sockProtocol(prog, sock);
  return protocol === "tcp" || protocol === "udp" || protocol === "icmp" ? protocol : undefined;
}

function line(prog: Program, sock: number): string | undefined {
  const file = procFile(prog, sock);
  const net = sockNamespace(prog, sock);
  const initial = net === initialNamespace(prog, "net");
  const pid = initial ? 1 : namespaceMember(prog, net, "net");
  if (file === undefined || pid === undefined) return undefined;
  return `grep -w ${sockInode(prog, sock)} /proc/${pid}/net/${file}`;
}

function descriptors(prog: Program, sock: number): string {
  return `ls -l /proc/[0-9]*/fd/* 2>/dev/null | grep -F 'socket:[${sockInode(prog, sock)}]'`;
}

const orNone = (value: string | undefined) => (value === undefined ? "none" : quoted(value));

export const SOCKET_FACTS: ObjectFacts = {
  all: allSockets,
  facts: {
    namespace: fact(
      "sock.sk_net.net->ns.inum",
      (prog, sock) => namespaceInum(prog, sockNamespace(prog, sock), "net"),
      (inum) => `net:[${inum}]`,
      line,
    ),
    inode: fact("SOCK_INODE(sock.sk_socket)->i_ino", sockInode, (inode) => `socket:[${inode}]`, descriptors),
    family: fact("sock.sk_family", sockFamily, String, line),
    type: fact("sock.sk_type", sockType, String, line),
    protocol: fact("sock.sk_protocol", sockProtocol, (protocol) => protocol ?? "none", line),
    state: fact("sock.sk_state", sockState, String, line),
    local: fact("inet_sock.inet_sport, unix_sock.addr", sockLocal, orNone, line),
    remote: fact("inet_sock.inet_dport, unix_sock.peer->addr", sockRemote, orNone, line),
    peer: fact(
      "unix_sock.peer",
      (prog, sock) => {
        const peer = sockPeer(prog, sock);
        return peer === 0 ? undefined : sockInode(prog, peer);
      },
      (inode) => (inode === undefined ? "none" : `socket:[${inode}]`),
      // No file of /proc tells which two sockets are connected.
    ),
    holders: fact(
      "task_struct.files->fdt->fd[]->private_data->sk",
      holders,
      (all) => all.map(({ pid, fd }) => `/proc/${pid}/fd/${fd}`).join("\n"),
      descriptors,
    ),
  },
};
