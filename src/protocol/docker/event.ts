export type EventType = "container" | "image" | "network" | "volume" | "daemon" | "builder" | "plugin";

/** One JSON line of `GET /events?since=&until=&filters=`. */
export interface EventMessage {
  /** `status`, `id` and `from` repeat, for container and image alone, what stands below: old clients read them. */
  status?: string;
  id?: string;
  from?: string;
  Type: EventType;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: "local" | "swarm";
  /** Seconds. */
  time: number;
  timeNano: number;
}
