import type { NamespaceKind } from "../protocol/namespace";

/** What every step carries besides what it does. */
export interface Reason {
  /** Why the step is taken, one or two sentences for a learner. */
  why: string;
}

/** Steps that change something and are over. `T` is the type of texts: `string`, or in a template also a slot to be filled in. */
export type PlainStep<T = string> =
  | { kind: "mkdir"; path: T; /** Octal: "755". */ mode?: string; parents?: boolean }
  /**
   * Writes text and a newline, in one write(2): a cgroup file, `uid_map`, a sysctl. `former` is what undo writes back;
   * null: the file was not there.
   */
  | { kind: "write"; path: T; text: T; append?: boolean; former?: T | null }
  | { kind: "symlink"; target: T; path: T }
  | { kind: "mknod"; path: T; type: "block" | "character"; major: number; minor: number; mode?: string }
  | { kind: "remove"; path: T; what: "file" | "directory" | "tree" }
  | { kind: "mount"; source: T; target: T; type?: string; options?: string[] }
  | { kind: "propagation"; target: T; propagation: Propagation; recursive?: boolean }
  | { kind: "umount"; target: T; lazy?: boolean }
  /** Both paths relative to the present root; `putOld` lies in `newRoot`. */
  | { kind: "pivotRoot"; newRoot: T; putOld: T }
  | { kind: "chdir"; path: T }
  | { kind: "sethostname"; name: T; former?: T }
  /** A program that is run and waited for. `undo` is the command that takes it back. */
  | { kind: "run"; argv: T[]; call: string; manual: string[]; undo?: T[] };

/** The process becomes another program: always the last step of its list. */
export type ExecStep<T = string> = { kind: "exec"; argv: T[] };

/** Steps that put a process somewhere and go on inside: what follows there is `inside`. */
export type WrapperStep<T = string> =
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
      inside: Step<T>[];
    }
  /** Joins namespaces of the process with this pid. */
  | { kind: "setns"; pid: T; namespaces: NamespaceKind[]; inside: Step<T>[] }
  | { kind: "chroot"; root: T; inside: Step<T>[] }
  | { kind: "setpriv"; privileges: Privileges; inside: Step<T>[] };

export type Propagation = "private" | "shared" | "slave" | "unbindable";

export interface Privileges {
  noNewPrivileges?: boolean;
  uid?: number;
  gid?: number;
  clearGroups?: boolean;
  /** Capabilities left in the bounding and inheritable sets, without `CAP_`, lower case: `["net_raw"]`; all others are dropped. */
  capabilities?: string[];
}

export type Step<T = string> = Reason & (PlainStep<T> | ExecStep<T> | WrapperStep<T>);

/** Steps in the order in which they are taken. */
export type Plan = Step[];

export type StepKind = Step["kind"];

/** True when the step goes on inside. */
export function isWrapper<T>(step: Step<T>): step is Reason & WrapperStep<T> {
  return "inside" in step;
}

/**
 * The program a wrapper starts when nothing else happens inside; undefined when a shell has to take steps there first.
 * Then the wrapper's command and the program's are one command: `chroot DIR ls`.
 */
export function onlyExec<T>(step: Reason & WrapperStep<T>): (Reason & ExecStep<T>) | undefined {
  const [first, ...more] = step.inside;
  return first?.kind === "exec" && more.length === 0 ? first : undefined;
}
