/** The kernel's command line: every word with its reason. */

/** One word of the command line. */
export interface CommandLineWord {
  word: string;
  reason: string;
}

export const COMMAND_LINE_WORDS: readonly CommandLineWord[] = [
  { word: "console=ttyS0", reason: "a panic before init goes to the serial port, which the page listens to" },
  { word: "quiet", reason: "each character on the serial port costs an exit from compiled code; dmesg has everything" },
  { word: "tsc=reliable", reason: "the emulator's TSC never drifts: no watchdog" },
  { word: "mitigations=off", reason: "the emulator does not speculate" },
  { word: "rdinit=/init", reason: "the root tree's own init" },
];

/** The words joined, as the machine passes it to the kernel. */
export const COMMAND_LINE = COMMAND_LINE_WORDS.map(({ word }) => word).join(" ");
