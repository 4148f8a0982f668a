import type { Boxd } from "./boxd";

/** What the engine's parts need of boxd: to take plans, to start tasks, and to look. */
export type Hands = Pick<Boxd, "take" | "start" | "read" | "readText" | "names" | "stat">;
