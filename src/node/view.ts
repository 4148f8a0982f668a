/** `glassbox view`: the kernel picture on standard output. */
import { parseArgs } from "node:util";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { bootMachine } from "./machine";
import type { Surroundings } from "./command";

export async function viewCommand(args: string[], surroundings: Surroundings): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { json: { type: "boolean" }, c: { type: "string", short: "c" }, cold: { type: "boolean" } },
  });
  const machine = await bootMachine({ manifest: await surroundings.manifest(), cold: values.cold });
  try {
    if (values.c !== undefined) {
      // Not waited for to the end: what SCRIPT leaves running in the background may hold its output open.
      const script = machine.agent.run({ script: values.c });
      const status = await script.exited;
      if ("signal" in status || status.exitCode !== 0) {
        const why =
          "signal" in status ? `was killed by signal ${status.signal}` : `exited with code ${status.exitCode}`;
        process.stderr.write(`glassbox: SCRIPT ${why}; the picture is of the machine after that\n`);
      }
    }
    const view = await machine.view();
    if (!view.ok) throw new Error(view.failure.what);
    process.stdout.write(values.json ? JSON.stringify(view.value, null, 2) + "\n" : table(view.value));
    return 0;
  } finally {
    await machine.stop();
  }
}

/** One line a task: pids from the host inward, state, namespaces that are not the host's. */
function table(view: KernelView): string {
  const initial = new Set(view.namespaces.filter((namespace) => namespace.initial).map(({ inum }) => inum));
  const rows = view.tasks.map((task) => [
    task.pids.map(({ pid }) => pid).join(" · "),
    String(task.ppid),
    task.state,
    task.argv.length > 0 ? task.argv.join(" ") : `[${task.comm}]`,
    ownNamespaces(task, initial),
  ]);
  rows.unshift(["PID", "PPID", "S", "COMMAND", "OWN NAMESPACES"]);
  const widths = rows[0].map((_, column) =>
    Math.min(48, Math.max(...rows.map((row) => printable(row[column]).length))),
  );
  const text = rows.map((row) =>
    row
      .map((cell, column) => printable(cell).padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
  return [...text, ...view.omitted, ...view.problems.map(({ where, what }) => `${where}: ${what}`), ""].join("\n");
}

function ownNamespaces(task: Task, initial: Set<number>): string {
  return Object.entries(task.namespaces)
    .filter(([, inum]) => inum !== 0 && !initial.has(inum))
    .map(([kind, inum]) => `${kind} ${inum.toString(16).slice(-3)}`)
    .join(", ");
}

/** Guest text is hostile to terminals until its control characters are shown as such. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
