import type { NamespaceKind } from "../protocol/namespace";

/** What every step carries besides what it does. */
export interface Reason {
  /** Why the step is taken, one or two sentences for a learner. */
  why: string;
}

/** A step below a root whose own links are not to lead out of it. Its path begins with `root`; a shell does not look. */
export interface Rooted {
  root?: string;
}

/** Steps that change something and are over. */
export type PlainStep =
  /** `mode` is octal: "755". Undo removes the directory, and with `contents: "discard"` also what is in it by then. */
  | (Rooted & { kind: "mkdir"; path: string; mode?: string; parents?: boolean; contents?: "discard" })
  /**
   * Writes text and a newline, in one write(2): a cgroup file, `uid_map`, a sysctl. `former` is what undo writes back;
   * null: the file was not there.
   */
  | { kind: "write"; path: string; text: string; append?: boolean; former?: string | null }
  /** Makes a file of bytes that are no text: a program for seccomp(2). */
  | { kind: "writeBytes"; path: string; bytes: Uint8Array }
  | { kind: "symlink"; target: string; path: string }
  /** A link itself changes hands, not what it leads to. */
  | { kind: "chown"; path: string; uid: number; gid: number }
  | { kind: "mknod"; path: string; type: "block" | "character"; major: number; minor: number; mode?: string }
  | { kind: "remove"; path: string; what: "file" | "directory" | "tree" }
  | { kind: "rename"; from: string; to: string }
  | { kind: "kill"; pid: number; signal: number }
  | (Rooted & { kind: "mount"; source: string; target: string; type?: string; options?: string[] })
  | { kind: "propagation"; target: string; propagation: Propagation; recursive?: boolean }
  | { kind: "umount"; target: string; lazy?: boolean }
  /** Both paths relative to the present root; `putOld` lies in `newRoot`. */
  | { kind: "pivotRoot"; newRoot: string; putOld: string }
  | { kind: "chdir"; path: string }
  | { kind: "sethostname"; name: string; former?: string }
  /** Makes an empty file, for something to be mounted on. */
  | (Rooted & { kind: "touch"; path: string })
  /** Octal: "022". */
  | { kind: "umask"; mask: string }
  /** `value` in bytes, seconds or a count, as for `setrlimit(2)`. The hard limit goes down only, so the soft one comes first. */
  | { kind: "rlimit"; resource: Resource; which: "soft" | "hard" | "both"; value: number | "unlimited" }
  /** Opens a file for reading as descriptor `fd`, for a later step that cannot reach its path any more. */
  | { kind: "open"; fd: number; path: string }
  /**
   * A user namespace without a process, kept by a mount on the file `path`, and with `netns` a network namespace which it owns,
   * kept by one on `/run/netns/NAME`: who is root in the one may change the other.
   */
  | { kind: "usernsAdd"; path: string; uids: IdRange; gids: IdRange; netns?: string }
  /** A bind mount in which files belong to whom the map of the user namespace `userns`, a file, says. */
  | { kind: "mountIdmapped"; source: string; target: string; userns: string }
  /** The terminal of this process gets another name: it is mounted on `path`. */
  | { kind: "console"; path: string }
  /** Which devices the processes of a cgroup may use: `program` is a file of `struct bpf_insn`. */
  | { kind: "deviceFilter"; program: string; cgroup: string }
  /** A network namespace without a process, kept by the mount `/run/netns/NAME` (`ip-netns(8)`). */
  | { kind: "netnsAdd"; name: string }
  | { kind: "netnsRemove"; name: string }
  | { kind: "linkAdd"; name: string; type: "bridge" }
  /** A cable: `name` here, `peer` in the network namespace `peerNetns`, or here too. */
  | { kind: "linkAdd"; name: string; type: "veth"; peer: string; peerNetns?: string }
  | { kind: "linkRemove"; name: string }
  | { kind: "linkUp"; name: string }
  /** Plugs a device into a bridge. */
  | { kind: "linkMaster"; name: string; master: string }
  /** `mac` as `02:42:ac:11:00:02`. */
  | { kind: "linkAddress"; name: string; mac: string }
  /** `address` with its prefix length: `172.17.0.2/16`. */
  | { kind: "addressAdd"; device: string; address: string }
  /** `destination` with its prefix length, or "default". */
  | { kind: "routeAdd"; destination: string; via: string }
  /**
   * A program that is run and waited for. `undo` is the command that takes it back; null when there is nothing to take
   * back: it only looked, or what it made ends with what an earlier step made.
   */
  | { kind: "run"; argv: string[]; call: string; manual: string[]; undo?: string[] | null };

