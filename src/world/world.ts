/** What lives beside a machine and serves its guest: the container engine, started when somebody first needs it. */
import type { Agent } from "../agent/agent";
import type { Engine } from "../engine/engine";
import { openSockets, type Sockets } from "./sockets";

export class World {
  readonly #start: (agent: Agent) => Promise<Engine>;
  #agent: Agent | undefined;
  #sockets: Sockets | undefined;
  #engine: Promise<Engine> | undefined;

  constructor(start: (agent: Agent) => Promise<Engine>) {
    this.#start = start;
  }

  /** Serves a guest whose agent has just answered; what was before is gone with the link to it. */
  async serve(agent: Agent): Promise<void> {
    this.leave();
    this.#agent = agent;
    const sockets = await openSockets(agent, () => this.engine());
    if (this.#agent === agent) this.#sockets = sockets;
  }

  /** @throws Error when there is no guest, or it lacks what containers need */
  engine(): Promise<Engine> {
    const agent = this.#agent;
    if (!agent) return Promise.reject(new Error("The machine is not running."));
    const starting = (this.#engine ??= this.#start(agent));
    starting.catch(() => {
      // The next one who needs it may have more luck.
      if (this.#engine === starting) this.#engine = undefined;
    });
    return starting;
  }

  /** Lets go of the guest; its containers go on. */
  leave() {
    this.#agent = undefined;
    this.#sockets?.close();
    this.#sockets = undefined;
    this.#engine?.then((engine) => engine.close()).catch(() => {});
    this.#engine = undefined;
  }
}
