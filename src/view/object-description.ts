import type { FactRef, ObjectRef } from "../protocol/evidence";
import type { Task } from "../protocol/task";
import type { NamespaceMark } from "./namespace-mark";

/** One fact of an object as the evidence panel shows it. */
export interface FactRow {
  label: string;
  /** What its evidence is asked by; absent for what is derived from several facts. */
  fact?: FactRef;
  /** As text, also to notice a change; drawn so unless `mark` or `mono` says more. */
  value: string;
  mono?: boolean;
  mark?: NamespaceMark;
  /** Heading under which it stands; rows of one group follow each other. */
  group?: string;
}

/** What is known about an object. Everything but `meaning` may hold names from the guest. */
export interface ObjectDescription {
  /** Tells the object from a later one at the same address. */
  identity: string;
  /** In monospace before the title: a pid, a tag. */
  number?: string;
  title: string;
  /** CSS colour of `number`. */
  hue?: string;
  /** One line in plain words. */
  meaning?: string;
  rows: FactRow[];
  /** Tasks that are in it. */
  members?: Task[];
}

/** Makes rows of one object: `fact` is a name in the kernel's table of facts of its kind. */
export const rowsOf =
  (ref: ObjectRef) =>
  (
    label: string,
    fact: string,
    value: string,
    rest: Omit<Partial<FactRow>, "label" | "fact" | "value"> = {},
  ): FactRow => ({
    label,
    fact: { ...ref, fact },
    value,
    ...rest,
  });
