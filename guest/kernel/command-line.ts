/** The kernel's command line: every word with its reason. */

/** One word of the command line. */
export interface CommandLineWord {
  word: string;
  reason: string;
}

export const COMMAND_LINE_WORDS: readonly CommandLineWord[] = [
  { word: "console=ttyS0", reason: "a panic before init goes to the serial port, which the page listens to" },
  {
    word: "loglevel=1",
    reason:
      "each character on the serial port leaves compiled code; dmesg has everything, and a panic is printed at any level",
  },
  { word: "tsc=reliable", reason: "the emulator's TSC never drifts: no watchdog" },
  { word: "tsc_early_khz=1000000", reason: "v86's TSC runs at 1 GHz: measuring it against the timer takes 50 ms" },
  { word: "dummy.numdummies=0", reason: "no dummy0 in the first network namespace until a learner makes one" },
  { word: "rdinit=/init", reason: "the root tree's own init" },
];

/** The words joined, as the machine passes it to the kernel. */
export const COMMAND_LINE = COMMAND_LINE_WORDS.map(({ word }) => word).join(" ");