/** The process becomes another program: always the last step of its list. With `env` that is its whole environment, as `NAME=value`. */
export type ExecStep = { kind: "exec"; argv: string[]; env?: string[] };

/** Steps that put a process somewhere and go on inside: what follows there is `inside`. */
export type WrapperStep =
  /**
   * New namespaces. With `fork` the steps inside run in a child: a new pid namespace counts for children only.
   * With `killChild` that child dies with its parent. With `mapRoot` root inside a new user namespace is the caller outside.
   */
  | {
      kind: "unshare";
      namespaces: NamespaceKind[];
      fork?: boolean;
      killChild?: boolean;
      mapRoot?: boolean;
      inside: Step[];
    }
  /** Joins namespaces of the process with this pid. */
  | { kind: "setns"; pid: string; namespaces: NamespaceKind[]; inside: Step[] }
  /** Joins a network namespace that has a name. */
  | { kind: "netnsExec"; name: string; inside: Step[] }
  /** Joins a user namespace that is kept at `path`, as its root, who is `uid` for the rest of the system. */
  | { kind: "usernsExec"; path: string; uid: number; inside: Step[] }
  | { kind: "chroot"; root: string; inside: Step[] }
  | { kind: "setpriv"; privileges: Privileges; inside: Step[] };

/** A line of `uid_map`: so many ids from `inside` on are those from `outside` on (`user_namespaces(7)`). */
export interface IdRange {
  inside: number;
  outside: number;
  count: number;
}

export type Propagation = "private" | "shared" | "slave" | "unbindable";

/** Resources of `getrlimit(2)`, by the names of Docker's `--ulimit`: those that a shell's `ulimit` can set. */
export type Resource =
  | "as"
  | "core"
  | "cpu"
  | "data"
  | "fsize"
  | "locks"
  | "memlock"
  | "nice"
  | "nofile"
  | "nproc"
  | "rss"
  | "rtprio"
  | "stack";

export interface Privileges {
  noNewPrivileges?: boolean;
  uid?: number;
  gid?: number;
  /** Supplementary groups; an empty list leaves none. */
  groups?: number[];
  clearGroups?: boolean;
  /** Capabilities left in the bounding set alone, named as below: what root gets by its next exec. The inheritable set becomes empty. */
  bounding?: string[];
  /** File with a program of `seccomp(2)`, `struct sock_filter` after `struct sock_filter`. */
  seccompFilter?: string;
  /** Capabilities left in the bounding and inheritable sets, without `CAP_`, lower case: `["net_raw"]`; all others are dropped. */
  capabilities?: string[];
}

export type Step = Reason & (PlainStep | ExecStep | WrapperStep);

/** Steps in the order in which they are taken. */
export type Plan = Step[];

export type StepKind = Step["kind"];

/** True when the step goes on inside. */
export function isWrapper(step: Step): step is Reason & WrapperStep {
  return "inside" in step;
}

/**
 * The program a wrapper starts when nothing else happens inside; undefined when a shell has to take steps there first.
 * Then the wrapper's command and the program's are one command: `chroot DIR ls`.
 */
export function onlyExec(step: Reason & WrapperStep): (Reason & ExecStep) | undefined {
  const [first, ...more] = step.inside;
  return first?.kind === "exec" && more.length === 0 ? first : undefined;
}
