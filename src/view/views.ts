/** The views of the kernel picture, in the order in which they are offered. */
import type { Component } from "svelte";
import type { IconName } from "./icons";
import Namespaces from "./Namespaces.svelte";
import Network from "./Network.svelte";
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
