/** The containers of the engine: made, started, stopped, removed, and remembered in the guest. */
import type { ContainerCreateRequest, EndpointSettings } from "../../protocol/docker";
import type { Plan } from "../../plan/step";
import { undoAll } from "../../plan/undo";
import { ApiError, badParameter, conflict, noSuchContainer } from "../api/error";
import { parseExit, PlanError, type Exit } from "../boxd";
import { formatInstant, type Context } from "../context";
import { EACCES, ENOENT } from "../errno";
import { NAME_PATTERN, randomId, randomName } from "../identity";
import { isUserDefined, type Network } from "../network/network";
import { parseLink, type Networks } from "../network/networks";
import { Shim } from "../shim";
import type { Volumes } from "../volume/volumes";
import { Container } from "./container";
import { checkHostConfig, mergeConfig, type ImageDefaults } from "./create";
import { DEFAULT_SHM_BYTES, MASKED_PATHS, READONLY_PATHS } from "./defaults";
import { CGROUP_PARENT, containerPaths, CONTAINERS, OVERLAYS, RUN_ROOT } from "./paths";
import { cgroupPlan, processPlan } from "./plan";
import { createdState, type ContainerRecord } from "./record";
import { isNetwork, resolveSpec } from "./resolve";
import { sweep } from "./leftovers";
import { askedDevices, hostDevices } from "./device";
import { compileFilter } from "./seccomp/compile";
import { security } from "./security";
import { SIGKILL, signalName, signalNumber, SIGTERM } from "./signal";
import type { ContainerSpec } from "./spec";
import { idMapOf, idmappedLayers, ownPlan, usernsPlan, usernsUndo, type IdMap } from "./userns";
import { lookUpUser, UserError } from "./user";

/** What a container needs of an image. */
export interface ImageForContainer extends ImageDefaults {
  /** Directories of its layers in the guest, topmost first. */
  layers: string[];
}

export interface ImageSource {
  /** @throws ApiError 404 when there is none */
  forContainer(name: string): Promise<ImageForContainer>;
}

const DEFAULT_LOG_BYTES = 16 << 20;
const STOP_TIMEOUT_SECONDS = 10;
/** Of a container whose end nobody saw (moby has the same). */
const UNKNOWN_EXIT_CODE = 255;
/** A container that ends at once is brought back later each time, up to a minute (moby `restartmanager`). */
const RESTART_FIRST_MS = 100;
const RESTART_MOST_MS = 60_000;
const RESTART_GOOD_MS = 10_000;

export class Containers {
  #context: Context;
  #images: ImageSource;
  #networks: Networks;
  #volumes: Volumes;
  #remap?: IdMap;
  #all = new Map<string, Container>();
  /** Files of /proc and /sys that may be covered, as far as this kernel has them. */
  #present?: Promise<ReadonlySet<string>>;
  #release?: Promise<string>;
  #restarts = new Map<string, { timer: ReturnType<typeof setTimeout>; delayMs: number }>();

  /** @param parts.remap how the ids of every container are the host's, unless it opts out */
  constructor(context: Context, parts: { images: ImageSource; networks: Networks; volumes: Volumes; remap?: IdMap }) {
    this.#context = context;
    this.#images = parts.images;
    this.#networks = parts.networks;
    this.#volumes = parts.volumes;
    this.#remap = parts.remap;
  }

