import type { FactRef, ObjectKind, ObjectRef } from "../protocol/evidence";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { describeCgroup } from "./cgroup-facts";
import { describeDevice } from "./device-facts";
import { describeIpc } from "./ipc-facts";
import { describeMount } from "./mount-facts";
import { describeNamespace } from "./namespace-facts";
import type { NamespaceMark } from "./namespace-mark";
import { describeFile, describeOverlay } from "./overlay-facts";
import { describeRoute } from "./route-facts";
import { describeSocket } from "./socket-facts";
import { describeTask } from "./task-facts";

/** One fact of an object as the evidence panel shows it. */
export interface FactRow {
  label: string;
  /** What its evidence is asked by; absent for what is derived from several facts. */
  fact?: FactRef;
  /** As text, also to notice a change; drawn so unless `mark` or `mono` says more. */
  value: string;
  mono?: boolean;
  mark?: NamespaceMark;
  /** Heading under which it stands; rows of one group follow each other. */
  group?: string;
}

/** What is known about an object. Everything but `meaning` may hold names from the guest. */
export interface ObjectDescription {
  /** Tells the object from a later one at the same address. */
  identity: string;
  /** In monospace before the title: a pid, a tag. */
  number?: string;
  title: string;
  /** CSS colour of `number`. */
  hue?: string;
  /** One line in plain words. */
  meaning?: string;
  rows: FactRow[];
  /** Tasks that are in it. */
  members?: Task[];
}

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

/** Makes rows of one object: `fact` is a name in the kernel's table of facts of its kind. */
export const rowsOf =
  (ref: ObjectRef) =>
  (
    label: string,
    fact: string,
    value: string,
    rest: Omit<Partial<FactRow>, "label" | "fact" | "value"> = {},
  ): FactRow => ({
    label,
    fact: { ...ref, fact },
    value,
    ...rest,
  });
