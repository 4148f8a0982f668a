import type { NamespaceKind } from "../protocol/namespace";

/** What every step carries besides what it does. */
export interface Reason {
  /** Why the step is taken, one or two sentences for a learner. */
  why: string;
}

/** Steps that change something and are over. */
export type PlainStep =
  /** `mode` is octal: "755". Undo removes the directory, and with `contents: "discard"` also what is in it by then. */
  | { kind: "mkdir"; path: string; mode?: string; parents?: boolean; contents?: "discard" }
  /**
   * Writes text and a newline, in one write(2): a cgroup file, `uid_map`, a sysctl. `former` is what undo writes back;
   * null: the file was not there.
   */
  | { kind: "write"; path: string; text: string; append?: boolean; former?: string | null }
  | { kind: "symlink"; target: string; path: string }
  | { kind: "mknod"; path: string; type: "block" | "character"; major: number; minor: number; mode?: string }
  | { kind: "remove"; path: string; what: "file" | "directory" | "tree" }
  | { kind: "mount"; source: string; target: string; type?: string; options?: string[] }
  | { kind: "propagation"; target: string; propagation: Propagation; recursive?: boolean }
  | { kind: "umount"; target: string; lazy?: boolean }
  /** Both paths relative to the present root; `putOld` lies in `newRoot`. */
  | { kind: "pivotRoot"; newRoot: string; putOld: string }
  | { kind: "chdir"; path: string }
  | { kind: "sethostname"; name: string; former?: string }
  /**
   * A program that is run and waited for. `undo` is the command that takes it back; null when there is nothing to take
   * back: it only looked, or what it made ends with what an earlier step made.
   */
  | { kind: "run"; argv: string[]; call: string; manual: string[]; undo?: string[] | null };

/** The process becomes another program: always the last step of its list. */
export type ExecStep = { kind: "exec"; argv: string[] };

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
  | { kind: "chroot"; root: string; inside: Step[] }
  | { kind: "setpriv"; privileges: Privileges; inside: Step[] };

export type Propagation = "private" | "shared" | "slave" | "unbindable";

export interface Privileges {
  noNewPrivileges?: boolean;
  uid?: number;
  gid?: number;
  clearGroups?: boolean;
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
