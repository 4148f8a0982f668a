/** What the page knows of the container engine: requests with what was done for them, and what there is. */
import type { Activity, EngineEvent, Exchange, TakenPlan } from "../protocol/exchange";
import type { ContainerSummary, ImageSummary, Network, Volume } from "../protocol/docker";
import type { MachineControl } from "./machine-control.svelte";

/** Requests and plans that are kept, the newest first. */
const KEPT = 200;

/** What there is, as `docker ps -a`, `docker images`, `docker network ls` and `docker volume ls` have it. */
export interface Inventory {
  containers: ContainerSummary[];
  images: ImageSummary[];
  networks: Network[];
  volumes: Volume[];
}

const NOTHING: Inventory = { containers: [], images: [], networks: [], volumes: [] };
const decoder = new TextDecoder();

export class EngineRecord {
  /** Newest first. */
  exchanges = $state.raw<readonly Exchange[]>([]);
  /** Newest first. */
  plans = $state.raw<readonly TakenPlan[]>([]);
  /** Newest first. */
  events = $state.raw<readonly EngineEvent[]>([]);
  inventory = $state.raw<Inventory>(NOTHING);
  /** True once the engine has said anything: until then it has not been started. */
  awake = $state(false);

  readonly #machine: MachineControl;
  /** A look at what there is that is under way, and whether another one is due after it. */
  #looking = false;
  #due = false;

  constructor(machine: MachineControl) {
    this.#machine = machine;
  }

  push(activity: Activity): void {
    this.awake = true;
    if (activity.kind === "plan") this.plans = [activity.plan, ...this.plans].slice(0, KEPT);
    else if (activity.kind === "event") {
      this.events = [activity.event, ...this.events].slice(0, KEPT);
      void this.look();
    } else this.#pushExchange(activity.exchange);
  }

  #pushExchange(exchange: Exchange): void {
    // What the page itself asks to draw is no news.
    if (exchange.client.kind === "page") return;
    const known = this.exchanges.findIndex(({ id }) => id === exchange.id);
    this.exchanges =
      known < 0
        ? [exchange, ...this.exchanges].slice(0, KEPT)
        : this.exchanges.map((each, index) => (index === known ? exchange : each));
  }

  /** Asks what there is; called by itself after each event of the engine. */
  async look(): Promise<void> {
    this.#due = true;
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (this.#due) {
        this.#due = false;
        const [containers, images, networks, volumes] = await Promise.all([
          this.get<ContainerSummary[]>("/containers/json?all=1"),
          this.get<ImageSummary[]>("/images/json"),
          this.get<Network[]>("/networks"),
          this.get<{ Volumes: Volume[] | null }>("/volumes"),
        ]);
        this.inventory = {
          containers: containers ?? [],
          images: images ?? [],
          networks: networks ?? [],
          volumes: volumes?.Volumes ?? [],
        };
      }
    } finally {
      this.#looking = false;
    }
  }

  /** What a GET answers, as JSON; undefined when it could not be had. */
  async get<T>(target: string): Promise<T | undefined> {
    const answer = await this.#machine.ask({ method: "GET", target });
    if (!answer.ok || answer.value.status >= 400) return undefined;
    return JSON.parse(decoder.decode(answer.value.bytes)) as T;
  }

  /** The machine is another one now. */
  clear(): void {
    this.exchanges = [];
    this.plans = [];
    this.events = [];
    this.inventory = NOTHING;
    if (this.awake) void this.look();
  }
}
