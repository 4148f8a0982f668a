import type { Agent } from "../agent/agent";

/** What the engine needs of the guest: to start programs in it, and to reach and offer sockets there. */
export type Guest = Pick<Agent, "run" | "execute" | "connect" | "listen">;
