/** One picture in the making: the program, what could not be read, what was left out, and the time that is left. */
import type { Problem, Section } from "../protocol/view";
import { MAX_OBSERVE_MS, MAX_PROBLEMS, READS_PER_CLOCK_CHECK } from "./bounds";
import type { Keep } from "./keep";
import { hex, MemoryFault } from "./memory";
import type { Program } from "./program";
import { Trace } from "./trace";

export type Reader<T> = (prog: Program, address: number) => T;

export class Reading {
  readonly prog: Program;
  /** Of the pictures before. */
  readonly keep: Keep;
  readonly problems: Problem[] = [];
  readonly omitted: string[] = [];
  /** Sections that are not finished, since time was up. */
  readonly unfinished = new Set<Section>();
  readonly #now: () => number;
  readonly #deadline: number;
  #problemsLeftOut = 0;
  #asked = 0;
  #late = false;

  constructor(prog: Program, now: () => number, keep: Keep) {
    this.prog = prog;
    this.keep = keep;
    keep.recall.begin(prog.memory);
    this.#now = now;
    this.#deadline = now() + MAX_OBSERVE_MS;
  }

  /**
   * True once the picture took `MAX_OBSERVE_MS`; what is not read by then must be named as left out. To be asked once an
   * object: the clock is looked at every few calls. `sections` are those that miss something then.
   */
  late(...sections: Section[]): boolean {
    if (!this.#late && ++this.#asked % READS_PER_CLOCK_CHECK === 0) this.#late = this.#now() > this.#deadline;
    if (this.#late) sections.forEach((section) => this.unfinished.add(section));
    return this.#late;
  }

  /** Reads one fact of the structure at `address`; a fault is listed, with the C path found by reading again under a trace. */
  read<T>(reader: Reader<T>, address: number, root: string, fallback: T): T {
    try {
      return reader(this.prog, address);
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
      this.problem(this.#locate(reader, address, root), error.message);
      return fallback;
    }
  }

  /** The same, but a fault is not listed: the facts are then to be read one by one. */
  attempt<T>(reader: Reader<T>, address: number): T | undefined {
    try {
      return reader(this.prog, address);
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
      return undefined;
    }
  }

  /** Visits each address of a walk. False when the walk broke off, which is listed, or `visit` ended it with false. */
  walk(addresses: Iterable<number>, where: string, visit: (address: number) => boolean | void): boolean {
    try {
      for (const address of addresses) if (visit(address) === false) return false;
      return true;
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
      this.problem(where, error.message);
      return false;
    }
  }

  problem(where: string, what: string): void {
    this.keep.recall.spoil();
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ where, what });
    else this.#problemsLeftOut++;
  }

  /** Says once, in a sentence, what a bound left out. */
  leaveOut(sentence: string): void {
    if (!this.omitted.includes(sentence)) this.omitted.push(sentence);
  }

  /** To be called last. */
  finish(): void {
    if (this.#problemsLeftOut > 0) this.leaveOut(`${this.#problemsLeftOut} more problems are not listed.`);
  }

  #locate(reader: Reader<unknown>, address: number, root: string): string {
    if (this.problems.length >= MAX_PROBLEMS) return root;
    const trace = new Trace(this.prog.info, this.prog.memory);
    trace.root(address, `${root}(${hex(address)})`);
    try {
      reader(trace, address);
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
    }
    return trace.at || root;
  }
}
