import type { NamespaceKind } from "../protocol/namespace";
import type { Task } from "../protocol/task";
import { taskKey } from "./task-key";

/** What is selected, everywhere on the page at once, and which namespace tag is lit. */
export class Selection {
  /** Identity of the selected object. */
  object = $state.raw<{ type: "task"; key: string } | { type: "namespace"; kind: NamespaceKind; inum: number }>();
  /** Namespace that the pointer or the focus is on, as `kind:inum`: its holders light up. */
  lit = $state<string>();

  selectTask(task: Task): void {
    this.object = { type: "task", key: taskKey(task) };
  }

  selectNamespace(kind: NamespaceKind, inum: number): void {
    this.object = { type: "namespace", kind, inum };
  }

  clear(): void {
    this.object = undefined;
  }
}
