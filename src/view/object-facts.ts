import type { ObjectKind, ObjectRef } from "../protocol/evidence";
import type { KernelView } from "../protocol/view";
import { describeCgroup } from "./cgroup-facts";
import { describeDevice } from "./device-facts";
import { describeIpc } from "./ipc-facts";
import { describeMount } from "./mount-facts";
import { describeNamespace } from "./namespace-facts";
import type { ObjectDescription } from "./object-description";
import { describeFile, describeOverlay } from "./overlay-facts";
import { describeRoute } from "./route-facts";
import { describeSocket } from "./socket-facts";
import { describeTask } from "./task-facts";

/** Undefined when the object has left the picture. */
export type Describe<Ref extends ObjectRef = ObjectRef> = (view: KernelView, ref: Ref) => ObjectDescription | undefined;

/** How each kind of object is described. A new kind needs its line here, and nothing else. */
const DESCRIBE: { [Kind in ObjectKind]: Describe<Extract<ObjectRef, { object: Kind }>> } = {
  task: describeTask,
  namespace: describeNamespace,
  cgroup: describeCgroup,
  mount: describeMount,
  overlay: describeOverlay,
  file: describeFile,
  device: describeDevice,
  route: describeRoute,
  socket: describeSocket,
  ipc: describeIpc,
};

/** Kinds of objects in words, for one that has left the picture. */
export const OBJECT_WORD: Record<ObjectKind, string> = {
  task: "task",
  namespace: "namespace",
  cgroup: "cgroup",
  mount: "mount",
  overlay: "overlay",
  file: "file",
  device: "network device",
  route: "route",
  socket: "socket",
  ipc: "IPC object",
};

export function describeObject(view: KernelView, ref: ObjectRef): ObjectDescription | undefined {
  return (DESCRIBE[ref.object] as Describe)(view, ref);
}
