import type { ObjectRef } from "../protocol/evidence";

/** What is selected, everywhere on the page at once, and which namespace tag is lit. */
export class Selection {
  object = $state.raw<ObjectRef>();
  /** Namespace that the pointer or the focus is on, as `kind:inum`: its holders light up. */
  lit = $state<string>();

  select(object: ObjectRef): void {
    this.object = object;
  }

  clear(): void {
    this.object = undefined;
  }
}
