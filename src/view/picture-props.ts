import type { Timeline } from "../app/timeline.svelte";
import type { ObjectRef, Evidence, FactRef } from "../protocol/evidence";
import type { Outcome } from "../protocol/machine";
import type { FileContent } from "../protocol/mount";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import type { CgroupHistory } from "../app/cgroup-history";
import type { NamespaceMark } from "./namespace-mark";

/** What every view of the kernel picture is given. Views draw; whatever happens because of a click happens above them. */
export interface PictureProps {
  view: KernelView;
  /** The view's drawing, or the same facts as a table or list. */
  twin: "drawing" | "table";
  /** One of several views on the page: controls that are not the picture itself are left out. */
  compact: boolean;
  /** What is selected, wherever it was selected. */
  selected?: ObjectRef;
  /** Namespace whose holders light up, as `kind:inum`. */
  lit?: string;
  /** Keys of tasks that came with a recent picture. */
  fresh: ReadonlySet<string>;
  /** The last tasks to end, newest first. */
  ended: readonly Task[];
  /** Addresses of the tasks that made the lesson's step pass. */
  holders: readonly number[];
  /** The past of the cgroups. Not reactive: it changes with each picture. */
  cgroupHistory: CgroupHistory;
  /** What happened, as far back as it is remembered. */
  timeline: Pick<Timeline, "events" | "groups" | "forgotten">;
  onselect: (ref: ObjectRef) => void;
  /** Shows another view, by id. */
  onshow: (view: string) => void;
  onlight: (key: string | undefined) => void;
  /** The walk in kernel memory that proves a fact. */
  ask: (fact: FactRef) => Promise<Outcome<Evidence>>;
  /** Content of a file of a layer, by its inode's address. */
  readFile: (inode: number) => Promise<Outcome<FileContent>>;
  /** Types a command into the terminal that is shown. */
  onrun: (command: string) => void;
}

/** A selected object, compared by what it is. */
export function sameObject(one: ObjectRef | undefined, other: ObjectRef | undefined): boolean {
  return one?.object === other?.object && one?.address === other?.address;
}

export const taskRef = (task: Task): ObjectRef => ({ object: "task", address: task.address });

/** The namespace of a mark; undefined when it has left the picture. */
export function namespaceRef(view: KernelView, mark: Pick<NamespaceMark, "kind" | "inum">): ObjectRef | undefined {
  const found = view.namespaces.find(({ kind, inum }) => kind === mark.kind && inum === mark.inum);
  return found && { object: "namespace", kind: found.kind, address: found.address };
}
