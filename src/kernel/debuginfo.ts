/** The kernel's layout, compiled once: every declared field as an object that readers pass around. */
import type { Layout } from "../protocol/layout";
import { ENUMS, STRUCTS, SYMBOLS } from "./fields";

type Structs = typeof STRUCTS;
export type StructName = keyof Structs;
export type SymbolName = (typeof SYMBOLS)[number];
export type EnumeratorName = (typeof ENUMS)[number];

/** One field of a kernel structure. */
export interface Field {
  struct: StructName;
  /** Dotted path within the structure: `ns.inum`. */
  name: string;
  offset: number;
  sizeBytes: number;
  /** Of a bit field: the first bit within its bytes, and the width. Both 0 for all others. */
  bitOffset: number;
  bitSize: number;
  /** C type: `struct nsproxy *`. */
  type: string;
}

export type Fields = { readonly [S in StructName]: { readonly [F in Exclude<Structs[S][number], "">]: Field } };

export interface DebugInfo {
  release: string;
  fields: Fields;
  sizes: Readonly<Record<StructName, number>>;
  symbols: Readonly<Record<SymbolName, number>>;
  enumerators: Readonly<Record<EnumeratorName, number>>;
}

/** Binds `fields.ts` to one kernel. Throws an `Error` that names what the layout lacks. */
export function debugInfo(layout: Layout): DebugInfo {
  const missing = (what: string) =>
    new Error(`The layout of kernel ${layout.release} has no ${what}; make it again from the same kernel.`);
  const fields: Record<string, Record<string, Field>> = {};
  const sizes: Record<string, number> = {};
  for (const [struct, names] of Object.entries(STRUCTS)) {
    const found = layout.structs[struct];
    if (!found) throw missing(`struct ${struct}`);
    sizes[struct] = found.sizeBytes;
    fields[struct] = {};
    for (const name of names as readonly string[]) {
      if (name === "") continue;
      const field = found.fields[name];
      if (!field) throw missing(`field ${struct}.${name}`);
      const { offset, sizeBytes, type, bitOffset = 0, bitSize = 0 } = field;
      fields[struct][name] = { struct: struct as StructName, name, offset, sizeBytes, bitOffset, bitSize, type };
    }
  }
  return compact({
    release: layout.release,
    fields: fields as Fields,
    sizes: sizes as Record<StructName, number>,
    symbols: pick(SYMBOLS, layout.symbols, (name) => missing(`symbol ${name}`)),
    enumerators: pick(ENUMS, layout.enums, (name) => missing(`enumerator ${name}`)),
  });
}

/** Objects filled key by key are hash tables to V8; parsed ones have fixed shapes, and every read looks fields up. */
function compact(info: DebugInfo): DebugInfo {
  return JSON.parse(JSON.stringify(info)) as DebugInfo;
}

function pick<N extends string>(
  names: readonly N[],
  from: Record<string, number>,
  missing: (name: N) => Error,
): Record<N, number> {
  const picked = {} as Record<N, number>;
  for (const name of names) {
    if (from[name] === undefined) throw missing(name);
    picked[name] = from[name];
  }
  return picked;
}
