/** Volumes: directories of the guest that outlive containers. */
import type { MountPoint } from "../../protocol/docker";
import type { Plan } from "../../plan/step";
import { badParameter, conflict, notFound } from "../api/error";
import { STATE_ROOT } from "../container/paths";
import type { ContainerRecord } from "../container/record";
import { formatInstant, type Context } from "../context";
import { NAME_PATTERN, randomId } from "../identity";

export const VOLUMES = `${STATE_ROOT}/volumes`;
/** Beside the directory that is the volume. */
const MEMORY = "volume.json";
const ANONYMOUS = "com.docker.volume.anonymous";

export interface Volume {
  name: string;
  createdAt: string;
  labels: Record<string, string>;
  mountpoint: string;
  /** Has nothing in it yet that a container put there: the first one fills it with what its image has at that place. */
  fresh: boolean;
}

/** A place in a container, as somebody asked for it. */
interface Wanted {
  target: string;
  /** A volume's name, a path of the guest, or neither: a volume without a name. */
  source?: string;
  readOnly: boolean;
  noCopy: boolean;
}

export class Volumes {
  #context: Context;
  #all = new Map<string, Volume>();
  /** Containers by the volumes they have. */
  #users = new Map<string, Set<string>>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Reads what is remembered in the guest. */
  async restore(): Promise<void> {
    const { boxd } = this.#context;
    for (const name of await boxd.names(VOLUMES)) {
      const text = await boxd.readText(`${VOLUMES}/${name}/${MEMORY}`);
      if (text !== undefined) this.#all.set(name, JSON.parse(text) as Volume);
    }
  }

  /** A container that an earlier engine made keeps its volumes. */
  adopt({ id, mounts }: ContainerRecord) {
    for (const { Name } of mounts) if (Name !== undefined) this.#use(Name, id);
  }

