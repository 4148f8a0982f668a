/** Routes (`net/ipv4/fib_trie.c`, `include/net/ip_fib.h`). */
import type { Route } from "../protocol/network";
import { MAX_ROUTES, MAX_TRIE_DEPTH, MAX_TRIE_SLOTS } from "./bounds";
import { dotted, dottedKey, scopeName } from "./ipv4";
import { hlistForEachEntry } from "./list";
import { MemoryFault } from "./memory";
import { Program } from "./program";

/** `FIB_TABLE_HASHSZ` of a kernel without `CONFIG_IP_MULTIPLE_TABLES`, which has no tables but `main` and `local`. */
const TABLE_BUCKETS = 2;
const KEY_BITS = 32;
const AF_INET = 2;

/** Tables of a namespace (`struct net`), in the order of `ip route show table all`. */
export function* fibTables(prog: Program, net: number): Generator<number, void, undefined> {
  const hash = prog.pointer(net, prog.fields.net["ipv4.fib_table_hash"]);
  if (hash === 0) return;
  for (let bucket = 0; bucket < TABLE_BUCKETS; bucket++) {
    const head = prog.name(hash + bucket * prog.info.sizes.hlist_head, `net->ipv4.fib_table_hash[${bucket}]`);
    yield* hlistForEachEntry(prog, head, prog.fields.fib_table.tb_hlist, "fib_table", TABLE_BUCKETS);
  }
}

/** Root of a table's trie. `main` and `local` share one until a rule asks for more; each route names its table. */
export function tableTrie(prog: Program, table: number): number {
  return prog.pointer(table, prog.fields.fib_table.tb_data);
}

/**
 * Visits each route of a trie, by its leaf, which has its destination, and its `fib_alias`; destinations ascend. `visit`
 * returns false to end the walk, and then so does this.
 */
export function visitRoutes(prog: Program, trie: number, visit: (leaf: number, alias: number) => boolean): boolean {
  const { tnode } = prog.fields.key_vector;
  // The root has a single child, whatever its bits say.
  const child = prog.word(prog.member(trie, tnode), 0);
  return child === 0 || visitNode(prog, child, KEY_BITS, 0, { left: MAX_TRIE_SLOTS }, visit);
}

function visitNode(
  prog: Program,
  node: number,
  bitsAbove: number,
  depth: number,
  slots: { left: number },
  visit: (leaf: number, alias: number) => boolean,
): boolean {
  const { pos, bits, leaf, tnode } = prog.fields.key_vector;
  const width = prog.u8(node, bits);
  if (width === 0) {
    const { fa_list } = prog.fields.fib_alias;
    const head = prog.member(node, leaf);
    for (const alias of hlistForEachEntry(prog, head, fa_list, "fib_alias", MAX_ROUTES)) {
      if (!visit(node, alias)) return false;
    }
    return true;
  }
  const position = prog.u8(node, pos);
  if (position + width > bitsAbove || depth >= MAX_TRIE_DEPTH) {
    throw new MemoryFault(node, "a node of the routing trie decides bits that one above it has decided");
  }
  slots.left -= 2 ** width;
  if (slots.left < 0) throw new MemoryFault(node, `the routing trie has more than ${MAX_TRIE_SLOTS} places`);
  const children = prog.member(node, tnode);
  for (let index = 0; index < 2 ** width; index++) {
    const child = prog.word(children, index);
    if (child !== 0 && !visitNode(prog, child, position, depth + 1, slots, visit)) return false;
  }
  return true;
}

/** Every route of a namespace, for evidence. */
export function* namespaceRoutes(prog: Program, net: number): Generator<number, void, undefined> {
  const passed = new Set<number>();
  for (const table of fibTables(prog, net)) {
    const trie = tableTrie(prog, table);
    if (passed.has(trie)) continue;
    passed.add(trie);
    const routes: number[] = [];
    visitRoutes(prog, trie, (_, alias) => routes.push(alias) < MAX_ROUTES);
    yield* routes;
  }
}

/** Address of the leaf that a route is on: it alone has the destination, and the route does not point back to it. */
export function routeLeaf(prog: Program, alias: number): number {
  // The search is no evidence, what it finds is.
  const quiet = new Program(prog.info, prog.memory);
  for (const table of fibTables(quiet, routeNamespace(quiet, alias))) {
    let found = 0;
    visitRoutes(quiet, tableTrie(quiet, table), (leaf, other) => {
      if (other === alias) found = leaf;
      return found === 0;
    });
    if (found !== 0) return prog.name(found, "leaf");
  }
  throw new MemoryFault(alias, "the route is on no leaf of its namespace");
}

export function leafDestination(prog: Program, leaf: number): string {
  return dottedKey(prog.u32(leaf, prog.fields.key_vector.key));
}

export function routePrefixLength(prog: Program, alias: number): number {
  return KEY_BITS - prog.u8(alias, prog.fields.fib_alias.fa_slen);
}

function fibInfo(prog: Program, alias: number): number {
  return prog.pointer(alias, prog.fields.fib_alias.fa_info);
}

/** Address of its `struct net`. */
export function routeNamespace(prog: Program, alias: number): number {
  return prog.pointer(fibInfo(prog, alias), prog.fields.fib_info.fib_net);
}

