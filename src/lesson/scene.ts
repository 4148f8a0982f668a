import type { Change } from "../protocol/change";
import type { Layer, LayerEntry, Mount } from "../protocol/mount";
import type { NamespaceKind } from "../protocol/namespace";
import type { NetDevice } from "../protocol/network";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";

/** A kernel picture with the look-ups a matcher needs. */
export interface Scene {
  view: KernelView;
  /** Boot time at which the step began; tasks started later are the step's. */
  beganAtNs: number;
  /** Processes (thread group leaders) that are there now, and those glimpsed since the picture before. */
  processes: Task[];
  glimpsed: Task[];
  byPid: Map<number, Task>;
  /** Inode number of the host's namespace of each kind. */
  host: Partial<Record<NamespaceKind, number>>;
  nodenames: Map<number, string>;
  /** By id, and by address. */
  mounts: Map<number, Mount>;
  devices: Map<number, NetDevice>;
  /** What happened since the picture before. */
  changes: readonly Change[];
  /** It was not there when the step began. */
  isNew(section: Section, object: Identified): boolean;
  /** The name was not in the layer when the step began. */
  isNewFile(layer: Layer, entry: LayerEntry): boolean;
}

/** Sections of the picture whose objects may be told to be new; tasks say themselves when they started. */
type Section = "namespaces" | "mounts" | "overlays" | "cgroups" | "devices" | "routes";
/** The kernel gives the memory of what is gone to what comes next: an address alone does not do. */
type Identified = { address: number; id?: number; inum?: number };

/** Objects and names that were there at the beginning of a step; each section is listed when it is first asked for. */
class Beginning {
  readonly #view: KernelView;
  readonly #objects = new Map<Section, Set<string>>();
  readonly #files = new Map<number, Set<string>>();

  constructor(view: KernelView) {
    this.#view = view;
  }

  readonly isNew = (section: Section, object: Identified): boolean => {
    let known = this.#objects.get(section);
    if (!known) this.#objects.set(section, (known = new Set((this.#view[section] as Identified[]).map(identity))));
    return !known.has(identity(object));
  };

  readonly isNewFile = ({ address }: Layer, entry: LayerEntry): boolean => {
    let known = this.#files.get(address);
    if (!known) {
      const entries = this.#view.layers.find((layer) => layer.address === address)?.entries ?? [];
      this.#files.set(address, (known = new Set(entries.map(fileIdentity))));
    }
    return !known.has(fileIdentity(entry));
  };
}

function identity({ address, id, inum }: Identified): string {
  return `${address}:${id ?? inum ?? ""}`;
}

function fileIdentity({ path, ino }: LayerEntry): string {
  return `${ino}:${path}`;
}

/** One pass over tasks and namespaces. */
function scene(view: KernelView, beganAtNs: number, beginning: Beginning, changes: readonly Change[]): Scene {
  const processes = view.tasks.filter(isProcess);
  const glimpsed = view.glimpsed.filter(isProcess);
  const byPid = new Map<number, Task>();
  // A pid may have been used twice between two pictures, and an ending task is listed twice: the present one wins.
  for (const task of glimpsed) byPid.set(task.pid, task);
  for (const task of processes) byPid.set(task.pid, task);
  const host: Scene["host"] = {};
  const nodenames = new Map<number, string>();
  for (const namespace of view.namespaces) {
    if (namespace.initial) host[namespace.kind] = namespace.inum;
    if (namespace.uts) nodenames.set(namespace.inum, namespace.uts.nodename);
  }
  const mounts = new Map(view.mounts.map((mount) => [mount.id, mount]));
  const devices = new Map(view.devices.map((device) => [device.address, device]));
  const { isNew, isNewFile } = beginning;
  return { view, beganAtNs, processes, glimpsed, byPid, host, nodenames, mounts, devices, changes, isNew, isNewFile };
}

function isProcess(task: Task): boolean {
  return task.pid === task.tgid;
}

/** Prepares pictures that follow each other for matching. The first one is the step's beginning. */
export class Scenes {
  #beganAtNs: number | undefined;
  #beginning: Beginning | undefined;
  /** Tasks of the latest picture by address, with what was last known of them. */
  #former = new Map<number, Task>();

  /** `changes` are what happened since the picture before. */
  next(view: KernelView, changes: readonly Change[] = []): Scene {
    this.#beganAtNs ??= view.bootTimeNs;
    this.#beginning ??= new Beginning(view);
    const glimpsed = [...view.glimpsed, ...view.tasks.filter(isEnding)].map((task) => this.#whole(task));
    this.#former = new Map(view.tasks.map((task): [number, Task] => [task.address, this.#whole(task)]));
    return scene({ ...view, glimpsed }, this.#beganAtNs, this.#beginning, changes);
  }

  // A task that was caught while it ended has given up its memory and then its namespaces; an earlier picture knows them.
  #whole(task: Task): Task {
    const former = this.#former.get(task.address);
    if (!isEnding(task) || former?.startTimeNs !== task.startTimeNs) return task;
    return {
      ...task,
      argv: task.argv.length === 0 && task.comm === former.comm ? former.argv : task.argv,
      namespaces: task.namespaces.mnt === 0 ? former.namespaces : task.namespaces,
    };
  }
}

// `do_exit` gives up the memory, in which argv is, before all namespaces at once (kernel/exit.c).
function isEnding(task: Task): boolean {
  return task.namespaces.mnt === 0 || (task.argv.length === 0 && !task.kernelThread);
}
