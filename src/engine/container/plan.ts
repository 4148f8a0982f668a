/** The plans that make a container, in the order in which runc 1.3 takes its steps (`libcontainer/rootfs_linux.go`, `init_linux.go`). */
import type { NamespaceKind } from "../../protocol/namespace";
import type { Plan, Step } from "../../plan/step";
import { compileDeviceRules } from "./device-rule";
import { sysctlPath } from "./sysctl";
import { DEFAULT_DEVICES, DEFAULT_LINKS } from "./defaults";
import type { ContainerDevice, ContainerMount, ContainerSpec, Limits, NamespaceOf } from "./spec";

const CGROUPS = "/sys/fs/cgroup";
/** Descriptor under which the filter of system calls is kept from before its path is out of reach. */
const FILTER_FD = 9;

/** A directory of the cgroup tree with its limits: taken on the host, before the container's first process. */
export function cgroupPlan(spec: Pick<ContainerSpec, "cgroup" | "limits" | "deviceRules" | "deviceFilter">): Plan {
  const directory = CGROUPS + spec.cgroup;
  return [
    { kind: "mkdir", path: directory, why: "A cgroup for the container: what its processes use is counted here." },
    ...limitSteps(directory, spec.limits),
    ...deviceFilterSteps(spec, directory),
  ];
}

function deviceFilterSteps(
  { deviceRules, deviceFilter }: Pick<ContainerSpec, "deviceRules" | "deviceFilter">,
  cgroup: string,
): Plan {
  if (!deviceRules) return [];
  return [
    {
      kind: "writeBytes",
      path: deviceFilter,
      bytes: compileDeviceRules(deviceRules),
      why: "Which devices may be used, as a program that the kernel runs whenever one is opened or made.",
    },
    {
      kind: "deviceFilter",
      program: deviceFilter,
      cgroup,
      why: "Whoever may make device nodes could otherwise open any disk.",
    },
  ];
}

/** The files of a cgroup that hold limits. To update a running container, these steps alone are taken. */
export function limitSteps(directory: string, limits: Limits): Plan {
  const write = (file: string, text: string, why: string): Step => ({
    kind: "write",
    path: `${directory}/${file}`,
    text,
    why,
  });
  const { memoryBytes, memorySwapBytes, memoryReservationBytes, cpuShares, cpuQuotaUs, cpuPeriodUs } = limits;
  const steps: Plan = [];
  if (memoryReservationBytes !== undefined)
    steps.push(
      write("memory.low", String(memoryReservationBytes), "As long as others have more, this much is left to it."),
    );
  if (memoryBytes !== undefined)
    steps.push(
      write(
        "memory.max",
        memoryBytes > 0 ? String(memoryBytes) : "max",
        "Beyond this, one of its processes is killed.",
      ),
    );
  if (memorySwapBytes !== undefined && memoryBytes !== undefined) {
    const swap = memorySwapBytes < 0 ? "max" : String(Math.max(0, memorySwapBytes - memoryBytes));
    // Without swap the machine has no such file.
    steps.push(write("memory.swap.max", swap, "How much of it may be moved to swap."));
  }
  if (cpuShares !== undefined)
    steps.push(
      write("cpu.weight", String(cpuWeight(cpuShares)), "Its share of the processor when others want it, too."),
    );
  if (cpuQuotaUs !== undefined) {
    const quota = cpuQuotaUs > 0 ? String(cpuQuotaUs) : "max";
    steps.push(
      write("cpu.max", `${quota} ${cpuPeriodUs ?? 100_000}`, "So many microseconds of processor in each period."),
    );
  }
  if (limits.cpusetCpus !== undefined)
    steps.push(write("cpuset.cpus", limits.cpusetCpus, "The processors that it may run on."));
  if (limits.pids !== undefined)
    steps.push(write("pids.max", limits.pids > 0 ? String(limits.pids) : "max", "A fork beyond this number fails."));
  if (limits.blkioWeight !== undefined)
    steps.push(
      write(
        "io.weight",
        `default ${ioWeight(limits.blkioWeight)}`,
        "Its share of the disks when others want them, too.",
      ),
    );
  return steps;
}

/** `cpu.weight` of Docker's shares: 2 to 262144 becomes 1 to 10000 (runc `ConvertCPUSharesToCgroupV2Value`). */
export function cpuWeight(shares: number): number {
  return Math.floor(1 + ((shares - 2) * 9999) / 262142);
}

