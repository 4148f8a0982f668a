/** Hands that write down what they would do, and a guest in which nothing is run. */
import type { Plan } from "../../plan/step";
import { ApiError } from "../api/error";
import type { Guest } from "../guest";
import type { Hands } from "../hands";

/** A plan that would be taken; `task` when it would be a process with a shim beside it. */
export interface Note {
  plan: Plan;
  task: boolean;
}

/** Pids of tasks that were not started. Nothing runs as 0. */
const NO_PID = 0;

/** They see what is there, and change nothing. */
export function notingHands(eyes: Hands, note: (note: Note) => void): Hands {
  /** Layers of roots that would have been mounted by now, topmost first. */
  const layers = new Map<string, string[]>();

  async function read(path: string, options: { root?: string; maxBytes?: number } = {}) {
    const { root = "", maxBytes } = options;
    const lowers = layers.get(root);
    if (!lowers) return eyes.read(path, options);
    for (const lower of lowers) {
      const found = await eyes.read(lower + path.slice(root.length), { root: lower, maxBytes }).catch(() => undefined);
      if (found) return found;
    }
    return undefined;
  }
  const decoder = new TextDecoder();

  return {
    async take(plan) {
      if (plan.length > 0) note({ plan, task: false });
      for (const step of plan) {
        if (step.kind !== "mount" || step.type !== "overlay") continue;
        const lower = step.options?.find((option) => option.startsWith("lowerdir="))?.slice("lowerdir=".length);
        if (lower !== undefined) layers.set(step.target, lower.split(":"));
      }
    },
    start(task) {
      note({ plan: task.plan, task: true });
      return Promise.resolve(NO_PID);
    },
    read,
    async readText(path, options) {
      const bytes = await read(path, options);
      return bytes && decoder.decode(bytes);
    },
    names: (path) => eyes.names(path),
    stat: (path, options) => eyes.stat(path, options),
  };
}

export const noGuest: Guest = {
  run: refuse,
  execute: refuse,
  connect: refuse,
  listen: refuse,
};

function refuse(): never {
  throw new ApiError(
    501,
    "this goes on by what a program in the guest says, so there is no plan to show before it is done",
  );
}
