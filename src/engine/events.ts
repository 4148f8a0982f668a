/** What happens in the engine, told to who listens, and kept for a while for who asks later (`docker events`). */
import type { EventMessage } from "../protocol/docker";

/** As many as Docker keeps (moby `daemon/events`, `eventsLimit`). */
const KEPT = 256;

export interface Events {
  emit(type: EventMessage["Type"], action: string, id: string, attributes?: Record<string, string>): void;
  /** What was kept, oldest first. */
  kept(): readonly EventMessage[];
  /** @returns what ends the listening */
  listen(listener: (event: EventMessage) => void): () => void;
}

/** @param nowNs nanoseconds since 1970 */
export function createEvents(nowNs: () => bigint): Events {
  const kept: EventMessage[] = [];
  const listeners = new Set<(event: EventMessage) => void>();
  return {
    emit(type, action, id, attributes = {}) {
      const at = nowNs();
      const event: EventMessage = {
        Type: type,
        Action: action,
        Actor: { ID: id, Attributes: attributes },
        scope: "local",
        time: Number(at / 1_000_000_000n),
        timeNano: Number(at),
      };
      kept.push(event);
      if (kept.length > KEPT) kept.shift();
      for (const listener of [...listeners]) listener(event);
    },
    kept: () => kept,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
