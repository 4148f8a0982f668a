/** Facts of the picture and the evidence for them. */
import type { NamespaceKind } from "./namespace";

/** Kinds of objects in the picture. `file` is an entry of a layer, by the address of its inode. */
export const OBJECT_KINDS = [
  "task",
  "namespace",
  "cgroup",
  "mount",
  "overlay",
  "file",
  "device",
  "route",
  "socket",
  "ipc",
] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** An object of the picture by its address, which is its identity while it lives. */
export type ObjectRef =
  | { object: Exclude<ObjectKind, "namespace">; address: number }
  | { object: "namespace"; address: number; kind: NamespaceKind };

/**
 * A fact of the picture, named so that its evidence can be asked for. The tables of facts in `src/kernel` list the names of
 * each kind: `comm`, `ns/uts` of a task, `memory.max` of a cgroup.
 */
export type FactRef = ObjectRef & { fact: string };

/** One dereference on the way from a root to a fact. */
export interface EvidenceStep {
  /** C expression so far: `task->nsproxy->uts_ns`. */
  path: string;
  /** Where the step was read. */
  address: number;
  /** The bytes found there, as they lie in memory. */
  bytes: number[];
  /** The same, as the kernel's type reads it: `0xc1a03f80`, `42`, `"sh"`. */
  value: string;
}

/** Why the picture says so: the walk to the value, and the command that shows the same fact in the guest. */
export interface Evidence {
  /** The whole C path: `task_struct.nsproxy->uts_ns->ns.inum`. */
  path: string;
  steps: EvidenceStep[];
  /** The value as the picture shows it. */
  value: string;
  /** A shell command for a guest terminal; undefined when no command shows it. */
  command?: string;
}
