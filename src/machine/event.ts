/** What the worker sends without being asked, as messages. */
import type { MachineStatus, TerminalBytes } from "../protocol/machine";
import type { KernelView } from "../protocol/view";

export type MachineEvent =
  | { type: "status"; status: MachineStatus }
  | { type: "view"; view: KernelView }
  | { type: "terminal"; terminal: number; bytes: TerminalBytes }
  | { type: "restored" };
