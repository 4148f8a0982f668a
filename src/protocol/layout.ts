/** Where things lie in the memory of one kernel build: `machine/layout.json`, written by the image build from BTF and System.map. */

export interface LayoutField {
  /** Bytes from the start of the structure. */
  offset: number;
  sizeBytes: number;
  /** Set for bit fields: the first bit within the field's bytes, and the width. */
  bitOffset?: number;
  bitSize?: number;
  /** C type, as pahole prints it: `struct nsproxy *`, `char[16]`. */
  type: string;
}

export interface LayoutStruct {
  sizeBytes: number;
  /** By dotted path through embedded and anonymous members: `ns.inum`. */
  fields: Record<string, LayoutField>;
}

export interface Layout {
  /** Kernel release, `uname -r`. */
  release: string;
  structs: Record<string, LayoutStruct>;
  /** Kernel-virtual addresses. */
  symbols: Record<string, number>;
  enums: Record<string, number>;
}
