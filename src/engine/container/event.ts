import type { Context } from "../context";
import type { ContainerRecord } from "./record";

/** Tells that something happened to a container, with the attributes that Docker gives with it. */
export function emitContainerEvent({ events }: Context, record: ContainerRecord, action: string) {
  events.emit("container", action, record.id, {
    image: record.config.Image ?? "",
    name: record.name,
    ...record.config.Labels,
  });
}
