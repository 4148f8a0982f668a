import { TERMINAL_COUNT, type TerminalBytes } from "../protocol/machine";
import type { MachineControl } from "./machine-control.svelte";
import { Paste } from "./paste.svelte";
import { TerminalFeed } from "./terminal-feed";

/** The guest's terminals, counted from 0 here and from 1 on screen. */
export class Terminals {
  readonly feeds: TerminalFeed[];
  active = $state(0);
  /** Terminals that were shown at least once: the others have no screen yet. */
  opened = $state.raw<boolean[]>(Array.from({ length: TERMINAL_COUNT }, (_, index) => index === 0));
  /** The paste that is asked about or under way. */
  paste = $state.raw<Paste>();

  readonly #machine: MachineControl;

  constructor(machine: MachineControl) {
    this.#machine = machine;
    this.feeds = Array.from(
      { length: TERMINAL_COUNT },
      (_, terminal) => new TerminalFeed((sizeBytes) => this.#machine.acknowledge(terminal, sizeBytes)),
    );
  }

  onterminal(terminal: number, bytes: TerminalBytes): void {
    this.feeds[terminal]?.push(bytes);
  }

  /** Another guest speaks from here on. */
  onrestored(): void {
    for (const feed of this.feeds) feed.reset();
    this.paste?.cancel();
    this.paste = undefined;
  }

  show(terminal: number): void {
    this.active = terminal;
    if (!this.opened[terminal]) this.opened = this.opened.map((opened, index) => opened || index === terminal);
  }

  type(terminal: number, bytes: Uint8Array): void {
    void this.#machine.type(terminal, bytes);
  }

  /** Sends pasted text at the guest's pace; much of it only after a question. */
  startPaste(terminal: number, text: string, bracketed: boolean): void {
    if (!text) return;
    this.paste?.cancel();
    this.paste = new Paste(terminal, text, bracketed, (bytes) => this.#machine.type(terminal, bytes));
  }
}
