/** Open descriptors of one picture: sockets, and namespaces that descriptors hold. */
import type { Socket } from "../protocol/network";
import type { Task } from "../protocol/task";
import { MAX_OBSERVE_MS, MAX_SOCKETS } from "./bounds";
import { fileNamespaceInode, fileSocket, taskFiles, visitOpenFiles } from "./files";
import type { Namespaces } from "./namespaces";
import { namespaceOfInode } from "./nsfs";
import type { Program } from "./program";
import type { Reading } from "./reading";
import { readSock, sockInode, sockLocal, sockNamespace, sockRemote, socketSock } from "./socket";

/** Reads the sockets that tasks have open, and takes namespaces that sockets or descriptors hold into the picture. */
export function readDescriptors(reading: Reading, tasks: Task[], namespaces: Namespaces): Socket[] {
  return new Descriptors(reading, namespaces).read(tasks);
}

class Descriptors {
  readonly #reading: Reading;
  readonly #namespaces: Namespaces;
  readonly #sockets = new Map<number, Socket | undefined>();
  /** Thread group that each `files_struct` was read for: threads share one, and processes may. */
  readonly #readFor = new Map<number, number>();
  #pid = 0;
  /** A bound ended the walk. */
  #full = false;

  constructor(reading: Reading, namespaces: Namespaces) {
    this.#reading = reading;
    this.#namespaces = namespaces;
  }

  read(tasks: Task[]): Socket[] {
    for (const { address, tgid, pid, kernelThread } of tasks) {
      // Kernel threads share one table, and have nothing in it.
      if (kernelThread) continue;
      const files = this.#reading.read(taskFiles, address, "task_struct", 0);
      if (files === 0 || this.#readFor.get(files | 0) === tgid) continue;
      this.#readFor.set(files | 0, tgid);
      this.#pid = pid;
      this.#reading.read(this.#readFiles, files, "files_struct", undefined);
      if (this.#full) break;
    }
    const sockets: Socket[] = [];
    for (const socket of this.#sockets.values()) if (socket) sockets.push(socket);
    return sockets;
  }

  readonly #readFiles = (prog: Program, files: number): void => {
    visitOpenFiles(prog, files, this.#visit);
  };

  readonly #visit = (fd: number, file: number): boolean => {
    // A descriptor may hold a namespace that nothing else does.
    if (this.#reading.late("sockets", "namespaces")) {
      this.#full = true;
      this.#reading.leaveOut(
        `Only ${this.#sockets.size} sockets are shown: the picture took ${MAX_OBSERVE_MS} ms so far.`,
      );
      return false;
    }
    const socket = this.#reading.read(fileSocket, file, "file", 0);
    if (socket !== 0) return this.#addSocket(this.#reading.read(socketSock, socket, "socket", 0), fd);
    const inode = this.#reading.read(fileNamespaceInode, file, "file", 0);
    if (inode !== 0) {
      const held = this.#reading.read(namespaceOfInode, inode, "inode", undefined);
      if (held) this.#namespaces.hold(held.address, held.kind, { by: "descriptor", pid: this.#pid, fd });
    }
    return true;
  };

  #addSocket(address: number, fd: number): boolean {
    if (address === 0) return true;
    let socket = this.#sockets.get(address | 0);
    if (!socket && !this.#sockets.has(address | 0)) {
      if (this.#sockets.size >= MAX_SOCKETS) {
        this.#reading.leaveOut(`Only the first ${MAX_SOCKETS} sockets are shown.`);
        return true;
      }
      socket = this.#readSocket(address);
      this.#sockets.set(address | 0, socket);
    }
    socket?.holders.push({ pid: this.#pid, fd });
    return true;
  }

  #readSocket(address: number): Socket | undefined {
    const read = this.#reading;
    const socket = read.read(readSock, address, "sock", undefined);
    if (!socket) return undefined;
    socket.holders = [];
    socket.namespace = this.#namespaces.add(read.read(sockNamespace, address, "sock", 0), "net");
    socket.inode = read.read(sockInode, address, "sock", 0);
    socket.local = read.read(sockLocal, address, "sock", undefined);
    socket.remote = read.read(sockRemote, address, "sock", undefined);
    return socket;
  }
}
