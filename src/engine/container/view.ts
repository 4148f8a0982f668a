/**
 * The files of a container as the engine sees them for a while, for copies and comparisons (moby `daemon/containerfs_linux.go`).
 *
 * Of one that runs it is another look at the overlay it has mounted. Of one that does not the overlay is mounted for
 * the time, and the container's turn is kept until it is unmounted: two mounts of one upper directory would spoil it.
 */
import type { Plan, Step } from "../../plan/step";
import type { Context } from "../context";
import type { Volumes } from "../volume/volumes";
import type { Container } from "./container";
import { RUN_ROOT } from "./paths";
import type { ContainerRecord } from "./record";

export const VIEWS = `${RUN_ROOT}/view`;

/** Directories of the guest, there until the view is closed. */
export interface View {
  /** What the container wrote over its image's layers, as one tree; no volumes. */
  layers: string;
  /** The same with the container's volumes and binds where the container has them. */
  files(): Promise<string>;
  /** The image's layers alone. */
  image(): Promise<string>;
  /** To be called once, by whoever opened it; whatever was mounted goes with the last one. */
  close(): Promise<void>;
}

interface Shared {
  users: number;
  directory: string;
  ready: Promise<void>;
  files?: Promise<string>;
  image?: Promise<string>;
  /** Resolves when all is unmounted. */
  over: Promise<void>;
  end(): void;
}

export class Views {
  #context: Context;
  #volumes: Volumes;
  #open = new Map<string, Shared>();

  constructor(context: Context, volumes: Volumes) {
    this.#context = context;
    this.#volumes = volumes;
  }

  /** Takes away what an engine left that ended in the middle of a copy. */
  async restore(): Promise<void> {
    for (const name of await this.#context.boxd.names(VIEWS)) await this.#takeEach(closingPlan(`${VIEWS}/${name}`));
  }

  /** @throws PlanError when it cannot be mounted; nothing is left of it then */
  async open(container: Container): Promise<View> {
    let shared = this.#open.get(container.id);
    // The last one is about to leave: what is being unmounted cannot be joined.
    while (shared?.users === 0) {
      await shared.over;
      shared = this.#open.get(container.id);
    }
    if (shared) shared.users++;
    else shared = this.#begin(container);
    try {
      await shared.ready;
    } catch (error) {
      await this.#leave(shared);
      throw error;
    }
    return this.#view(shared, container);
  }

  #begin(container: Container): Shared {
    const directory = `${VIEWS}/${container.id}`;
    let end = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    let over: Promise<void> = ended;
    const ready = new Promise<void>((resolve, reject) => {
      over = container.exclusive(async () => {
        await this.#mountLayers(container, directory).then(resolve, reject);
        await ended;
        await this.#takeEach(closingPlan(directory));
        this.#open.delete(container.id);
      });
    });
    const shared: Shared = { users: 1, directory, ready, over, end };
    this.#open.set(container.id, shared);
    return shared;
  }

  #view(shared: Shared, container: Container): View {
    const { directory } = shared;
    let closed = false;
    return {
      layers: `${directory}/layers`,
      files: () => (shared.files ??= this.#mountFiles(container.record, directory)),
      image: () => (shared.image ??= this.#mountImage(container.record, directory)),
      close: async () => {
        if (closed) return;
        closed = true;
        await this.#leave(shared);
      },
    };
  }

  /** Resolves for the last one when all is unmounted, for the others at once. */
  #leave(shared: Shared): Promise<void> {
    if (--shared.users > 0) return Promise.resolve();
    shared.end();
    return shared.over;
  }

  async #mountLayers({ record, paths, running }: Container, directory: string): Promise<void> {
    const mounted = running && !record.state.Restarting;
    const target = `${directory}/layers`;
    const mount: Step = mounted
      ? { kind: "mount", source: paths.rootfs, target, options: ["bind"], why: "The files of the container that runs." }
      : {
          kind: "mount",
          source: "overlay",
          target,
          type: "overlay",
          options: [`lowerdir=${record.layers.join(":")}`, `upperdir=${paths.upper}`, `workdir=${paths.work}`],
          why: "The container does not run: its layers are seen as one for the time of the copy.",
        };
    await this.#context.boxd.take([
      { kind: "mkdir", path: target, parents: true, why: "Where its files are seen from outside." },
      mount,
      apart(target),
    ]);
    // What the first use of a volume has from the image must be there before what is copied.
    if (!mounted) await this.#volumes.fill(record, target);
  }

  async #mountFiles(record: ContainerRecord, directory: string): Promise<string> {
    const root = `${directory}/files`;
    await this.#context.boxd.take([
      { kind: "mkdir", path: root, why: "The same tree, with its volumes." },
      { kind: "mount", source: `${directory}/layers`, target: root, options: ["bind"], why: "What it has of its own." },
      apart(root),
      ...record.mounts
        .toSorted((a, b) => (a.Destination < b.Destination ? -1 : 1))
        .flatMap(({ Source, Destination, RW }): Plan => {
          const target = root + Destination;
          const mount = (options: string[], why: string): Step => ({
            kind: "mount",
            source: Source,
            target,
            root,
            options,
            why,
          });
          return [
            { kind: "mkdir", path: target, parents: true, root, why: "A place for the mount." },
            mount(["rbind"], "A volume or a directory of the host, where the container has it."),
            ...(RW ? [] : [mount(["remount", "bind", "ro"], "The container cannot write there either.")]),
          ];
        }),
    ]);
    return root;
  }

  async #mountImage(record: ContainerRecord, directory: string): Promise<string> {
    const target = `${directory}/image`;
    const empty = `${directory}/empty`;
    await this.#context.boxd.take([
      { kind: "mkdir", path: empty, why: "An overlay that nobody writes to needs two layers." },
      { kind: "mkdir", path: target, why: "What the container began with." },
      {
        kind: "mount",
        source: "overlay",
        target,
        type: "overlay",
        options: [`lowerdir=${[...record.layers, empty].join(":")}`, "ro"],
        why: "The image's layers, as the kernel joins them.",
      },
    ]);
    return target;
  }

  /** What was never mounted cannot be unmounted; that must not keep the rest from it. */
  async #takeEach(plan: Plan): Promise<void> {
    for (const step of plan) await this.#context.boxd.take([step]).catch(() => {});
  }
}

/** A mount below one that is shared with others would be made there, too: in the container itself. */
function apart(target: string): Step {
  return { kind: "propagation", target, propagation: "private", why: "What is mounted in it is mounted nowhere else." };
}

/** Directories are removed one by one and only when empty: a mount that stayed must not cost the container its files. */
function closingPlan(directory: string): Plan {
  const names = ["files", "image", "layers"];
  return [
    ...names.map((name): Step => ({
      kind: "umount",
      target: `${directory}/${name}`,
      lazy: true,
      why: "The copy is over.",
    })),
    ...[...names, "empty"].map((name): Step => ({
      kind: "remove",
      what: "directory",
      path: `${directory}/${name}`,
      why: "Nothing is mounted there any more.",
    })),
    { kind: "remove", what: "directory", path: directory, why: "The view is closed." },
  ];
}
