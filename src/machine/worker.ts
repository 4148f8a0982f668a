/** The Web Worker a machine lives in: calls arrive through comlink, events leave through a plain MessagePort. */
import { expose, transfer } from "comlink";
import type { MachineApi } from "../protocol/machine";
import type { KernelView } from "../protocol/view";
import { delta } from "./delta";
import type { MachineEvent } from "./event";
import { httpSource } from "./http-source";
import { Machine } from "./machine";
import { indexedDbKeep } from "./unpacked-keep";

let events: MessagePort | undefined;
const send = (event: MachineEvent, moved: Transferable[] = []) => events?.postMessage(event, moved);

/** The picture that the page has. */
let sent: KernelView | undefined;

const machine = new Machine(
  {
    onstatus: (status) => send({ type: "status", status }),
    onview: (view) => {
      send({ type: "view", delta: delta(sent, view) });
      sent = view;
    },
    onchanges: (batch) => send({ type: "changes", batch }),
    onterminal: (terminal, bytes) => send({ type: "terminal", terminal, bytes }, [bytes.buffer]),
    onrestored: () => send({ type: "restored" }),
  },
  {
    source: httpSource,
    epochMs: () => Date.now(),
    random: (sizeBytes) => crypto.getRandomValues(new Uint8Array(sizeBytes)),
    keep: indexedDbKeep(),
  },
);

const api: MachineApi = {
  start: (options) => machine.start(options),
  pause: () => machine.pause(),
  resume: () => machine.resume(),
  reset: () => machine.reset(),
  save: async () => {
    const saved = await machine.save();
    return saved.ok ? transfer(saved, [saved.value.bytes]) : saved;
  },
  restore: (state) => machine.restore(state),
  type: (terminal, bytes) => machine.type(terminal, bytes),
  resizeTerminal: (terminal, cols, rows) => machine.resizeTerminal(terminal, cols, rows),
  acknowledge: (terminal, sizeBytes) => machine.acknowledge(terminal, sizeBytes),
  run: (request, stdin) => machine.run(request, stdin),
  view: () => machine.view(),
  evidence: (fact) => machine.evidence(fact),
  file: async (inode) => {
    const found = await machine.file(inode);
    return found.ok ? transfer(found, [found.value.bytes.buffer]) : found;
  },
};

addEventListener("message", function first(message: MessageEvent) {
  if (message.data?.type !== "events") return;
  removeEventListener("message", first);
  events = message.ports[0];
});
expose(api);
