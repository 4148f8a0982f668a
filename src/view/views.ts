/** The views of the kernel picture, in the order in which they are offered. */
import type { Component } from "svelte";
import type { IconName } from "./icons";
import Layers from "./Layers.svelte";
import { hasOwnMounts } from "./mount-tree";
import Mounts from "./Mounts.svelte";
import type { PictureProps } from "./picture-props";
import Processes from "./Processes.svelte";
import Timeline from "./Timeline.svelte";

export interface ViewKind {
  id: string;
  name: string;
  icon: IconName;
  component: Component<PictureProps>;
  /** What its drawing and its table are called. */
  twins: { drawing: string; table: string };
  /** Whether it has something to show in the picture of the whole; without it, it never has a place there. */
  inGlass?: (props: PictureProps) => boolean;
}

export const VIEWS: readonly ViewKind[] = [
  {
    id: "processes",
    name: "Processes",
    icon: "tree",
    component: Processes,
    inGlass: () => true,
    twins: { drawing: "Tree", table: "Table" },
  },
  {
    id: "mounts",
    name: "Mounts",
    icon: "mounts",
    component: Mounts,
    inGlass: ({ view }) => hasOwnMounts(view),
    twins: { drawing: "Tree", table: "Table" },
  },
  {
    id: "layers",
    name: "Layers",
    icon: "layers",
    component: Layers,
    inGlass: ({ view }) => view.overlays.length > 0,
    twins: { drawing: "Sheets", table: "Table" },
  },
  {
    id: "timeline",
    name: "Timeline",
    icon: "clock",
    component: Timeline,
    inGlass: ({ timeline }) => timeline.events.length > 0,
    twins: { drawing: "By command", table: "Table" },
  },
];