/** `enum rt_class_t` of `include/uapi/linux/rtnetlink.h`. */
const TABLES: Readonly<Record<number, string>> = { 253: "default", 254: "main", 255: "local" };

export function routeTable(prog: Program, alias: number): string {
  const id = prog.u32(alias, prog.fields.fib_alias.tb_id);
  return TABLES[id] ?? String(id);
}

/** `RTN_…` of `include/uapi/linux/rtnetlink.h`, by the names that `ip` gives them. */
const TYPES = [
  "none",
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
  "nat",
  "xresolve",
];

export function routeType(prog: Program, alias: number): string {
  const nexthop = nexthopObject(prog, fibInfo(prog, alias));
  if (nexthop !== 0 && prog.u8(nexthop, prog.fields.nexthop.is_group) === 0) {
    const info = prog.pointer(nexthop, prog.fields.nexthop.nh_info);
    if (prog.u8(info, prog.fields.nh_info.reject_nh) !== 0) return "blackhole";
  }
  const type = prog.u8(alias, prog.fields.fib_alias.fa_type);
  return TYPES[type] ?? String(type);
}

export function routeScope(prog: Program, alias: number): string {
  return scopeName(prog.u8(fibInfo(prog, alias), prog.fields.fib_info.fib_scope));
}

/** `RTPROT_…` of `include/uapi/linux/rtnetlink.h`, by the names that `ip` gives them. */
const PROTOCOLS: Readonly<Record<number, string>> = {
  0: "unspec",
  1: "redirect",
  2: "kernel",
  3: "boot",
  4: "static",
  8: "gated",
  9: "ra",
  10: "mrt",
  11: "zebra",
  12: "bird",
  13: "dnrouted",
  14: "xorp",
  15: "ntk",
  16: "dhcp",
  18: "keepalived",
  42: "babel",
  186: "bgp",
  187: "isis",
  188: "ospf",
  189: "rip",
  192: "eigrp",
};

export function routeProtocol(prog: Program, alias: number): string {
  const protocol = prog.u8(fibInfo(prog, alias), prog.fields.fib_info.fib_protocol);
  return PROTOCOLS[protocol] ?? String(protocol);
}

export function routeMetric(prog: Program, alias: number): number {
  return prog.u32(fibInfo(prog, alias), prog.fields.fib_info.fib_priority);
}

/** Preferred source. */
export function routeSource(prog: Program, alias: number): string | undefined {
  const source = prog.u32(fibInfo(prog, alias), prog.fields.fib_info.fib_prefsrc);
  return source === 0 ? undefined : dotted(source);
}

function nexthopObject(prog: Program, info: number): number {
  return prog.pointer(info, prog.fields.fib_info.nh);
}

/** Number of next hops. */
export function routeNextHops(prog: Program, alias: number): number {
  const info = fibInfo(prog, alias);
  const nexthop = nexthopObject(prog, info);
  if (nexthop === 0) return prog.u32(info, prog.fields.fib_info.fib_nhs);
  if (prog.u8(nexthop, prog.fields.nexthop.is_group) === 0) return 1;
  return prog.u16(prog.pointer(nexthop, prog.fields.nexthop.nh_grp), prog.fields.nh_group.num_nh);
}

/** Address of the only next hop (`struct fib_nh_common`); 0 when there are several. */
function onlyNextHop(prog: Program, alias: number): number {
  const info = fibInfo(prog, alias);
  const nexthop = nexthopObject(prog, info);
  if (nexthop === 0) {
    return prog.u32(info, prog.fields.fib_info.fib_nhs) === 1 ? prog.member(info, prog.fields.fib_info.fib_nh) : 0;
  }
  if (prog.u8(nexthop, prog.fields.nexthop.is_group) !== 0) return 0;
  return prog.member(prog.pointer(nexthop, prog.fields.nexthop.nh_info), prog.fields.nh_info.fib_nhc);
}

export function routeGateway(prog: Program, alias: number): string | undefined {
  const hop = onlyNextHop(prog, alias);
  const fields = prog.fields.fib_nh_common;
  if (hop === 0 || prog.u8(hop, fields.nhc_gw_family) !== AF_INET) return undefined;
  return dotted(prog.u32(hop, fields["nhc_gw.ipv4"]));
}

/** Address of the `net_device`; 0 for none. */
export function routeDevice(prog: Program, alias: number): number {
  const hop = onlyNextHop(prog, alias);
  return hop === 0 ? 0 : prog.pointer(hop, prog.fields.fib_nh_common.nhc_dev);
}

/** Everything the picture says of a route, but its namespace and its destination, which is its leaf's. */
export function readRoute(prog: Program, alias: number): Route {
  const hops = routeNextHops(prog, alias);
  return {
    address: alias,
    namespace: 0,
    table: routeTable(prog, alias),
    type: routeType(prog, alias),
    destination: "",
    prefixLength: routePrefixLength(prog, alias),
    gateway: routeGateway(prog, alias),
    device: routeDevice(prog, alias) || undefined,
    nextHops: hops > 1 ? hops : undefined,
    source: routeSource(prog, alias),
    scope: routeScope(prog, alias),
    protocol: routeProtocol(prog, alias),
    metric: routeMetric(prog, alias),
  };
}
