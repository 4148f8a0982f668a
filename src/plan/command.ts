import { NAMESPACES } from "./namespace";
import { BOXD_PATH } from "../protocol/boxd";
import type { IdRange, PlainStep, Privileges, Resource, WrapperStep } from "./step";

/** A step as words for a shell: a program and its arguments, or a text written to a file. */
export type Command =
  | { words: string[] }
  /** The shell itself writes: a cgroup move of `0` then moves the shell. */
  | { text: string; path: string; append: boolean }
  | { bytes: Uint8Array; path: string }
  /** The shell keeps a file open. */
  | { open: string; fd: number };

/** How `ulimit` of a shell calls a resource, and how many bytes one of its units has. */
const ULIMITS: Record<Resource, { option: string; unit: number }> = {
  as: { option: "-v", unit: 1024 },
  core: { option: "-c", unit: 512 },
  cpu: { option: "-t", unit: 1 },
  data: { option: "-d", unit: 1024 },
  fsize: { option: "-f", unit: 512 },
  locks: { option: "-w", unit: 1 },
  memlock: { option: "-l", unit: 1024 },
  nice: { option: "-e", unit: 1 },
  nofile: { option: "-n", unit: 1 },
  nproc: { option: "-p", unit: 1 },
  rss: { option: "-m", unit: 1024 },
  rtprio: { option: "-r", unit: 1 },
  stack: { option: "-s", unit: 1024 },
};

/** The command that takes a plain step. @throws RangeError for a text that no command can carry. */
export function command(step: PlainStep): Command {
  switch (step.kind) {
    case "mkdir":
      return { words: ["mkdir", ...flag("-p", step.parents), ...option("-m", step.mode), path(step.path)] };
    case "write":
      return { text: step.text, path: path(step.path), append: step.append ?? false };
    case "writeBytes":
      return { bytes: step.bytes, path: path(step.path) };
    case "symlink":
      // The target is a text, not a path to go to: it must stay as it is.
      return { words: ["ln", "-s", ...flag("--", step.target.startsWith("-")), step.target, path(step.path)] };
    case "chown":
      return { words: ["chown", "-h", `${step.uid}:${step.gid}`, path(step.path)] };
    case "usernsAdd":
      return {
        words: [
          "unshare",
          `--user=${step.path}`,
          ...(step.netns === undefined ? [] : [`--net=/run/netns/${name(step.netns, "namespace's name")}`]),
          // With it unshare keeps the others by a child that is still outside (its `bind_ns_files_from_child`); it goes with `true`.
          "--mount",
          `--map-users=${idRange(step.uids)}`,
          `--map-groups=${idRange(step.gids)}`,
          "true",
        ],
      };
    case "mountIdmapped":
      return {
        words: ["mount", "-o", `bind,X-mount.idmap=${step.userns}`, path(step.source), path(step.target)],
      };
    case "console":
      return { words: ["sh", "-c", 'mount -o bind "$(tty)" "$0"', step.path] };
    case "deviceFilter":
      return { words: [BOXD_PATH, "device-filter", path(step.program), path(step.cgroup)] };
    case "mknod":
      return {
        words: [
          "mknod",
          ...option("-m", step.mode),
          path(step.path),
          step.type === "block" ? "b" : "c",
          String(step.major),
          String(step.minor),
        ],
      };
    case "remove":
      return {
        words: [...{ file: ["rm", "-f"], directory: ["rmdir"], tree: ["rm", "-rf"] }[step.what], path(step.path)],
      };
    case "mount": {
      const options = step.options?.length ? step.options.join(",") : undefined;
      return {
        words: ["mount", ...option("-t", step.type), ...option("-o", options), path(step.source), path(step.target)],
      };
    }
    case "propagation":
      return { words: ["mount", `--make-${step.recursive ? "r" : ""}${step.propagation}`, path(step.target)] };
    case "umount":
      return { words: ["umount", ...flag("-l", step.lazy), path(step.target)] };
    case "pivotRoot":
      return { words: ["pivot_root", path(step.newRoot), path(step.putOld)] };
    case "chdir":
      return { words: ["cd", path(step.path)] };
    case "sethostname":
      return { words: ["hostname", name(step.name, "host name")] };
    case "rename":
      return { words: ["mv", path(step.from), path(step.to)] };
    case "kill":
      return { words: ["kill", `-${step.signal}`, String(step.pid)] };
    case "touch":
      return { words: ["touch", path(step.path)] };
    case "umask":
      return { words: ["umask", step.mask] };
    case "rlimit":
      return {
        words: ["ulimit", ...flag("-S", step.which === "soft"), ...flag("-H", step.which === "hard"), ...limit(step)],
      };
    case "open":
      return { open: path(step.path), fd: step.fd };
    case "netnsAdd":
      return { words: ["ip", "netns", "add", name(step.name, "namespace's name")] };
    case "netnsRemove":
      return { words: ["ip", "netns", "delete", name(step.name, "namespace's name")] };
    case "linkAdd":
      return {
        words: [
          ...["ip", "link", "add", device(step.name), "type", step.type],
          ...(step.type === "veth" ? ["peer", "name", device(step.peer), ...option("netns", step.peerNetns)] : []),
        ],
      };
    case "linkRemove":
      return { words: ["ip", "link", "delete", device(step.name)] };
    case "linkUp":
      return { words: ["ip", "link", "set", device(step.name), "up"] };
    case "linkMaster":
      return { words: ["ip", "link", "set", device(step.name), "master", device(step.master)] };
    case "linkAddress":
      return { words: ["ip", "link", "set", device(step.name), "address", step.mac] };
    case "addressAdd":
      return { words: ["ip", "address", "add", step.address, "dev", device(step.device)] };
    case "routeAdd":
      return { words: ["ip", "route", "add", step.destination, "via", step.via] };
    case "run":
      return { words: program(step) };
  }
}

