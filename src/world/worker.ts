/** The Web Worker a machine lives in: calls arrive through comlink, events leave through a plain MessagePort. */
import { expose, transfer } from "comlink";
import { delta } from "../machine/delta";
import type { MachineEvent } from "../machine/event";
import { failure } from "../machine/failure";
import { httpSource } from "../machine/http-source";
import { Machine } from "../machine/machine";
import { indexedDbKeep } from "../machine/unpacked-keep";
import type { EngineRequest, EngineResponse, MachineApi, Outcome } from "../protocol/machine";
import type { KernelView } from "../protocol/view";
import { World } from "./world";

let events: MessagePort | undefined;
const send = (event: MachineEvent, moved: Transferable[] = []) => events?.postMessage(event, moved);

/** The picture that the page has. */
let sent: KernelView | undefined;
/** Where the site is: the registry of its images lies beside the machine's files. */
let siteUrl = "";

const world = new World(async (agent) => {
  // Fetched only by those who use it.
  const { startPageEngine } = await import("./page-engine");
  const engine = await startPageEngine(agent, siteUrl, () => ({
    kernel: machine.status.release ?? "",
    memoryBytes: machine.emulator.ram().length,
  }));
  engine.watch((activity) => send({ type: "activity", activity }));
  return engine;
});

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
    // A guest that has no place for sockets is still a machine to look at.
    onagent: (agent) => void world.serve(agent).catch(() => {}),
  },
);

const api: MachineApi = {
  start: (options) => {
    siteUrl = new URL("..", options.manifestUrl).href;
    return machine.start(options);
  },
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
  ask: async (request, body) => {
    const answered = await ask(request, body);
    return answered.ok ? transfer(answered, [answered.value.bytes.buffer]) : answered;
  },
  file: async (inode) => {
    const found = await machine.file(inode);
    return found.ok ? transfer(found, [found.value.bytes.buffer]) : found;
  },
};

async function ask({ method, target, body }: EngineRequest, bytes?: Uint8Array): Promise<Outcome<EngineResponse>> {
  try {
    const content = bytes ? new Blob([new Uint8Array(bytes)]) : body === undefined ? undefined : JSON.stringify(body);
    const engine = await world.engine();
    const answer = await engine.handle(new Request(`http://docker${target}`, { method, body: content }), {
      kind: "page",
    });
    if (!(answer instanceof Response)) throw new Error(`${target} is a stream, which the page does not read.`);
    const { status, headers } = answer;
    const value = {
      status,
      contentType: headers.get("content-type") ?? "",
      bytes: new Uint8Array(await answer.arrayBuffer()),
    };
    return { ok: true, value };
  } catch (error) {
    return { ok: false, failure: failure("bad-request", error instanceof Error ? error.message : String(error)) };
  }
}

addEventListener("message", function first(message: MessageEvent) {
  if (message.data?.type !== "events") return;
  removeEventListener("message", first);
  events = message.ports[0];
});
expose(api);
