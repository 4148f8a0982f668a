/** A machine whose pictures a file of tests waits for. */
import { afterAll } from "vitest";
import { MANIFEST } from "../../guest/build";
import type { Machine } from "../../src/machine/machine";
import { bootMachine } from "../../src/node/machine";
import type { KernelView } from "../../src/protocol/view";
import { sh } from "./machine";

/** Milliseconds that a picture may take to show what is awaited before the test fails, with the processes there are. */
const PATIENCE_MS = 60_000;

export interface ObservedMachine {
  machine: Machine;
  /** A picture of now. Throws where the machine gives none. */
  picture(): Promise<KernelView>;
  /**
   * A picture on which something is so, from now on: the first one, or a whole one right after it where it is still so. The
   * first may be a glance at the tasks, with everything else as it was before.
   */
  until(seen: (view: KernelView) => boolean): Promise<KernelView>;
}

/** Boots a machine for all tests of this file, runs `prepare` in it, and stops it after them. */
export async function observedMachine(prepare = ""): Promise<ObservedMachine> {
  const watchers = new Set<(view: KernelView) => void>();
  const machine = await bootMachine({
    manifest: MANIFEST,
    events: { onview: (view) => watchers.forEach((look) => look(view)) },
  });
  afterAll(() => machine.stop());
  await sh(machine, prepare);

  async function picture(): Promise<KernelView> {
    const view = await machine.view();
    if (!view.ok) throw new Error(view.failure.what);
    return view.value;
  }

  function until(seen: (view: KernelView) => boolean): Promise<KernelView> {
    return new Promise((resolve, reject) => {
      let last: KernelView | undefined;
      const end = (settle: () => void) => {
        clearTimeout(timer);
        watchers.delete(look);
        settle();
      };
      const timer = setTimeout(() => {
        const tasks = last?.tasks.filter(({ argv }) => argv.length > 0) ?? [];
        const lines = tasks.map(({ pid, state, argv }) => `${pid} ${state} ${argv.join(" ")}`);
        end(() => reject(new Error(`No picture showed it for ${PATIENCE_MS / 1000} s:\n${lines.join("\n")}`)));
      }, PATIENCE_MS);
      const look = (view: KernelView) => {
        last = view;
        if (!seen(view)) return;
        end(() => picture().then((whole) => resolve(seen(whole) ? whole : view), reject));
      };
      watchers.add(look);
      picture().then(look, (error: unknown) => end(() => reject(error)));
    });
  }

  return { machine, picture, until };
}
