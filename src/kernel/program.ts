/** A running kernel as a debugger sees it: memory plus layout, at one instant. */
import type { DebugInfo, Field, Fields, StructName, SymbolName } from "./debuginfo";
import type { Memory } from "./memory";

/**
 * What every reader is given. Readers are written once against it; `Trace` is the same thing recording each read, so
 * evidence is the very walk that made the picture. All reads throw `MemoryFault`.
 */
export class Program {
  readonly info: DebugInfo;
  readonly memory: Memory;
  readonly fields: Fields;

  constructor(info: DebugInfo, memory: Memory) {
    this.info = info;
    this.memory = memory;
    this.fields = info.fields;
  }

  /** Address of a kernel variable. */
  symbol(name: SymbolName): number {
    return this.info.symbols[name];
  }

  /** A kernel variable that is an `unsigned int`, a `long` or a pointer. */
  variable(name: SymbolName): number {
    return this.memory.u32(this.info.symbols[name]);
  }

  /** A kernel variable that is an `unsigned short`. */
  shortVariable(name: SymbolName): number {
    return this.memory.u16(this.info.symbols[name]);
  }

  /** A kernel variable of 64 bits. */
  longVariable(name: SymbolName): number {
    return this.memory.u64(this.info.symbols[name]);
  }

  u8(base: number, field: Field): number {
    return this.memory.u8(base + field.offset);
  }

  /** A bit field of at most eight bits, which lie in one byte. */
  bits(base: number, field: Field): number {
    return (this.memory.u8(base + field.offset) >>> field.bitOffset) & ((1 << field.bitSize) - 1);
  }

  u16(base: number, field: Field): number {
    return this.memory.u16(base + field.offset);
  }

  u32(base: number, field: Field): number {
    return this.memory.u32(base + field.offset);
  }

  u64(base: number, field: Field): number {
    return this.memory.u64(base + field.offset);
  }

  pointer(base: number, field: Field): number {
    return this.memory.u32(base + field.offset);
  }

  /** An embedded `char[]`, up to its NUL. */
  string(base: number, field: Field): string {
    return this.memory.cstring(base + field.offset, field.sizeBytes);
  }

  /** The text a `const char *` points to. */
  cstring(base: number, field: Field, maxBytes: number): string {
    return this.memory.cstring(this.memory.u32(base + field.offset), maxBytes);
  }

  /** Address of an embedded member. */
  member(base: number, field: Field): number {
    return base + field.offset;
  }

  /** Address of one element of an embedded array of structures. */
  element(base: number, field: Field, struct: StructName, index: number): number {
    return base + field.offset + index * this.info.sizes[struct];
  }

  /** `container_of(member, struct, field)`. `name` is what evidence calls the result. */
  container(member: number, field: Field, _name: string): number {
    return member - field.offset;
  }

  /** Says that `node`, the `field` of entry `number`, is on the list at `head`: evidence need not show every hop to it. */
  listed(_head: number, node: number, _field: Field, _number: number): number {
    return node;
  }

  /** The same for an entry of any other structure: `link` is the address of the kernel's pointer to `node`. */
  linked(_head: number, node: number, _field: Field, _number: number, _link: number): number {
    return node;
  }

  /** Word `index` of the array at `base`. */
  word(base: number, index: number): number {
    return this.memory.u32(base + index * 4);
  }

  /** Element `index` of the array of 64-bit numbers at `base`. */
  long(base: number, index: number): number {
    return this.memory.u64(base + index * 8);
  }

  /** Text at an address, up to a NUL or to `maxBytes`. */
  text(address: number, maxBytes: number): string {
    return this.memory.cstring(address, maxBytes);
  }

  byte(address: number): number {
    return this.memory.u8(address);
  }

  /** Bytes in place. */
  bytes(address: number, lengthBytes: number): Uint8Array {
    return this.memory.bytes(address, lengthBytes);
  }

  /** Texts that end in a NUL each. */
  strings(address: number, lengthBytes: number): string[] {
    return this.memory.strings(address, lengthBytes);
  }

  /** Says what evidence calls an address that a reader computed; nothing otherwise. */
  name(address: number, _expression: string): number {
    return address;
  }
}