  all(): Container[] {
    return [...this.#all.values()];
  }

  /** By id, name, or the beginning of an id. @throws ApiError 404, or 400 when several begin so */
  find(name: string): Container {
    const exact = this.#all.get(name) ?? this.all().find(({ record }) => record.name === name.replace(/^\//, ""));
    if (exact) return exact;
    const beginning = /^[0-9a-f]+$/.test(name) ? this.all().filter(({ id }) => id.startsWith(name)) : [];
    if (beginning.length > 1) throw badParameter(`multiple IDs found with provided prefix: ${name}`);
    if (beginning.length === 0) throw noSuchContainer(name);
    return beginning[0];
  }

  /** Reads what is remembered, and finds the containers that went on without an engine. */
  async restore(): Promise<void> {
    const { boxd } = this.#context;
    for (const id of await boxd.names(CONTAINERS)) {
      const text = await boxd.readText(`${CONTAINERS}/${id}/config.json`);
      if (text === undefined) continue;
      const container = new Container(JSON.parse(text) as ContainerRecord);
      this.#all.set(id, container);
      this.#volumes.adopt(container.record);
      if (container.running) this.#networks.adopt(container.record);
    }
    // An engine that ended on the way may not have told all names.
    await this.#announce(this.#networks.all().map(({ name }) => name));
    for (const container of this.all()) {
      if (!container.running) continue;
      const exit = await boxd.readText(`${container.paths.run}/exit`);
      const ended = exit === undefined ? undefined : parseExit(exit, container.paths.run);
      if (ended) await this.#finish(container, ended);
      // Its end was dealt with, but for being remembered.
      else if (!(await boxd.names(container.paths.run)).includes("shim.sock")) {
        container.exited(UNKNOWN_EXIT_CODE, this.#context.nowNs());
        await this.#remember(container);
      }
    }
  }

  /** Takes away what an engine or a boxd that ended on the way left of containers. */
  async sweep(): Promise<void> {
    const ids = (running: boolean) =>
      new Set(this.all().flatMap((container) => (container.running === running ? [container.id] : [])));
    await sweep(this.#context, { running: ids(true), stopped: ids(false) });
    await this.#networks.sweep(this.all().flatMap(({ running, record }) => (running ? [record] : [])));
  }

  async create(name: string | undefined, asked: ContainerCreateRequest): Promise<Container> {
    const { random, nowNs, events } = this.#context;
    if (name !== undefined && !NAME_PATTERN.test(name))
      throw badParameter(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
    const hostConfig = asked.HostConfig ?? {};
    checkHostConfig(hostConfig);
    const idMap = idMapOf(hostConfig, this.#remap);
    const image = await this.#images.forContainer(asked.Image ?? "");
    const taken = (wanted: string) => this.all().some(({ record }) => record.name === wanted);
    const former = name === undefined ? undefined : this.all().find(({ record }) => record.name === name);
    if (former)
      throw conflict(
        `Conflict. The container name "/${name}" is already in use by container "${former.id}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    const { config, args } = mergeConfig(asked, image);
    const id = randomId(random);
    const record: ContainerRecord = {
      id,
      name: name ?? randomName(random, taken),
      createdAt: formatInstant(nowNs()),
      imageId: image.id,
      layers: image.layers,
      config: {
        ...config,
        Hostname: config.Hostname || this.#hostname(id, hostConfig.NetworkMode, hostConfig.UTSMode),
      },
      hostConfig: { ...hostConfig, NetworkMode: hostConfig.NetworkMode || "default" },
      args,
      state: createdState(),
      restartCount: 0,
      mounts: [],
      idMap,
      endpoints: this.#endpoints(asked),
    };
    const container = new Container(record);
    // Before anything is waited for, so that nobody else gets the name.
    this.#all.set(id, container);
    try {
      for (const link of hostConfig.Links ?? []) this.find(parseLink(link).other);
      for (const [network, endpoint] of Object.entries(record.endpoints)) this.#networks.check(network, endpoint);
      record.mounts = await this.#volumes.mountsOf(record, (other) => this.find(other).record);
      await this.#takeOrUndo(this.#statePlan(container));
    } catch (error) {
      this.#all.delete(id);
      throw error;
    }
    events.emit("container", "create", id, this.#attributes(container));
    return container;
  }

  #hostname(id: string, networkMode = "", utsMode = ""): string {
    return networkMode === "host" || utsMode === "host" ? "glassbox" : id.slice(0, 12);
  }

  #endpoints(asked: ContainerCreateRequest): Record<string, EndpointSettings> {
    const mode = asked.HostConfig?.NetworkMode || "default";
    const given = asked.NetworkingConfig?.EndpointsConfig ?? {};
    if (mode.startsWith("container:")) return {};
    const name = this.#networks.nameOf(mode);
    const named = Object.entries(given).map(([key, endpoint]) => [this.#networks.nameOf(key), endpoint] as const);
    const endpoints = { [name]: null, ...Object.fromEntries(named) };
    return Object.fromEntries(Object.entries(endpoints).map(([network, endpoint]) => [network, endpoint ?? {}]));
  }

  #attributes({ record }: Container): Record<string, string> {
    return { image: record.config.Image ?? "", name: record.name, ...record.config.Labels };
  }

  #emit(container: Container, action: string, more: Record<string, string> = {}) {
    this.#context.events.emit("container", action, container.id, { ...this.#attributes(container), ...more });
  }

  #statePlan({ record, paths }: Container): Plan {
    return [
      { kind: "mkdir", path: paths.state, parents: true, contents: "discard", why: "What lasts of the container." },
      { kind: "mkdir", path: paths.overlay, contents: "discard", why: "The layer that it writes to." },
      { kind: "mkdir", path: paths.upper, why: "What it writes." },
      { kind: "mkdir", path: paths.work, why: "Where the kernel prepares files." },
      { kind: "mkdir", path: paths.rootfs, why: "Where all layers are seen as one." },
      {
        kind: "write",
        path: paths.config,
        text: JSON.stringify(record),
        former: null,
        why: "The engine's memory of it.",
      },
    ];
  }

  /** Remembers a container as it is now; half a file can never be read. */
  async #remember({ record, paths }: Container): Promise<void> {
    await this.#context.boxd.take([
      { kind: "write", path: `${paths.config}.new`, text: JSON.stringify(record), why: "The engine's memory of it." },
      {
        kind: "rename",
        from: `${paths.config}.new`,
        to: paths.config,
        why: "At once, so that half of it is never read.",
      },
    ]);
  }

  async #takeOrUndo(plan: Plan): Promise<void> {
    try {
      await this.#context.boxd.take(plan);
    } catch (error) {
      if (error instanceof PlanError && error.step > 0)
        await this.#undo(plan.slice(0, topLevelIndex(plan, error.step)));
      throw error;
    }
  }

  /** Takes steps back, the last one first; what cannot be taken back must not keep the rest from it. */
  async #undo(taken: Plan): Promise<void> {
    for (const step of undoAll(taken).plan) await this.#context.boxd.take([step]).catch(() => {});
  }

  async start(container: Container): Promise<void> {
    await container.exclusive(() => this.#start(container));
  }

  async #start(container: Container): Promise<void> {
    const { record, paths } = container;
    if (record.state.Paused) throw conflict("cannot start a paused container, try unpause instead");
    if (container.running) throw new ApiError(304, "");
    if (!this.#all.has(record.id)) throw noSuchContainer(record.id);
    container.stopAsked = false;
    this.#cancelRestart(container);
    const prepared: Plan = [];
    try {
      const userns = this.#usernsOf(container);
      const root = this.#rootPlan(container, userns);
      await this.#step(prepared, root);
      await this.#makeWorkingDirectory(container);
      await this.#volumes.fill(record, paths.rootfs);
      await this.#ownVolumes(container);
      const spec = await this.#spec(container, userns);
      const network = await this.#networks.join(record, paths, (name) => this.find(name).record);
      await this.#step(prepared, [
        // A network namespace that a user namespace owns was made with that.
        ...network.plan.filter(({ kind }) => !(kind === "netnsAdd" && userns === paths.userns)),
        ...this.#filesPlan(container, network.hosts, network.resolvConf),
        ...(await this.#filterPlan(container, spec)),
        ...cgroupPlan(spec),
      ]);
      await this.#announce(Object.keys(record.endpoints));
      const pid = await this.#context.boxd.start({
        plan: processPlan(spec),
        directory: paths.run,
        log: { path: paths.log, maxBytes: DEFAULT_LOG_BYTES },
        tty: record.config.Tty ? { cols: 0, rows: 0 } : undefined,
        stdin: record.config.OpenStdin,
        stdinOnce: record.config.StdinOnce,
        hold: container.waitingForStart.size > 0,
        resolver: network.resolver,
      });
      container.started(pid, this.#context.nowNs());
    } catch (error) {
      await this.#undo(prepared);
      this.#networks.leave(record);
      await this.#announce(Object.keys(record.endpoints)).catch(() => {});
      const failure = startFailure(error, record);
      container.exited(failure.exitCode, undefined, { error: failure.message });
      for (const tell of [...container.waitingForStart]) tell(false);
      container.waitingForStart.clear();
      await this.#remember(container).catch(() => {});
      // Not waited for: it takes its turn behind this start.
      if (record.hostConfig.AutoRemove) void this.remove(container, { force: true, volumes: true }).catch(() => {});
      throw failure.error;
    }
    this.#emit(container, "start");
    for (const tell of [...container.waitingForStart]) tell(true);
    container.waitingForStart.clear();
    await this.#remember(container);
  }

  /** A working directory that the image lacks is made, in the layer that the container writes to (moby `SetupWorkingDirectory`). */
  async #makeWorkingDirectory({ record, paths }: Container): Promise<void> {
    const { WorkingDir: directory = "" } = record.config;
    if (directory === "" || directory === "/") return;
    const path = paths.rootfs + directory;
    const { boxd } = this.#context;
    await boxd.take([{ kind: "mkdir", path, parents: true, root: paths.rootfs, why: "The working directory." }]);
    await this.#ownIfNobodys(record, path, paths.rootfs);
  }

  /** Volumes that nobody has written to yet are to be written to by the container's root (moby `volume/local`, `rootIDs`). */
  async #ownVolumes({ record }: Container): Promise<void> {
    for (const { Type, Source } of record.mounts) if (Type === "volume") await this.#ownIfNobodys(record, Source);
  }

  /** What belongs to the host's root, who is nobody inside, is given to the container's. */
  async #ownIfNobodys({ idMap }: ContainerRecord, path: string, root = ""): Promise<void> {
    if (!idMap) return;
    const { boxd } = this.#context;
    const status = await boxd.stat(path, { root });
    // A link could lead anywhere; what is behind one stays as it is.
    if (status?.uid === 0 && status.type === "directory") await boxd.take(ownPlan(idMap, [path]));
  }

  /**
   * Where the user namespace that it will be in is kept: its own, or, since a namespace belongs to one user namespace, that of
   * a container with which it shares another one (moby `oci.WithNamespaces`).
   */
  #usernsOf({ record, paths }: Container): string | undefined {
    const { NetworkMode = "", PidMode = "", IpcMode = "" } = record.hostConfig;
    const donors = [NetworkMode, PidMode, IpcMode].flatMap((mode) => /^container:(.+)$/.exec(mode)?.[1] ?? []);
    if (!record.idMap || donors.length === 0) return record.idMap && paths.userns;
    const [{ record: donor, paths: shared }] = donors.map((name) => this.find(name));
    if (!donor.idMap)
      throw conflict(
        `cannot share a namespace of container ${donor.name}, which has the host's user ids, with one that has its own: use --userns=host`,
      );
    if (isNetwork(NetworkMode) || NetworkMode === "none")
      throw conflict(
        `a network of its own would not belong to the user namespace of container ${donor.name}: use --network=container:${donor.name}, too`,
      );
    return shared.userns;
  }

  /** Takes a plan, and adds it to what would have to be taken back. */
  async #step(prepared: Plan, plan: Plan): Promise<void> {
    try {
      await this.#context.boxd.take(plan);
      prepared.push(...plan);
    } catch (error) {
      if (error instanceof PlanError && error.step > 0)
        prepared.push(...plan.slice(0, topLevelIndex(plan, error.step)));
      throw error;
    }
  }

  #rootPlan({ record, paths }: Container, userns: string | undefined): Plan {
    const { IpcMode, ShmSize } = record.hostConfig;
    const { idMap } = record;
    const own = idMap && userns === paths.userns;
    const lower = idMap && idmappedLayers(record.layers, paths, userns ?? paths.userns);
    return [
      { kind: "mkdir", path: paths.run, contents: "discard", why: "Where the shim can be reached." },
      ...(IpcMode === "shareable" ? shmPlan(paths.shm, ShmSize || DEFAULT_SHM_BYTES) : []),
      ...(own ? usernsPlan(idMap, paths) : []),
      ...(lower && idMap ? [...ownPlan(idMap, [paths.upper]), ...lower.mount] : []),
      {
        kind: "mount",
        source: "overlay",
        target: paths.rootfs,
        type: "overlay",
        options: [
          `lowerdir=${(lower?.layers ?? record.layers).join(":")}`,
          `upperdir=${paths.upper}`,
          `workdir=${paths.work}`,
        ],
        why: "The image's layers below, and one to write to on top.",
      },
      ...(lower?.unmount ?? []),
    ];
  }

  #filesPlan({ record, paths }: Container, hosts: string, resolvConf: string): Plan {
    const hostname = record.config.Hostname ?? "";
    return [
      { kind: "write", path: paths.hostname, text: hostname, why: "For /etc/hostname." },
      { kind: "write", path: paths.hosts, text: hosts, why: "For /etc/hosts." },
      { kind: "write", path: paths.resolvConf, text: resolvConf, why: "For /etc/resolv.conf." },
      ...(record.idMap ? ownPlan(record.idMap, [paths.hostname, paths.hosts, paths.resolvConf]) : []),
    ];
  }

  async #filterPlan({ record, paths }: Container, spec: ContainerSpec): Promise<Plan> {
    const { seccomp } = security(record.hostConfig);
    if (!seccomp) return [];
    const { capabilities } = spec;
    return [
      {
        kind: "writeBytes",
        path: paths.seccompFilter,
        bytes: compileFilter(seccomp, { capabilities, kernel: await this.#kernel() }),
        why: "Which system calls its programs may make, as a program that the kernel runs at each of them.",
      },
    ];
  }

  /** The kernel's release: `6.12.107-glassbox`. */
  #kernel(): Promise<string> {
    return (this.#release ??= this.#context.boxd
      .readText("/proc/sys/kernel/osrelease")
      .then((text = "") => text.trim()));
  }

  async #spec(container: Container, userns: string | undefined): Promise<ContainerSpec> {
    const { record, paths } = container;
    const { boxd } = this.#context;
    const read = async (path: string) =>
      (await boxd.readText(paths.rootfs + path, { root: paths.rootfs }).catch(() => undefined)) ?? "";
    const user = record.config.User ?? "";
    // Root needs no looking up but for its home, which is /root everywhere.
    const plain = user === "" || user === "0" || user === "root";
    const [passwd, group] =
      plain && !record.hostConfig.GroupAdd?.length
        ? [ROOT_PASSWD, ""]
        : [await read("/etc/passwd"), await read("/etc/group")];
    const privileged = record.hostConfig.Privileged ?? false;
    return resolveSpec(record, paths, {
      devices: privileged ? await hostDevices(boxd) : await askedDevices(boxd, record.hostConfig.Devices ?? []),
      files: await this.#fileSources(record),
      userns,
      shmOf: (name) => {
        const other = this.find(name);
        if (other.record.hostConfig.IpcMode !== "shareable")
          throw conflict(
            `cannot join IPC of container ${other.record.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
          );
        return other.paths.shm;
      },
      user: lookUpUser(user, passwd, group, record.hostConfig.GroupAdd ?? []),
      present: await this.#presentFiles(),
      pidOf: (name) => {
        const other = this.find(name);
        if (!other.running)
          throw conflict(
            `cannot join namespace of a non running container: container ${other.record.name} is not running`,
          );
        return other.record.state.Pid;
      },
    });
  }

  /** Sources of binds that are no directories. */
  async #fileSources({ mounts }: ContainerRecord): Promise<ReadonlySet<string>> {
    const binds = mounts.filter(({ Type }) => Type === "bind").map(({ Source }) => Source);
    const found = await Promise.all(binds.map((source) => this.#context.boxd.stat(source)));
    return new Set(binds.filter((_source, index) => found[index] && found[index].type !== "directory"));
  }

  #presentFiles(): Promise<ReadonlySet<string>> {
    return (this.#present ??= this.#findPresent());
  }

  async #findPresent(): Promise<ReadonlySet<string>> {
    const paths = [...MASKED_PATHS, ...READONLY_PATHS];
    const parents = [...new Set(paths.map((path) => path.slice(0, path.lastIndexOf("/"))))];
    const lists = await Promise.all(
      parents.map(async (parent) => (await this.#context.boxd.names(parent)).map((name) => `${parent}/${name}`)),
    );
    return new Set(lists.flat());
  }

  /** boxd tells that a task has ended. */
  async exited(exit: Exit): Promise<void> {
    const container = this.all().find(({ paths }) => paths.run === exit.directory);
    if (container) await this.#finish(container, exit);
  }

  async #finish(container: Container, exit: Exit): Promise<void> {
    const { record, paths } = container;
    const { boxd } = this.#context;
    const events = (await boxd.readText(`/sys/fs/cgroup${paths.cgroup}/memory.events`).catch(() => undefined)) ?? "";
    const oomKilled = Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0) > 0;
    await this.#cleanUp(container);
    if (oomKilled) this.#emit(container, "oom");
    container.exited(exit.exitCode, exit.endedAt, { oomKilled });
    this.#emit(container, "die", { exitCode: String(exit.exitCode) });
    if (container.stopAsked) this.#emit(container, "stop");
    if (record.hostConfig.AutoRemove) await this.remove(container, { force: true, volumes: true }).catch(() => {});
    else {
      await this.#remember(container).catch(() => {});
      this.#scheduleRestart(container);
    }
  }

  /** What a run leaves behind: its network, its cgroup, its mount, the shim's directory. */
  async #cleanUp({ record, paths }: Container): Promise<void> {
    const cgroup = `/sys/fs/cgroup${paths.cgroup}`;
    const shared = record.hostConfig.PidMode !== undefined && record.hostConfig.PidMode !== "";
    const steps: Plan = [
      ...(shared
        ? [{ kind: "write" as const, path: `${cgroup}/cgroup.kill`, text: "1", why: "Nobody of it stays." }]
        : []),
      { kind: "remove", what: "directory", path: cgroup, why: "Its cgroup is empty." },
      ...this.#networks.leavePlan(record, paths.netns),
      { kind: "umount", target: paths.rootfs, lazy: true, why: "Its layers are no longer seen as one." },
      ...(record.hostConfig.IpcMode === "shareable"
        ? [{ kind: "umount" as const, target: paths.shm, lazy: true, why: "Nobody shares it any more." }]
        : []),
      ...(record.idMap ? usernsUndo(paths) : []),
      { kind: "remove", what: "tree", path: paths.run, why: "The shim has gone." },
    ];
    this.#networks.leave(record);
    for (const step of steps) await this.#context.boxd.take([step]).catch(() => {});
    await this.#announce(Object.keys(record.endpoints)).catch(() => {});
  }

  async kill(container: Container, signal: string): Promise<void> {
    const number = signalNumber(signal);
    if (number === undefined) throw badParameter(`invalid signal: ${signal}`);
    if (!container.running) throw conflict(`Container ${container.id} is not running`);
    if (number === SIGKILL) container.stopAsked = true;
    const end = container.wait("next-exit");
    await this.#signal(container, number);
    this.#emit(container, "kill", { signal: String(number) });
    // As Docker does: who is told that it was killed may remove it.
    if (number === SIGKILL) await end;
  }

  async #signal({ record, paths }: Container, signal: number): Promise<void> {
    const plan: Plan = [{ kind: "kill", pid: record.state.Pid, signal, why: `The signal ${signalName(signal)}.` }];
    // What is frozen takes no signal but after it thaws.
    if (record.state.Paused && signal === SIGKILL)
      plan.push({
        kind: "write",
        path: `/sys/fs/cgroup${paths.cgroup}/cgroup.freeze`,
        text: "0",
        why: "Frozen, it could not end.",
      });
    await this.#context.boxd.take(plan).catch((error: unknown) => {
      if (!(error instanceof PlanError)) throw error; // It has ended meanwhile.
    });
  }

  async stop(container: Container, options: { seconds?: number; signal?: string } = {}): Promise<void> {
    if (!container.running) {
      this.#cancelRestart(container);
      throw new ApiError(304, "");
    }
    const { config } = container.record;
    const signal = signalNumber(options.signal || config.StopSignal || "TERM") ?? SIGTERM;
    const seconds = options.seconds ?? config.StopTimeout ?? STOP_TIMEOUT_SECONDS;
    container.stopAsked = true;
    const end = container.wait("next-exit");
    await this.#signal(container, signal);
    this.#emit(container, "kill", { signal: String(signal) });
    if (seconds >= 0 && !(await within(end, seconds * 1000))) {
      await this.#signal(container, SIGKILL);
      this.#emit(container, "kill", { signal: String(SIGKILL) });
    }
    await end;
  }

  async restart(container: Container, options: { seconds?: number; signal?: string }): Promise<void> {
    if (container.running) await this.stop(container, options);
    await this.start(container);
    this.#emit(container, "restart");
  }

  async pause(container: Container, on: boolean): Promise<void> {
    await container.exclusive(async () => {
      const { record, paths } = container;
      if (!container.running) throw conflict(`Container ${record.id} is not running`);
      if (on && record.state.Paused) throw conflict(`Container ${record.id} is already paused`);
      if (!on && !record.state.Paused) throw conflict(`Container ${record.id} is not paused`);
      await this.#context.boxd.take([
        {
          kind: "write",
          path: `/sys/fs/cgroup${paths.cgroup}/cgroup.freeze`,
          text: on ? "1" : "0",
          why: on ? "All of its processes stand still." : "They go on.",
        },
      ]);
      container.paused(on);
      await this.#remember(container);
    });
    this.#emit(container, on ? "pause" : "unpause");
  }

  async rename(container: Container, name: string): Promise<void> {
    if (!NAME_PATTERN.test(name))
      throw badParameter(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
    const former = this.all().find(({ record }) => record.name === name);
    if (former)
      throw conflict(
        `Conflict. The container name "/${name}" is already in use by container "${former.id}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    const oldName = `/${container.record.name}`;
    container.record.name = name;
    await this.#remember(container);
    await this.#announce(Object.keys(container.record.endpoints));
    this.#emit(container, "rename", { oldName });
  }

  /** Tells the name servers in these networks who is there now. */
  #announce(networks: readonly string[]): Promise<void> {
    return this.#networks.announce(networks, ({ id }) => containerPaths(id));
  }

  /** `docker network connect`: a cable into a running container, or one more that it gets when it starts. */
  async connect(container: Container, network: Network, settings: EndpointSettings = {}): Promise<void> {
    await container.exclusive(async () => {
      const { record, paths } = container;
      this.#checkConnectable(container, network);
      this.#networks.check(network.name, settings);
      if (record.endpoints[network.name])
        throw new ApiError(403, `endpoint with name ${record.name} already exists in network ${network.name}`);
      record.endpoints[network.name] = settings;
      try {
        if (hasProcess(container)) {
          await this.#takeOrUndo(await this.#networks.connect(record, paths, network));
          await this.#announce([network.name]);
          await this.#rewriteFiles(container);
          if (isUserDefined(network)) await this.#resolveNames(container);
        }
      } catch (error) {
        this.#networks.release(record, network);
        await this.#announce([network.name]).catch(() => {});
        throw error;
      }
      await this.#remember(container);
    });
    this.#emitNetwork("connect", container, network);
  }

  /** `docker network disconnect`. */
  async disconnect(container: Container, network: Network): Promise<void> {
    await container.exclusive(async () => {
      const { record, paths } = container;
      if (network.driver === "host") throw badParameter(HOST_CONFLICT);
      if (!record.endpoints[network.name])
        throw new ApiError(500, `container ${record.id} is not connected to network ${network.name}`);
      if (hasProcess(container)) {
        const plan = this.#networks.disconnectPlan(record, paths, network);
        // What is gone already must not keep the rest.
        for (const step of plan) await this.#context.boxd.take([step]).catch(() => {});
        await this.#announce([network.name]);
        await this.#rewriteFiles(container);
      }
      this.#networks.release(record, network);
      await this.#remember(container);
    });
    this.#emitNetwork("disconnect", container, network);
  }

  /** @throws ApiError 400 in Docker's words (moby `runconfig/errors.go`) */
  #checkConnectable({ record }: Container, network: Network) {
    const mode = record.hostConfig.NetworkMode ?? "default";
    if (mode === "host" || network.driver === "host") throw badParameter(HOST_CONFLICT);
    if (mode.startsWith("container:"))
      throw badParameter(
        "container sharing network namespace with another container or host cannot be connected to any other network",
      );
    if (network.driver === "null" || record.endpoints.none)
      throw badParameter(
        "container cannot be connected to multiple networks with one of the networks in private (none) mode",
      );
  }

  /** In place: they are mounted into the container. */
  async #rewriteFiles(container: Container): Promise<void> {
    const { hosts, resolvConf } = this.#networks.files(container.record, (name) => this.find(name).record);
    await this.#context.boxd.take(this.#filesPlan(container, hosts, resolvConf));
  }

  async #resolveNames({ paths }: Container): Promise<void> {
    const shim = new Shim(this.#context.guest, paths.run);
    try {
      await shim.opened;
      await shim.resolve(paths.netns);
    } finally {
      shim.close();
    }
  }

  #emitNetwork(action: string, { id }: Container, { id: network, name, driver }: Network) {
    this.#context.events.emit("network", action, network, { container: id, name, type: driver });
  }

  async remove(container: Container, options: { force: boolean; volumes: boolean }): Promise<void> {
    const { record, paths } = container;
    if (container.running && !options.force) {
      const state = record.state.Paused ? "paused" : "running";
      throw conflict(
        `cannot remove container "/${record.name}": container is ${state}: ${state === "paused" ? "unpause and then stop the container before removing or force remove" : "stop the container before removing or force remove"}`,
      );
    }
    if (container.running) {
      const end = container.wait("next-exit");
      container.stopAsked = true;
      await this.#signal(container, SIGKILL);
      await end;
    }
    this.#cancelRestart(container);
    await container.exclusive(async () => {
      if (!this.#all.has(record.id)) return;
      await this.#context.boxd.take([
        // First: whatever happens next, it is no container any more, and what is left of it is swept away.
        { kind: "remove", what: "file", path: paths.config, why: "The engine forgets it." },
        { kind: "remove", what: "tree", path: paths.overlay, why: "All that it wrote." },
        { kind: "remove", what: "tree", path: paths.state, why: "What else lasts of it." },
      ]);
      this.#all.delete(record.id);
      if (options.volumes) await this.#volumes.release(record);
      this.#volumes.forget(record.id);
    });
    this.#emit(container, "destroy");
    container.removed();
  }

