import type { DeviceCounters } from "../protocol/network";
import type { KernelView } from "../protocol/view";

/** What a device receives and sends in a second of guest time. */
export interface Rate {
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
}

/** Packets that a device received and sent since the picture before. */
export interface Moved {
  rx: number;
  tx: number;
}

/** Rates are taken over this much guest time. */
const WINDOW_NS = 2e9;
/** A shorter time is taken for this long: one packet after a long rest is no flood. */
const LEAST_NS = 5e8;
/** Counters that have stood still for this long have no rate; a packet a second keeps one. */
export const REST_NS = 1.2e9;
/** Pictures kept are at least this far apart. */
const KEEP_NS = 1e8;

interface Sample {
  atNs: number;
  counters: ReadonlyMap<number, DeviceCounters>;
}

const NO_RATES: ReadonlyMap<number, Rate> = new Map();
const NO_MOVES: ReadonlyMap<number, Moved> = new Map();

/** Traffic from consecutive pictures of one guest: their counters, and what happened between them. */
export class Traffic {
  /** Rates by the device's address, of those whose counters move. */
  rates: ReadonlyMap<number, Rate> = NO_RATES;
  /** Packets since the picture before, by the device's address. */
  moved: ReadonlyMap<number, Moved> = NO_MOVES;

  /** Oldest first, none older than the window. */
  #samples: Sample[] = [];
  #latest: Sample | undefined;
  readonly #movedAtNs = new Map<number, number>();

  /** Takes a picture into account. One from before the last (a guest set back) begins anew. */
  observe(view: KernelView): void {
    const atNs = view.bootTimeNs;
    if (this.#latest && atNs < this.#latest.atNs) this.forget();
    const now: Sample = { atNs, counters: new Map(view.devices.map((one) => [one.address, one.counters])) };
    this.#noteMoves(now);
    while (this.#samples.length > 1 && this.#samples[0].atNs < atNs - WINDOW_NS) this.#samples.shift();
    this.#noteRates(now);
    const kept = this.#samples.at(-1);
    if (!kept || atNs - kept.atNs >= KEEP_NS) this.#samples.push(now);
    this.#latest = now;
  }

  /** No picture has come for a while, so nothing moves. */
  rest(): void {
    this.rates = NO_RATES;
    this.moved = NO_MOVES;
  }

  forget(): void {
    this.rest();
    this.#samples = [];
    this.#latest = undefined;
    this.#movedAtNs.clear();
  }

  #noteMoves(now: Sample): void {
    const moved = new Map<number, Moved>();
    for (const [address, after] of now.counters) {
      const before = this.#latest?.counters.get(address);
      if (!before || before === after) continue;
      const rx = after.rxPackets - before.rxPackets;
      const tx = after.txPackets - before.txPackets;
      // Counters never go back: this is another device at the same address.
      if (rx < 0 || tx < 0) {
        for (const sample of this.#samples) (sample.counters as Map<number, DeviceCounters>).delete(address);
        this.#movedAtNs.delete(address);
      } else if (rx + tx > 0) {
        moved.set(address, { rx, tx });
        this.#movedAtNs.set(address, now.atNs);
      }
    }
    for (const address of this.#movedAtNs.keys()) if (!now.counters.has(address)) this.#movedAtNs.delete(address);
    this.moved = moved.size ? moved : NO_MOVES;
  }

  #noteRates(now: Sample): void {
    const rates = new Map<number, Rate>();
    for (const [address, movedAtNs] of this.#movedAtNs) {
      if (now.atNs - movedAtNs > REST_NS) {
        this.#movedAtNs.delete(address);
        continue;
      }
      const from = this.#samples.find(({ counters }) => counters.has(address));
      if (!from) continue;
      const before = from.counters.get(address)!;
      const after = now.counters.get(address)!;
      const seconds = Math.max(now.atNs - from.atNs, LEAST_NS) / 1e9;
      rates.set(address, {
        rxPackets: (after.rxPackets - before.rxPackets) / seconds,
        rxBytes: (after.rxBytes - before.rxBytes) / seconds,
        txPackets: (after.txPackets - before.txPackets) / seconds,
        txBytes: (after.txBytes - before.txBytes) / seconds,
      });
    }
    this.rates = rates.size ? rates : NO_RATES;
  }
}

/** `0.9`, `98`, `12,400`. */
export function formatPerSecond(count: number): string {
  return count < 9.95 ? count.toFixed(1) : String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}
