/** What the worker sends without being asked, as messages. */
import type { MachineStatus, TerminalBytes } from "../protocol/machine";
import type { TimelineBatch } from "../protocol/change";
import type { Activity } from "../protocol/exchange";
import type { ViewDelta } from "./delta";

export type MachineEvent =
  | { type: "status"; status: MachineStatus }
  | { type: "view"; delta: ViewDelta }
  | { type: "changes"; batch: TimelineBatch }
  | { type: "terminal"; terminal: number; bytes: TerminalBytes }
  | { type: "restored" }
  | { type: "activity"; activity: Activity };
