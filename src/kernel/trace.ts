/** A program that remembers every read: the steps of evidence. */
import type { EvidenceStep } from "../protocol/evidence";
import { MAX_EVIDENCE_BYTES, MAX_EVIDENCE_CHAIN, MAX_EVIDENCE_STEPS } from "./bounds";
import type { Field, StructName, SymbolName } from "./debuginfo";
import { hex } from "./memory";
import { text } from "./text";
import { Program } from "./program";

/** How an address came to be known: the C expression for it, and the step that read it. */
interface Origin {
  expression: string;
  /** True when members are reached by `->`: the expression is a pointer. False for a structure itself. */
  pointer: boolean;
  /** Step that read the pointer; undefined for roots. */
  step?: Step;
}

interface Step extends EvidenceStep {
  origin: Origin | undefined;
}

export class Trace extends Program {
  readonly #steps: Step[] = [];
  readonly #origins = new Map<number, Origin>();
  /** The C expression that was being read last: where a fault happened. */
  at = "";

  /** Names a root, before the first read: `task`. */
  root(address: number, expression: string): number {
    this.#origins.set(address, { expression, pointer: true });
    return address;
  }

  /** Reads in order, at most `MAX_EVIDENCE_STEPS`; from the `first` on. */
  steps(first = 0): EvidenceStep[] {
    return this.#steps.slice(first).map(publish);
  }

  /** The reads that led from a root to this address, in order; of more than `MAX_EVIDENCE_CHAIN` the first and the last. */
  chain(address: number): EvidenceStep[] {
    const chain: EvidenceStep[] = [];
    for (let step = this.#origins.get(address)?.step; step; step = step.origin?.step) chain.push(publish(step));
    chain.reverse();
    const tooMany = chain.length - MAX_EVIDENCE_CHAIN;
    if (tooMany > 0) chain.splice(MAX_EVIDENCE_CHAIN / 2, tooMany);
    return chain;
  }

  /** The same, forgetting everything but the address: what was passed on the way there must not name what comes after. */
  focus(address: number): EvidenceStep[] {
    const chain = this.chain(address);
    const origin = this.#origins.get(address);
    this.#steps.length = 0;
    this.#origins.clear();
    if (origin) this.#origins.set(address, origin);
    return chain;
  }

  override symbol(name: SymbolName): number {
    const address = super.symbol(name);
    this.#origins.set(address, { expression: name, pointer: false });
    return address;
  }

  override variable(name: SymbolName): number {
    return this.#read(name, undefined, super.symbol(name), 4, () => super.variable(name), hex);
  }

  override shortVariable(name: SymbolName): number {
    return this.#read(name, undefined, super.symbol(name), 2, () => super.shortVariable(name), hex);
  }

  override longVariable(name: SymbolName): number {
    return this.#read(name, undefined, super.symbol(name), 8, () => super.longVariable(name), String);
  }

  override u8(base: number, field: Field): number {
    return this.#field(base, field, 1, () => super.u8(base, field), String);
  }

  override bits(base: number, field: Field): number {
    return this.#field(base, field, 1, () => super.bits(base, field), String);
  }

  override u16(base: number, field: Field): number {
    return this.#field(base, field, 2, () => super.u16(base, field), String);
  }

  override u32(base: number, field: Field): number {
    return this.#field(base, field, 4, () => super.u32(base, field), String);
  }

  override u64(base: number, field: Field): number {
    return this.#field(base, field, 8, () => super.u64(base, field), String);
  }

  override pointer(base: number, field: Field): number {
    return this.#field(base, field, 4, () => super.pointer(base, field), hex);
  }

  override string(base: number, field: Field): string {
    return this.#field(base, field, field.sizeBytes, () => super.string(base, field), quoted);
  }

  override cstring(base: number, field: Field, maxBytes: number): string {
    const address = this.pointer(base, field);
    const origin = this.#origins.get(address);
    const read = () => this.memory.cstring(address, maxBytes);
    return this.#read(this.#expression(base, field), origin, address, undefined, read, quoted);
  }

  override member(base: number, field: Field): number {
    return this.#embed(super.member(base, field), this.#expression(base, field), base);
  }

  override element(base: number, field: Field, struct: StructName, index: number): number {
    return this.#embed(super.element(base, field, struct, index), `${this.#expression(base, field)}[${index}]`, base);
  }

  override container(member: number, field: Field, name: string): number {
    const address = super.container(member, field, name);
    // The container keeps the step that found its member; its own name stays when it has one.
    if (!this.#origins.has(address)) {
      this.#origins.set(address, { expression: name, pointer: true, step: this.#origins.get(member)?.step });
    }
    return address;
  }

  override listed(head: number, node: number, field: Field, number: number): number {
    // The list's own pointer to the entry: `next` of the one before it.
    const { next, prev } = this.fields.list_head;
    return this.linked(head, node, field, number, (this.memory.u32(node + prev.offset) + next.offset) >>> 0);
  }

  override linked(head: number, node: number, field: Field, number: number, address: number): number {
    const origin = this.#origins.get(head);
    const path = `${origin?.expression ?? hex(head)} (entry ${number})`;
    const bytes = Array.from({ length: 4 }, (_, i) => this.#byte(address + i));
    this.#origins.set(node, {
      expression: path,
      pointer: true,
      step: { path, address, bytes, value: hex(node - field.offset), origin },
    });
    return node;
  }

