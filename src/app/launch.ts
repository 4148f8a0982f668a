/**
 * Starts a machine before there is a page: its files travel while the page's own code still loads. What the machine
 * says until somebody listens is kept.
 */
import { connectMachine, type MachineClient } from "../world/client";
import type { MachineEvents, MachineStatus, Outcome, StartOptions, TerminalBytes } from "../protocol/machine";
import type { TimelineBatch } from "../protocol/change";
import type { Activity } from "../protocol/exchange";
import type { KernelView } from "../protocol/view";

export interface Launch extends MachineClient {
  started: Promise<Outcome<MachineStatus>>;
  /** Delivers what was kept, in order, and everything that follows. */
  attach(events: Required<MachineEvents>): void;
}

/** Output kept for a page that is late; the machine itself waits when more is outstanding. */
interface Kept {
  status?: MachineStatus;
  view?: KernelView;
  changes: TimelineBatch[];
  activities: Activity[];
  output: ({ terminal: number; bytes: TerminalBytes } | "restored")[];
}

export function launch(options: StartOptions): Launch {
  const kept: Kept = { changes: [], activities: [], output: [] };
  let listener: Required<MachineEvents> | undefined;
  const client = connectMachine({
    onstatus: (status) => (listener ? listener.onstatus(status) : (kept.status = status)),
    onview: (view) => (listener ? listener.onview(view) : (kept.view = view)),
    onchanges: (batch) => (listener ? listener.onchanges(batch) : kept.changes.push(batch)),
    onterminal: (terminal, bytes) =>
      listener ? listener.onterminal(terminal, bytes) : kept.output.push({ terminal, bytes }),
    onactivity: (activity) => (listener ? listener.onactivity(activity) : kept.activities.push(activity)),
    onrestored: () => (listener ? listener.onrestored() : kept.output.push("restored")),
  });
  return {
    ...client,
    started: client.api.start(options),
    attach(events) {
      listener = events;
      if (kept.status) events.onstatus(kept.status);
      for (const piece of kept.output.splice(0)) {
        if (piece === "restored") events.onrestored();
        else events.onterminal(piece.terminal, piece.bytes);
      }
      for (const batch of kept.changes.splice(0)) events.onchanges(batch);
      for (const activity of kept.activities.splice(0)) events.onactivity(activity);
      if (kept.view) events.onview(kept.view);
    },
  };
}
