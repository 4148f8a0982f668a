/** Id maps of user namespaces (`include/linux/user_namespace.h`, `kernel/user_namespace.c`). Addresses are of the namespace. */
import type { IdRange } from "../protocol/namespace";
import { MAX_ID_RANGES } from "./bounds";
import { MemoryFault } from "./memory";
import type { Program } from "./program";

export type IdKind = "uid" | "gid";

/** `UID_GID_MAP_MAX_BASE_EXTENTS`: as many ranges lie in the namespace itself, more in an array sorted by the first id. */
const BASE_EXTENTS = 5;

/** Names of the fields, spelled out: no string is made while ids are looked up. */
const MAP_FIELDS = {
  uid: { length: "uid_map.nr_extents", extent: "uid_map.extent", forward: "uid_map.forward" },
  gid: { length: "gid_map.nr_extents", extent: "gid_map.extent", forward: "gid_map.forward" },
} as const;

/** What an id without a number is shown as: `overflowuid`, `overflowgid`. */
export const OVERFLOW_ID = 65534;

/** The ranges as `/proc/PID/uid_map` lists them for a reader on the host; none until somebody writes them. */
export function idRanges(prog: Program, namespace: number, kind: IdKind): IdRange[] {
  const { first, lower_first, count } = prog.fields.uid_gid_extent;
  const ranges: IdRange[] = [];
  for (let index = 0, length = rangeCount(prog, namespace, kind); index < length; index++) {
    const extent = rangeAt(prog, namespace, kind, index, length);
    ranges.push({
      first: prog.u32(extent, first),
      hostFirst: prog.u32(extent, lower_first),
      count: prog.u32(extent, count),
    });
  }
  return ranges;
}

/** An id of the initial user namespace as this one numbers it: `from_kuid_munged()`. */
export function insideId(prog: Program, namespace: number, kind: IdKind, id: number): number {
  const { first, lower_first, count } = prog.fields.uid_gid_extent;
  for (let index = 0, length = rangeCount(prog, namespace, kind); index < length; index++) {
    const extent = rangeAt(prog, namespace, kind, index, length);
    const within = id - prog.u32(extent, lower_first);
    if (within >= 0 && within < prog.u32(extent, count)) return prog.u32(extent, first) + within;
  }
  return OVERFLOW_ID;
}

function rangeCount(prog: Program, namespace: number, kind: IdKind): number {
  const length = prog.u32(namespace, prog.fields.user_namespace[MAP_FIELDS[kind].length]);
  if (length > MAX_ID_RANGES) {
    throw new MemoryFault(namespace, `${kind}_map.nr_extents is ${length}; the kernel allows ${MAX_ID_RANGES}`);
  }
  return length;
}

/** Address of one `struct uid_gid_extent`. */
function rangeAt(prog: Program, namespace: number, kind: IdKind, index: number, length: number): number {
  const fields = prog.fields.user_namespace;
  if (length <= BASE_EXTENTS) return prog.element(namespace, fields[MAP_FIELDS[kind].extent], "uid_gid_extent", index);
  const extent = prog.pointer(namespace, fields[MAP_FIELDS[kind].forward]) + index * prog.info.sizes.uid_gid_extent;
  return prog.name(extent, `${kind}_map.forward[${index}]`);
}