/** The words of a program to run. @throws RangeError for a name that would be read as an option. */
export function program({ argv, env }: { argv: string[]; env?: string[] }): string[] {
  if (argv.length === 0) throw new RangeError("A program has a name: argv is empty.");
  const words = [name(argv[0], "program's name"), ...argv.slice(1)];
  if (!env) return words;
  const strange = env.find((variable) => !/^[^=-][^=]*=/.test(variable));
  if (strange !== undefined) throw new RangeError(`A variable is written as NAME=value: ${strange}`);
  if (argv[0].includes("=")) throw new RangeError(`env would take this for a variable: ${argv[0]}`);
  return ["env", "-i", ...env, ...words];
}

/** The words that start a wrapper; the program that runs inside follows them. */
export function wrapper(step: WrapperStep): string[] {
  switch (step.kind) {
    case "unshare":
      return [
        "unshare",
        ...step.namespaces.map((kind) => NAMESPACES[kind].option),
        ...flag("--fork", step.fork),
        ...flag("--kill-child", step.killChild),
        ...flag("--map-root-user", step.mapRoot),
      ];
    case "netnsExec":
      return ["nsenter", `--net=/run/netns/${name(step.name, "namespace's name")}`];
    case "usernsExec":
      return ["nsenter", `--user=${step.path}`];
    case "setns":
      return ["nsenter", "--target", step.pid, ...step.namespaces.map((kind) => NAMESPACES[kind].option)];
    case "chroot":
      return ["chroot", path(step.root)];
    case "setpriv":
      return ["setpriv", ...privileges(step.privileges)];
  }
}

function privileges(asked: Privileges): string[] {
  const sets = asked.capabilities && capabilitySet(asked.capabilities);
  const groups = asked.groups?.length ? asked.groups.join(",") : undefined;
  return [
    ...option("--reuid", asked.uid?.toString()),
    ...option("--regid", asked.gid?.toString()),
    ...option("--groups", groups),
    ...flag("--clear-groups", asked.clearGroups || asked.groups?.length === 0),
    ...(sets ? ["--inh-caps", sets, "--bounding-set", sets] : []),
    ...(asked.bounding ? ["--inh-caps", "-all", "--bounding-set", capabilitySet(asked.bounding)] : []),
    ...flag("--no-new-privs", asked.noNewPrivileges),
    ...option("--seccomp-filter", asked.seccompFilter),
  ];
}

function idRange({ inside, outside, count }: IdRange): string {
  return `${inside}:${outside}:${count}`;
}

function capabilitySet(capabilities: string[]): string {
  return ["-all", ...capabilities.map((capability) => `+${capability}`)].join(",");
}

function limit({ resource, value }: { resource: Resource; value: number | "unlimited" }): string[] {
  const { option: letter, unit } = ULIMITS[resource];
  return [letter, value === "unlimited" ? value : String(Math.floor(value / unit))];
}

// What `ip` reads where a device is named must be no word of its own language.
function device(text: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/.test(text))
    throw new RangeError(`This is no name of a network device: ${text}`);
  return text;
}

function flag(word: string, on: boolean | undefined): string[] {
  return on ? [word] : [];
}

function option(word: string, value: string | undefined): string[] {
  return value === undefined ? [] : [word, value];
}

// Not every program takes `--` (busybox's chroot does not); a path can always say that it is one.
function path(text: string): string {
  return text.startsWith("-") ? `./${text}` : text;
}

function name(text: string, what: string): string {
  if (text.startsWith("-")) throw new RangeError(`A ${what} cannot begin with a hyphen: ${text}`);
  return text;
}
