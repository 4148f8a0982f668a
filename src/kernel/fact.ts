/** A fact as data: its C path, the reader, how the value is written, and the shell command that shows the same. */
import type { Program } from "./program";

export interface Fact<T = unknown> {
  /** C path from the object: `task_struct.real_parent->tgid`. */
  path: string;
  /** The very reader that the picture is made with. */
  read: (prog: Program, address: number) => T;
  show: (value: T) => string;
  /** Undefined when no command shows it now, for example because no task is in the namespace that it would have to enter. */
  command: (prog: Program, address: number) => string | undefined;
}

/** Keeps the type of the value between `read` and `show`; tables of facts have forgotten it. */
export function fact<T>(
  path: string,
  read: Fact<T>["read"],
  show: Fact<T>["show"],
  command: Fact<T>["command"] = () => undefined,
): Fact {
  return { path, read, show: show as Fact["show"], command };
}

/** A kind of object in the picture, as evidence finds it. */
export interface ObjectFacts {
  /**
   * Addresses of all objects of the kind, by the walk that the kernel itself would take. Under a trace, the reads on the
   * way to one become the first steps of its evidence.
   */
  all: (prog: Program) => Iterable<number>;
  facts: Readonly<Record<string, Fact>>;
}

export function quoted(text: string): string {
  return JSON.stringify(text);
}
