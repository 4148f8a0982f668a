import type { Events } from "./events";
import type { Guest } from "./guest";
import type { Hands } from "./hands";

/** What every part of the engine works with. */
export interface Context {
  guest: Guest;
  boxd: Hands;
  events: Events;
  /** Nanoseconds since 1970, on the guest's clock. */
  nowNs(): bigint;
  random(sizeBytes: number): Uint8Array;
}

/** RFC 3339 with nanoseconds, as Docker prints instants. */
export function formatInstant(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${(ns % 1_000_000_000n).toString().padStart(9, "0")}Z`;
}