/** `io.weight` of Docker's weight: 10 to 1000 becomes 1 to 10000 (runc `ConvertBlkIOToIOWeightValue`). */
export function ioWeight(weight: number): number {
  return Math.floor(1 + ((weight - 10) * 9999) / 990);
}

/** What the container's first process does until it is the program. */
export function processPlan(spec: ContainerSpec): Plan {
  const { namespaces } = spec;
  const own = (["mnt", "pid", "ipc", "uts", "cgroup"] as const).filter(
    (kind) => kind === "mnt" || namespaces[kind] === "own",
  );
  const shared = joined(namespaces);
  const view: Plan = [
    {
      kind: "unshare",
      namespaces: [...own],
      fork: own.includes("pid"),
      why: "The view of the system that is the container.",
      inside: insidePlan(spec),
    },
  ];
  const inside: Plan = spec.userns
    ? [
        {
          kind: "usernsExec",
          ...spec.userns,
          why: "Root from here on, but of this container alone: what is made next belongs to its user namespace.",
          inside: view,
        },
      ]
    : view;
  const joining = shared.reduceRight<Plan>(
    (steps, { pid, kinds }) => [
      { kind: "setns", pid: String(pid), namespaces: kinds, why: "Shared with another container.", inside: steps },
    ],
    inside,
  );
  return [
    {
      kind: "write",
      path: `${CGROUPS}${spec.cgroup}/cgroup.procs`,
      text: "0",
      why: "Into its cgroup first: nothing that follows escapes the limits. 0 is the process that writes.",
    },
    {
      kind: "write",
      path: "/proc/self/oom_score_adj",
      text: String(spec.oomScoreAdj),
      why: "How soon it is chosen when the machine is out of memory: -1000 never, 1000 first.",
    },
    ...filterStep(spec),
    // Who is root in a user namespace alone can raise none.
    ...(spec.userns ? rlimitSteps(spec.rlimits) : []),
    ...(namespaces.net === "own"
      ? [
          {
            kind: "netnsExec" as const,
            name: spec.netns,
            why: "The network that was made ready for it.",
            inside: joining,
          },
        ]
      : joining),
  ];
}

/** A further process of a running container (`docker exec`): the same view, the same limits. */
export function execPlan(
  spec: Pick<
    ContainerSpec,
    "args" | "env" | "cwd" | "user" | "capabilities" | "noNewPrivileges" | "seccompFilter" | "cgroup" | "userns"
  >,
  pid: number,
): Plan {
  return [
    { kind: "write", path: `${CGROUPS}${spec.cgroup}/cgroup.procs`, text: "0", why: "Into the container's cgroup." },
    ...filterStep(spec),
    {
      kind: "setns",
      pid: String(pid),
      namespaces: [...(spec.userns ? (["user"] as const) : []), "cgroup", "ipc", "uts", "net", "pid", "mnt"],
      why: "The container's view of the system, with its files.",
      inside: becomePlan(spec),
    },
  ];
}

function joined(namespaces: ContainerSpec["namespaces"]): { pid: number; kinds: NamespaceKind[] }[] {
  const byPid = new Map<number, NamespaceKind[]>();
  for (const kind of ["cgroup", "ipc", "uts", "net", "pid"] as const) {
    const of: NamespaceOf = namespaces[kind];
    if (typeof of === "object") byPid.set(of.pid, [...(byPid.get(of.pid) ?? []), kind]);
  }
  return [...byPid].map(([pid, kinds]) => ({ pid, kinds }));
}

function filterStep({ seccompFilter }: Pick<ContainerSpec, "seccompFilter">): Plan {
  if (seccompFilter === undefined) return [];
  return [
    {
      kind: "open",
      fd: FILTER_FD,
      path: seccompFilter,
      why: "The filter of system calls, while its file can still be reached.",
    },
  ];
}

