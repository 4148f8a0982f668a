/** Picks from a kernel's types and symbols what the memory reader names, and nothing else. */
import type { Layout, LayoutStruct } from "../../src/protocol/layout";
import type { Btf } from "./btf";

/** What is asked for; the shape of `src/kernel/fields.ts`. */
export interface Wanted {
  /** Field paths by structure; an empty path asks for the size alone. */
  structs: Readonly<Record<string, readonly string[]>>;
  symbols: readonly string[];
  enums: readonly string[];
}

/** What the kernel build left behind. */
export interface KernelTypes {
  release: string;
  btf: Btf;
  symbols: ReadonlyMap<string, number>;
}

/** @throws Error naming, a line each, every structure, field, symbol and enumerator that this kernel does not have. */
export function resolveLayout(wanted: Wanted, { release, btf, symbols }: KernelTypes): Layout {
  const problems: string[] = [];
  const layout: Layout = { release, structs: {}, symbols: {}, enums: {} };

  for (const [name, paths] of Object.entries(wanted.structs)) {
    const candidates = btf.structs(name);
    const fields = paths.filter((path) => path !== "");
    const fitting = candidates.filter((struct) => fields.every((path) => struct.field(path)));
    if (fitting.length > 0) {
      const found = fitting.map((struct): LayoutStruct => ({
        sizeBytes: struct.sizeBytes,
        fields: Object.fromEntries(fields.map((path) => [path, struct.field(path)!])),
      }));
      if (found.some((other) => JSON.stringify(other) !== JSON.stringify(found[0]))) {
        problems.push(
          `struct ${name}: ${found.length} different structures of this name have all the fields; name one more field.`,
        );
      }
      layout.structs[name] = found[0];
    } else if (candidates.length === 0) {
      problems.push(`struct ${name} is not in the kernel's types: renamed, or its option is off.`);
    } else {
      const missing = fields.filter((path) => !candidates.some((struct) => struct.field(path)));
      problems.push(
        missing.length > 0
          ? `struct ${name} has no ${missing.join(", ")}.`
          : `struct ${name}: none of the ${candidates.length} structures of this name has all of ${fields.join(", ")}.`,
      );
    }
  }
  for (const name of wanted.symbols) {
    const address = symbols.get(name);
    if (address === undefined) problems.push(`${name} is not in System.map: renamed, or its option is off.`);
    else layout.symbols[name] = address;
  }
  for (const name of wanted.enums) {
    const value = btf.enumerator(name);
    if (value === undefined) problems.push(`${name} is not an enumerator of the kernel's types.`);
    else layout.enums[name] = value;
  }
  if (problems.length > 0) {
    throw new Error(`The kernel ${release} does not have what src/kernel/fields.ts names:\n  ${problems.join("\n  ")}`);
  }
  return layout;
}