  #scheduleRestart(container: Container) {
    const { record } = container;
    const { Name: name, MaximumRetryCount: most = 0 } = record.hostConfig.RestartPolicy ?? { Name: "no" };
    const wanted =
      (name === "always" || name === "unless-stopped" || (name === "on-failure" && record.state.ExitCode !== 0)) &&
      !container.stopAsked;
    if (!wanted || (name === "on-failure" && most > 0 && record.restartCount >= most)) return;
    const ranMs = Date.parse(record.state.FinishedAt) - Date.parse(record.state.StartedAt);
    const former = this.#restarts.get(record.id)?.delayMs ?? 0;
    const delayMs = ranMs > RESTART_GOOD_MS || former === 0 ? RESTART_FIRST_MS : Math.min(2 * former, RESTART_MOST_MS);
    record.restartCount++;
    Object.assign(record.state, { Status: "restarting", Restarting: true, Running: true });
    const timer = setTimeout(() => {
      Object.assign(record.state, { Restarting: false, Running: false });
      container.exclusive(() => this.#start(container)).catch(() => {});
    }, delayMs);
    this.#restarts.set(record.id, { timer, delayMs });
  }

  #cancelRestart({ record }: Container) {
    clearTimeout(this.#restarts.get(record.id)?.timer);
    if (record.state.Restarting) Object.assign(record.state, { Status: "exited", Restarting: false, Running: false });
  }