  #rememberPlan(volume: Volume): Plan {
    const path = `${VOLUMES}/${volume.name}/${MEMORY}`;
    return [
      { kind: "write", path: `${path}.new`, text: JSON.stringify(volume), why: "The engine's memory of it." },
      { kind: "rename", from: `${path}.new`, to: path, why: "At once, so that half of it is never read." },
    ];
  }

  all(): Volume[] {
    return [...this.#all.values()];
  }

  /** @throws ApiError 404 */
  find(name: string): Volume {
    const volume = this.#all.get(name);
    if (!volume) throw notFound(`get ${name}: no such volume`);
    return volume;
  }

  inUse(name: string): boolean {
    return (this.#users.get(name)?.size ?? 0) > 0;
  }

  async create(name: string | undefined, labels: Record<string, string> = {}): Promise<Volume> {
    const former = name === undefined ? undefined : this.#all.get(name);
    if (former) return former;
    if (name !== undefined && !NAME_PATTERN.test(name))
      throw badParameter(
        `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
      );
    const id = name ?? randomId(this.#context.random);
    const mountpoint = `${VOLUMES}/${id}/_data`;
    const volume: Volume = {
      name: id,
      createdAt: formatInstant(this.#context.nowNs()),
      labels: name === undefined ? { [ANONYMOUS]: "", ...labels } : labels,
      mountpoint,
      fresh: true,
    };
    this.#all.set(id, volume);
    await this.#context.boxd.take([
      { kind: "mkdir", path: mountpoint, parents: true, why: "A directory that outlives the container." },
      ...this.#rememberPlan(volume),
    ]);
    this.#context.events.emit("volume", "create", id, { driver: "local" });
    return volume;
  }

  async remove(name: string): Promise<void> {
    const volume = this.find(name);
    if (this.inUse(name))
      throw conflict(`remove ${name}: volume is in use - [${[...(this.#users.get(name) ?? [])].join(", ")}]`);
    this.#all.delete(name);
    await this.#context.boxd.take([
      { kind: "remove", what: "tree", path: `${VOLUMES}/${volume.name}`, why: "With all that is in it." },
    ]);
    this.#context.events.emit("volume", "destroy", name, { driver: "local" });
  }

  /** The places of a container that are not its own layers; volumes that are not there yet are made. */
  async mountsOf(record: ContainerRecord, other: (container: string) => ContainerRecord): Promise<MountPoint[]> {
    const { hostConfig, config } = record;
    const mounts = new Map<string, MountPoint>();
    for (const from of hostConfig.VolumesFrom ?? []) {
      const [name, mode] = from.split(":", 2);
      for (const mount of other(name).mounts)
        mounts.set(mount.Destination, { ...mount, RW: mode === "ro" ? false : mount.RW });
    }
    const wanted: Wanted[] = [
      ...(hostConfig.Binds ?? []).map(parseBind),
      ...(hostConfig.Mounts ?? [])
        .filter(({ Type }) => Type !== "tmpfs")
        .map(({ Target, Source, ReadOnly, VolumeOptions }) => ({
          target: Target,
          source: Source,
          readOnly: ReadOnly ?? false,
          noCopy: VolumeOptions?.NoCopy ?? false,
        })),
    ];
    const asked = new Set([...mounts.keys(), ...wanted.map(({ target }) => target)]);
    const image = Object.keys(config.Volumes ?? {}).filter((target) => !asked.has(target));
    for (const each of [...wanted, ...image.map((target): Wanted => ({ target, readOnly: false, noCopy: false }))])
      mounts.set(each.target, await this.#mount(each));
    for (const { Name } of mounts.values()) if (Name !== undefined) this.#use(Name, record.id);
    return [...mounts.values()];
  }

  #use(name: string, container: string) {
    const users = this.#users.get(name) ?? new Set();
    this.#users.set(name, users.add(container));
  }

  async #mount({ target, source, readOnly, noCopy }: Wanted): Promise<MountPoint> {
    if (!target.startsWith("/")) throw badParameter(`invalid mount config: mount path must be absolute: ${target}`);
    if (target === "/") throw badParameter("invalid specification: destination can't be '/'");
    const common = { Destination: target, Mode: readOnly ? "ro" : "", RW: !readOnly };
    if (source?.startsWith("/")) {
      // As Docker does for -v: a directory that is not there is made.
      await this.#context.boxd
        .take([{ kind: "mkdir", path: source, parents: true, why: "The directory of the host that was asked for." }])
        .catch(() => {});
      return { Type: "bind", Source: source, ...common, Propagation: "rprivate" };
    }
    const volume = await this.create(source || undefined);
    if (noCopy) await this.#used(volume);
    return {
      Type: "volume",
      Name: volume.name,
      Source: volume.mountpoint,
      Driver: "local",
      ...common,
      Propagation: "",
    };
  }

  async #used(volume: Volume): Promise<void> {
    if (!volume.fresh) return;
    volume.fresh = false;
    await this.#context.boxd.take(this.#rememberPlan(volume));
  }

  /** The first use of a volume copies what the image has at its place (moby `container.CopyImagePathContent`). */
  async fill(record: ContainerRecord, rootfs: string): Promise<void> {
    for (const { Name, Destination } of record.mounts) {
      const volume = Name === undefined ? undefined : this.#all.get(Name);
      if (!volume?.fresh) continue;
      await this.#used(volume);
      const names = await this.#context.boxd.readText(rootfs + Destination, { root: rootfs }).catch(() => undefined);
      if (!names) continue;
      const copy: Plan = [
        {
          kind: "run",
          argv: ["cp", "-a", `${rootfs}${Destination}/.`, volume.mountpoint],
          undo: null,
          call: "open, read, write, mkdir, chown",
          manual: ["cp(1)"],
          why: "What the image has at this place is there at the first use of a volume.",
        },
      ];
      await this.#context.boxd.take(copy);
    }
  }

  /** A container is no more; with it go its volumes that have no name. */
  async release(record: ContainerRecord): Promise<void> {
    for (const { Name } of record.mounts) {
      if (Name === undefined) continue;
      this.#users.get(Name)?.delete(record.id);
      if (this.#all.get(Name)?.labels[ANONYMOUS] !== undefined && !this.inUse(Name))
        await this.remove(Name).catch(() => {});
    }
  }

  /** It uses them no longer, whoever keeps them. */
  forget(container: string) {
    for (const users of this.#users.values()) users.delete(container);
  }
}

/** `name:/target`, `/source:/target:ro`, `/target`. */
function parseBind(text: string): Wanted {
  const parts = text.split(":");
  if (parts.length > 3 || parts.some((part) => part === ""))
    throw badParameter(`invalid volume specification: '${text}'`);
  const [source, target, mode = ""] = parts.length === 1 ? [undefined, parts[0]] : parts;
  const options = mode.split(",");
  return { target, source, readOnly: options.includes("ro"), noCopy: options.includes("nocopy") };
}