  override word(base: number, index: number): number {
    const origin = this.#origins.get(base);
    const expression = `${origin?.expression ?? hex(base)}[${index}]`;
    return this.#read(expression, origin, base + index * 4, 4, () => super.word(base, index), hex);
  }

  override long(base: number, index: number): number {
    const origin = this.#origins.get(base);
    const expression = `${origin?.expression ?? hex(base)}[${index}]`;
    return this.#read(expression, origin, base + index * 8, 8, () => super.long(base, index), String);
  }

  override text(address: number, maxBytes: number): string {
    const origin = this.#origins.get(address);
    const read = () => super.text(address, maxBytes);
    return this.#read(origin?.expression ?? hex(address), origin, address, undefined, read, quoted);
  }

  override byte(address: number): number {
    const origin = this.#origins.get(address);
    return this.#read(origin?.expression ?? hex(address), origin, address, 1, () => super.byte(address), String);
  }

  override bytes(address: number, lengthBytes: number): Uint8Array {
    const origin = this.#origins.get(address);
    const show = (bytes: Uint8Array) => quoted(text(bytes, 0, bytes.length));
    const expression = origin?.expression ?? hex(address);
    return this.#read(expression, origin, address, lengthBytes, () => super.bytes(address, lengthBytes), show);
  }

  override strings(address: number, lengthBytes: number): string[] {
    const origin = this.#origins.get(address);
    const show = (strings: string[]) => strings.map(quoted).join(" ");
    const expression = origin?.expression ?? hex(address);
    return this.#read(expression, origin, address, lengthBytes, () => super.strings(address, lengthBytes), show);
  }

  override name(address: number, expression: string): number {
    const step = this.#steps.at(-1);
    this.#origins.set(address, { expression, pointer: true, step });
    return address;
  }

  #expression(base: number, field: Field): string {
    const origin = this.#origins.get(base);
    if (!origin) return `((struct ${field.struct} *)${hex(base)})->${field.name}`;
    return `${origin.expression}${origin.pointer ? "->" : "."}${field.name}`;
  }

  #embed(address: number, expression: string, base: number): number {
    this.#origins.set(address, { expression, pointer: false, step: this.#origins.get(base)?.step });
    return address;
  }

  #field<T>(base: number, field: Field, sizeBytes: number, read: () => T, show: (value: T) => string): T {
    const origin = this.#origins.get(base);
    return this.#read(this.#expression(base, field), origin, base + field.offset, sizeBytes, read, show);
  }

  #read<T>(
    path: string,
    origin: Origin | undefined,
    address: number,
    sizeBytes: number | undefined,
    read: () => T,
    show: (value: T) => string,
  ): T {
    this.at = path;
    const value = read();
    // A string's own size is known once it is read.
    const size = sizeBytes ?? (typeof value === "string" ? new TextEncoder().encode(value).length + 1 : 4);
    const room = Math.min(size, MAX_EVIDENCE_BYTES, this.memory.sizeBytes);
    const step: Step = {
      path,
      address: address >>> 0,
      bytes: Array.from({ length: room }, (_, i) => this.#byte(address + i)),
      value: show(value),
      origin,
    };
    if (this.#steps.length < MAX_EVIDENCE_STEPS) this.#steps.push(step);
    if (typeof value === "number" && !this.#origins.has(value)) {
      this.#origins.set(value, { expression: path, pointer: true, step });
    }
    return value;
  }

  #byte(address: number): number {
    try {
      return this.memory.u8(address);
    } catch {
      return 0;
    }
  }
}

function publish({ path, address, bytes, value }: Step): EvidenceStep {
  return { path, address, bytes, value };
}

function quoted(value: string): string {
  return JSON.stringify(value);
}
