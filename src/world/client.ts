/** The page's side of the machine's worker. */
import { wrap, type Remote } from "comlink";
import type { MachineApi, MachineEvents } from "../protocol/machine";
import type { KernelView } from "../protocol/view";
import { applyDelta } from "../machine/delta";
import type { MachineEvent } from "../machine/event";
import { failure } from "../machine/failure";

export interface MachineClient {
  api: Remote<MachineApi>;
  /** Ends the worker at once. */
  terminate(): void;
}

/** Starts a worker. It fetches nothing until `api.start`. */
export function connectMachine(events: MachineEvents): MachineClient {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "machine" });
  const { port1, port2 } = new MessageChannel();
  let view: KernelView | undefined;
  port1.onmessage = ({ data: event }: MessageEvent<MachineEvent>) => {
    if (event.type === "status") events.onstatus(event.status);
    else if (event.type === "view") events.onview((view = applyDelta(view, event.delta)));
    else if (event.type === "changes") events.onchanges?.(event.batch);
    else if (event.type === "terminal") events.onterminal(event.terminal, event.bytes);
    else if (event.type === "activity") events.onactivity?.(event.activity);
    else events.onrestored?.();
  };
  const crashed = (why: string) =>
    events.onstatus({ phase: "failed", loadedBytes: 0, totalBytes: 0, failure: failure("worker-crashed", why) });
  worker.onerror = (event) => {
    event.preventDefault();
    crashed(`The machine's worker stopped (${event.message || "its script could not be loaded"}).`);
  };
  worker.onmessageerror = () => crashed("The machine's worker sent something unreadable.");
  worker.postMessage({ type: "events" }, [port2]);
  return {
    api: wrap<MachineApi>(worker),
    terminate: () => {
      port1.close();
      worker.terminate();
    },
  };
}