function insidePlan(spec: ContainerSpec): Plan {
  const { rootfs, namespaces } = spec;
  return [
    {
      kind: "propagation",
      target: "/",
      propagation: "slave",
      recursive: true,
      why: "What is mounted from here on must not show on the host.",
    },
    ...(spec.userns
      ? [
          {
            kind: "mount" as const,
            source: rootfs,
            target: rootfs,
            options: ["rbind"],
            why: "Mounts of the host are locked in here, and a locked one cannot become the root; this one is its own.",
          },
        ]
      : []),
    ...parentSteps(spec.mounts, rootfs),
    ...spec.mounts.flatMap((mount) => mountSteps(mount, rootfs)),
    ...deviceSteps(rootfs, spec),
    { kind: "chdir", path: rootfs, why: "The new root." },
    {
      kind: "pivotRoot",
      newRoot: ".",
      putOld: ".",
      why: "It becomes the root of this mount namespace; the host's tree now lies over it.",
    },
    { kind: "umount", target: ".", lazy: true, why: "The host's tree goes. There is no way back to it." },
    { kind: "chdir", path: "/", why: "Into the new tree." },
    ...(spec.tty ? CONSOLE_STEPS : []),
    ...(namespaces.uts === "own" ? nameSteps(spec) : []),
    ...Object.entries(spec.sysctls).map(([name, text]): Step => ({
      kind: "write",
      path: sysctlPath(name),
      text,
      why: "A setting of the kernel that each container may have for itself.",
    })),
    ...spec.readonlyPaths.flatMap((path) => readonlySteps(path)),
    ...spec.maskedPaths.map((path) => maskStep(path)),
    ...(spec.readonlyRootfs
      ? [
          {
            kind: "mount" as const,
            source: "none",
            target: "/",
            options: ["remount", "bind", "ro"],
            why: "Its files cannot be changed.",
          },
        ]
      : []),
    { kind: "umask", mask: "022", why: "Whatever the engine's was." },
    ...(spec.userns ? [] : rlimitSteps(spec.rlimits)),
    ...becomePlan(spec),
  ];
}

function nameSteps({ hostname, domainname }: ContainerSpec): Plan {
  const steps: Plan = [{ kind: "sethostname", name: hostname, why: "Its name, in its own UTS namespace." }];
  if (domainname)
    steps.push({ kind: "write", path: "/proc/sys/kernel/domainname", text: domainname, why: "Its domain." });
  return steps;
}

/** An image may lack the directories of the files that are put into it, such as /etc. */
function parentSteps(mounts: readonly ContainerMount[], rootfs: string): Plan {
  const parents = mounts
    .filter(({ on }) => on !== "directory")
    .map(({ target }) => target.slice(0, target.lastIndexOf("/")))
    .filter((parent) => parent !== "");
  return [...new Set(parents)].map((parent) => ({
    kind: "mkdir",
    path: rootfs + parent,
    parents: true,
    root: rootfs,
    why: "Files of the engine's are put here; an image may lack it.",
  }));
}

function mountSteps(mount: ContainerMount, rootfs: string): Plan {
  const target = rootfs + mount.target;
  const place: Step =
    mount.on === "directory"
      ? { kind: "mkdir", path: target, parents: true, root: rootfs, why: "A place for the mount." }
      : { kind: "touch", path: target, root: rootfs, why: "A place for the mount." };
  const way = mount.on === "file" ? parentStep(mount.target, rootfs) : [];
  const bind = mount.options.find((option) => option === "bind" || option === "rbind");
  const step: Step = {
    kind: "mount",
    source: mount.source,
    target,
    root: rootfs,
    ...(bind ? { options: [bind] } : { type: mount.type, options: [...mount.options] }),
    why: mount.why,
  };
  const others = bind ? mount.options.filter((option) => option !== bind && option !== "rw") : [];
  if (others.length === 0) return [...way, place, step];
  return [
    ...way,
    place,
    step,
    {
      kind: "mount",
      source: "none",
      target,
      root: rootfs,
      options: ["remount", "bind", ...others],
      why: "The options of a bind mount take a second call.",
    },
  ];
}

const CONSOLE_STEPS: Plan = [
  { kind: "touch", path: "/dev/console", why: "A place for the mount." },
  { kind: "console", path: "/dev/console", why: "Its terminal is what it takes for the console of the machine." },
];

function deviceSteps(rootfs: string, spec: Pick<ContainerSpec, "mounts" | "devices" | "userns">): Plan {
  const { mounts, devices, userns } = spec;
  // A container whose /dev is the host's has its devices.
  if (!mounts.some(({ target, type }) => target === "/dev" && type === "tmpfs")) return [];
  return [
    ...DEFAULT_DEVICES.flatMap(({ name, major, minor }): Plan => {
      const path = `${rootfs}/dev/${name}`;
      const why = "One of the few devices that every program may expect.";
      if (userns) return boundDevice(`/dev/${name}`, path, why);
      return [{ kind: "mknod", path, type: "character", major, minor, mode: "666", why }];
    }),
    ...DEFAULT_LINKS.map(({ path, target }): Step => ({
      kind: "symlink",
      target,
      path: rootfs + path,
      why: "A name that programs know it by.",
    })),
    ...devices.flatMap((device) => (userns ? boundNode(device, rootfs) : deviceNode(device, rootfs))),
  ];
}

