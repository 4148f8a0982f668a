import type { ObjectRef } from "../protocol/evidence";
import type { Task } from "../protocol/task";
import type { Picture } from "./picture.svelte";

/** What is selected, everywhere on the page at once, and which namespace tag is lit. */
export class Selection {
  object = $state.raw<ObjectRef>();
  /** Namespace that the pointer or the focus is on, as `kind:inum`: its holders light up. */
  lit = $state<string>();

  readonly #picture: Picture;
  /** When the selected task started: the kernel gives its address to another one once it has ended. */
  #startTimeNs = $state<number>();

  constructor(picture: Picture) {
    this.#picture = picture;
  }

  select(object: ObjectRef): void {
    this.object = object;
    this.#startTimeNs = object.object === "task" ? this.#at(object.address)?.startTimeNs : undefined;
  }

  clear(): void {
    this.object = undefined;
  }

  /** The selected task, while it is in the picture. */
  get task(): Task | undefined {
    if (this.object?.object !== "task") return undefined;
    const task = this.#at(this.object.address);
    return task?.startTimeNs === this.#startTimeNs ? task : undefined;
  }

  #at(address: number): Task | undefined {
    return this.#picture.view?.tasks.find((task) => task.address === address);
  }
}
