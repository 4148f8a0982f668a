import type { Cgroup } from "../protocol/cgroup";
import { formatBytes, formatProgress, formatShare } from "./format";

/** What a bar shows: how full a cgroup is of one resource, and where its limit stands. */
export interface Vessel {
  /** Part of the bar that is filled, 0 to 1. */
  filled: number;
  /** Where the limit's line stands, 0 to 1; the bar ends beyond it, so that one sees what is over. */
  limitAt?: number;
  /** The line is that of a cgroup above, which limits this one too. */
  lent: boolean;
  /** `memory.high`, where it stands below the limit. */
  highAt?: number;
  /** At the limit now, or held back by it. */
  over: boolean;
  /** `12.3 of 20.0 MiB`. */
  text: string;
  /** Why it is over, in a word. */
  note?: string;
  /** The kernel killed a task for it. */
  killed?: boolean;
}

/** Where a limit stands on its bar. */
const LIMIT_AT = 0.88;
/** Memory is charged in pages and batches: this close to the limit it is full. */
const FULL = 0.97;

const clamp = (value: number) => Math.min(1, Math.max(0, value));

/** The cgroup and those above it, itself first; `above` finds a parent. */
export type Ancestry = readonly Cgroup[];

/** Parents of a cgroup up to the root, itself first; a ring of damaged links ends. */
export function ancestry(cgroup: Cgroup, byAddress: ReadonlyMap<number, Cgroup>): Cgroup[] {
  const found = [cgroup];
  for (let at = cgroup; at.parent !== undefined;) {
    const parent = byAddress.get(at.parent);
    if (!parent || found.includes(parent)) break;
    found.push(parent);
    at = parent;
  }
  return found;
}

/** The tightest limit among `above`, which is a cgroup and its ancestors. */
function tightest(above: Ancestry, limitOf: (cgroup: Cgroup) => number | undefined): number | undefined {
  return above.reduce<number | undefined>((least, one) => {
    const limit = limitOf(one);
    return limit !== undefined && (least === undefined || limit < least) ? limit : least;
  }, undefined);
}

function vessel(
  value: number,
  own: number | undefined,
  lent: number | undefined,
  scale: number,
): Pick<Vessel, "filled" | "limitAt" | "lent"> {
  const limit = own ?? lent;
  const full = limit === undefined ? scale : limit / LIMIT_AT;
  return {
    filled: full > 0 ? clamp(value / full) : value > 0 ? 1 : 0,
    limitAt: limit === undefined ? undefined : limit > 0 ? LIMIT_AT : 0,
    lent: own === undefined && lent !== undefined,
  };
}

/**
 * `memory.current` against `memory.max` and `memory.high`. `scaleBytes` is the length of a bar without a limit;
 * `killed` tells of an OOM kill a moment ago.
 */
export function memoryVessel(above: Ancestry, scaleBytes: number, killed = false): Vessel | undefined {
  const memory = above[0].memory;
  if (!memory) return undefined;
  const { currentBytes, maxBytes, highBytes } = memory;
  const own = maxBytes ?? highBytes;
  const lent = tightest(above.slice(1), ({ memory: outer }) => outer?.maxBytes ?? outer?.highBytes);
  const bar = vessel(currentBytes, own, lent, scaleBytes);
  const overHigh = highBytes !== undefined && currentBytes > highBytes;
  const atMax = maxBytes !== undefined && currentBytes >= maxBytes * FULL;
  return {
    ...bar,
    highAt:
      maxBytes !== undefined && highBytes !== undefined && highBytes < maxBytes
        ? (highBytes / maxBytes) * LIMIT_AT
        : undefined,
    over: killed || atMax || overHigh,
    text: own === undefined ? formatBytes(currentBytes) : formatProgress(currentBytes, own),
    killed,
    note: killed ? "OOM kill" : atMax ? "at its limit" : overHigh ? "over high" : undefined,
  };
}

const quotaOf = ({ cpu }: Cgroup) =>
  cpu?.quotaUs !== undefined && cpu.periodUs > 0 ? cpu.quotaUs / cpu.periodUs : undefined;

/** The part of the CPU used now against `cpu.max`. There is one CPU, so a larger quota limits nothing. */
export function cpuVessel(above: Ancestry, share: number | undefined, throttledShare: number | undefined): Vessel {
  const own = quotaOf(above[0]);
  const bar = vessel(share ?? 0, own, tightest(above.slice(1), quotaOf), 1);
  const throttled = (throttledShare ?? 0) > 0;
  const used = share === undefined ? "–" : formatShare(share);
  return {
    ...bar,
    over: throttled,
    text: own === undefined ? used : `${used.replace(/ %$/, "")} of ${formatShare(own)}`,
    note: throttled ? "throttled" : undefined,
  };
}

/** `pids.current` against `pids.max`; `scale` is the length of a bar without a limit. */
export function pidsVessel(above: Ancestry, scale: number, refusing: boolean): Vessel | undefined {
  const pids = above[0].pids;
  if (!pids) return undefined;
  const bar = vessel(
    pids.current,
    pids.max,
    tightest(above.slice(1), ({ pids: outer }) => outer?.max),
    scale,
  );
  const over = refusing || (pids.max !== undefined && pids.current >= pids.max);
  return {
    ...bar,
    over,
    text: pids.max === undefined ? String(pids.current) : `${pids.current} of ${pids.max}`,
    note: refusing ? "refuses forks" : over ? "at its limit" : undefined,
  };
}
