/** The views of the kernel picture, in the order in which they are offered. */
import type { Component } from "svelte";
import type { IconName } from "./icons";
import Layers from "./Layers.svelte";
import Mounts from "./Mounts.svelte";
import type { PictureProps } from "./picture-props";
import Processes from "./Processes.svelte";

export interface ViewKind {
  id: string;
  name: string;
  icon: IconName;
  component: Component<PictureProps>;
  /** What its drawing and its table are called. */
  twins: { drawing: string; table: string };
  /** A line that says what of the picture it shows: `7 tasks`. */
  count?: (view: PictureProps["view"]) => string;
}

export const VIEWS: readonly ViewKind[] = [
  {
    id: "processes",
    name: "Processes",
    icon: "tree",
    component: Processes,
    twins: { drawing: "Tree", table: "Table" },
  },
  {
    id: "mounts",
    name: "Mounts",
    icon: "mounts",
    component: Mounts,
    twins: { drawing: "Tree", table: "Table" },
  },
  {
    id: "layers",
    name: "Layers",
    icon: "layers",
    component: Layers,
    twins: { drawing: "Sheets", table: "Table" },
  },
];
