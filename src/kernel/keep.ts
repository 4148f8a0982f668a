/** What is kept from picture to picture. */
import { LayerKeep } from "./layer-keep";
import { Places } from "./places";
import { Recall } from "./recall";
import type { FoundTask, SharedCgroup, SharedNamespaces } from "./tasks";

export class Keep {
  readonly recall = new Recall();
  readonly layers = new LayerKeep();
  /** By `task_struct`; nothing for one that was reaped. */
  readonly tasks = this.recall.store<FoundTask | undefined>();
  /** By `nsproxy`. */
  readonly namespaces = this.recall.store<SharedNamespaces>();
  /** By `css_set`. */
  readonly cgroups = this.recall.store<SharedCgroup>();
  readonly places = new Places(this.recall);
}
