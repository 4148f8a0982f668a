import type { ObjectRef } from "../protocol/evidence";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { netMark } from "./device-facts";
import { localText, socketKind } from "./network-text";
import { type ObjectDescription, rowsOf } from "./object-description";

/** Descriptors named in the row; what is beyond is counted. */
const HOLDERS_NAMED = 40;

export function describeSocket(view: KernelView, ref: ObjectRef): ObjectDescription | undefined {
  const socket = view.sockets.find(({ address }) => address === ref.address);
  if (!socket) return undefined;
  const row = rowsOf(ref);
  const mono = { mono: true };
  const { holders } = socket;
  const named = holders.slice(0, HOLDERS_NAMED).map(({ pid, fd }) => `/proc/${pid}/fd/${fd}`);
  if (holders.length > HOLDERS_NAMED) named.push(`and ${holders.length - HOLDERS_NAMED} more`);
  const peer = socket.peer === undefined ? undefined : view.sockets.find(({ address }) => address === socket.peer);
  const pids = new Set(holders.map(({ pid }) => pid));
  const members: Task[] = view.tasks.filter(({ pid, tgid }) => pid === tgid && pids.has(pid));
  return {
    identity: `socket:${socket.address}:${socket.inode}`,
    title: `${socketKind(socket)} ${localText(socket)}`,
    meaning:
      socket.state === "LISTEN"
        ? "It waits for others to connect to it."
        : "An open socket; it goes when its last descriptor is closed.",
    rows: [
      row("inode", "inode", `socket:[${socket.inode}]`, mono),
      row("namespace", "namespace", String(socket.namespace), { mark: netMark(view, socket.namespace) }),
      row("family", "family", socket.family),
      row("type", "type", socket.type),
      row("protocol", "protocol", socket.protocol ?? "none"),
      row("state", "state", socket.state),
      row("local", "local", socket.local ?? "none", mono),
      row("remote", "remote", socket.remote ?? "none", mono),
      row("other end", "peer", peer ? `socket:[${peer.inode}]` : "none", mono),
      row("held by", "holders", named.join(" ") || "no descriptor", mono),
    ],
    members,
  };
}