/** In a user namespace nobody makes device nodes; the host's own is mounted (runc `createDeviceNode`). */
function boundDevice(source: string, path: string, why: string): Plan {
  return [
    { kind: "touch", path, why: "A place for the mount." },
    { kind: "mount", source, target: path, options: ["bind"], why },
  ];
}

function boundNode({ source, target }: ContainerDevice, rootfs: string): Plan {
  const why = "A device of the host that was asked for with --device.";
  return [...parentStep(target, rootfs), ...boundDevice(source, rootfs + target, why)];
}

/** The same node as on the host, with the same owner. */
function deviceNode({ target, type, major, minor, mode, uid, gid }: ContainerDevice, rootfs: string): Plan {
  const path = rootfs + target;
  const why = "A device of the host that was asked for with --device.";
  return [
    ...parentStep(target, rootfs),
    { kind: "remove", what: "file", path, why: "What the image or another device left under this name." },
    { kind: "mknod", path, type, major, minor, mode: mode.toString(8), why },
    ...(uid || gid
      ? [{ kind: "chown" as const, path, uid, gid, why: "It belongs to whom it belongs on the host." }]
      : []),
  ];
}

/** The directory that a place lies in, unless it is one that is always there. */
function parentStep(target: string, rootfs: string): Plan {
  const parent = target.slice(0, target.lastIndexOf("/"));
  if (parent === "" || parent === "/dev") return [];
  return [{ kind: "mkdir", path: rootfs + parent, parents: true, root: rootfs, why: "The way to the place." }];
}

function readonlySteps(path: string): Plan {
  return [
    {
      kind: "mount",
      source: path,
      target: path,
      options: ["rbind"],
      why: "A row of its own in the table of mounts, so that it can have options.",
    },
    {
      kind: "mount",
      source: "none",
      target: path,
      options: ["remount", "bind", "nosuid", "nodev", "noexec", "ro"],
      why: "It can be read, and not written.",
    },
  ];
}

/** Files of /proc are covered by /dev/null, directories by an empty file system. */
function maskStep(path: string): Step {
  return MASKED_DIRECTORIES.has(path)
    ? {
        kind: "mount",
        source: "tmpfs",
        target: path,
        type: "tmpfs",
        options: ["ro"],
        why: "Covered: it concerns the whole machine.",
      }
    : {
        kind: "mount",
        source: "/dev/null",
        target: path,
        options: ["bind"],
        why: "Covered: it concerns the whole machine.",
      };
}

const MASKED_DIRECTORIES = new Set([
  "/proc/acpi",
  "/proc/asound",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
]);

function rlimitSteps(rlimits: ContainerSpec["rlimits"]): Plan {
  return rlimits.flatMap(({ resource, soft, hard }): Plan => {
    const why = "A limit of each process, asked for with --ulimit.";
    if (soft === hard) return [{ kind: "rlimit", resource, which: "both", value: soft, why }];
    return [
      { kind: "rlimit", resource, which: "soft", value: soft, why },
      { kind: "rlimit", resource, which: "hard", value: hard, why },
    ];
  });
}

function becomePlan(
  spec: Pick<ContainerSpec, "args" | "env" | "cwd" | "user" | "capabilities" | "noNewPrivileges" | "seccompFilter">,
): Plan {
  return [
    { kind: "chdir", path: spec.cwd, why: "The working directory that the image or the user asked for." },
    {
      kind: "setpriv",
      privileges: {
        bounding: [...spec.capabilities],
        noNewPrivileges: spec.noNewPrivileges || undefined,
        uid: spec.user.uid,
        gid: spec.user.gid,
        groups: [...spec.user.groups],
        seccompFilter: spec.seccompFilter === undefined ? undefined : `/proc/self/fd/${FILTER_FD}`,
      },
      why: "What it must not do is given away last, for all of the above needed it.",
      inside: [
        {
          kind: "exec",
          argv: [...spec.args],
          env: [...spec.env],
          why: "The process becomes the program of the container. Its number stays.",
        },
      ],
    },
  ];
}