  /** Ends what the engine does by itself; containers go on. */
  close() {
    for (const { timer } of this.#restarts.values()) clearTimeout(timer);
  }
}

const HOST_CONFLICT = "container cannot be disconnected from host network or connected to host network";

/** False also for one that waits to be started again. */
function hasProcess({ record: { state } }: Container): boolean {
  return state.Running && !state.Restarting;
}

/** Shared memory on the host, so that other containers can have it, too. */
function shmPlan(path: string, sizeBytes: number): Plan {
  return [
    { kind: "mkdir", path, why: "A place for shared memory that others may join." },
    {
      kind: "mount",
      source: "shm",
      target: path,
      type: "tmpfs",
      options: ["nosuid", "noexec", "nodev", "mode=1777", `size=${sizeBytes}`],
      why: "Shared memory that is files (shm_open), of bounded size.",
    },
  ];
}

const ROOT_PASSWD = "root:x:0:0:root:/root:/bin/sh\n";

/** The directories that must be there before the first container, and the cgroup that all of them are in. */
export function rootPlan(): Plan {
  const cgroup = `/sys/fs/cgroup${CGROUP_PARENT}`;
  return [
    { kind: "mkdir", path: CONTAINERS, parents: true, why: "What lasts of containers." },
    { kind: "mkdir", path: OVERLAYS, parents: true, why: "Layers." },
    { kind: "mkdir", path: RUN_ROOT, parents: true, why: "What is there while containers run." },
    { kind: "mkdir", path: cgroup, parents: true, why: "The cgroup that all containers are in." },
    {
      kind: "write",
      path: `${cgroup}/cgroup.subtree_control`,
      text: "+cpu +io +memory +pids",
      why: "Each container is counted and limited by these.",
    },
  ];
}

/** How many of the plan's own steps were taken when the one with this number failed. */
function topLevelIndex(plan: Plan, failed: number): number {
  let number = 0;
  for (const [index, step] of plan.entries()) {
    number += count(step);
    if (failed <= number) return index;
  }
  return plan.length;
}

function count(step: Plan[number]): number {
  if (!("inside" in step)) return 1;
  const [first, ...more] = step.inside;
  if (first?.kind === "exec" && more.length === 0) return 1;
  return 1 + step.inside.reduce((sum, inner) => sum + count(inner), 0);
}

/** What a start that failed is called, and the code that a client exits with (docker `run`: 125, 126, 127). */
function startFailure(error: unknown, record: ContainerRecord): { error: ApiError; message: string; exitCode: number } {
  const program = record.args[0];
  const prefix =
    "failed to create task for container: failed to create shim task: runc create failed: unable to start container process";
  if (error instanceof PlanError && isExec(error)) {
    const why =
      error.errno === ENOENT
        ? program.includes("/")
          ? `exec: ${JSON.stringify(program)}: stat ${program}: no such file or directory`
          : `exec: ${JSON.stringify(program)}: executable file not found in $PATH`
        : `exec: ${JSON.stringify(program)}: permission denied`;
    const message = `${prefix}: ${why}: unknown`;
    const exitCode = error.errno === EACCES ? 126 : 127;
    return { error: badParameter(message), message, exitCode };
  }
  if (error instanceof UserError) return { error: badParameter(error.message), message: error.message, exitCode: 128 };
  const message = error instanceof Error ? error.message : String(error);
  return { error: error instanceof ApiError ? error : new ApiError(500, message), message, exitCode: 128 };
}

function isExec(error: PlanError): boolean {
  return error.command.startsWith("setpriv ") && (error.errno === ENOENT || error.errno === EACCES);
}

async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
