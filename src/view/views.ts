/** The views of the kernel picture, in the order in which they are offered. */
import type { Component } from "svelte";
import Cgroups from "./Cgroups.svelte";
import HostInside from "./HostInside.svelte";
import type { IconName } from "./icons";
import Namespaces from "./Namespaces.svelte";
import Network from "./Network.svelte";
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
    id: "namespaces",
    name: "Namespaces",
    icon: "matrix",
    component: Namespaces,
    twins: { drawing: "Matrix", table: "List" },
  },
  {
    id: "host-inside",
    name: "Host | inside",
    icon: "sides",
    component: HostInside,
    twins: { drawing: "Sides", table: "Table" },
  },
  {
    id: "cgroups",
    name: "Cgroups",
    icon: "vessel",
    component: Cgroups,
    twins: { drawing: "Vessels", table: "Table" },
    // The machine's own are the root and the agent's.
    inGlass: ({ view }) => view.cgroups.length > 2,
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
    id: "mounts",
    name: "Mounts",
    icon: "mounts",
    component: Mounts,
    inGlass: ({ view }) => hasOwnMounts(view),
    twins: { drawing: "Tree", table: "Table" },
  },
  {
    id: "network",
    name: "Network",
    icon: "rooms",
    component: Network,
    inGlass: ({ view }) => view.namespaces.some(({ kind, initial }) => kind === "net" && !initial),
    twins: { drawing: "Rooms", table: "Tables" },
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
