/** Plans that would be taken, as text that a root shell of the guest takes line by line. */
import { paragraph } from "../../plan/explain";
import { shell, subshell } from "../../plan/shell";
import type { Plan } from "../../plan/step";
import type { Note } from "./note";

/** What one request would do. */
export interface Section {
  method: string;
  path: string;
  notes: Note[];
  /** Why there is no more of it. */
  refusal?: string;
}

/** @param wait for the process that is started, as a client does who is attached to it */
export function explanation(argv: readonly string[], sections: readonly Section[], wait: boolean): string {
  const plans = sections.flatMap(({ notes }) => notes);
  const head = comment(
    `What \`docker ${argv.filter((word) => word !== "--explain").join(" ")}\` would do. Nothing has been changed. ${plans.length > 0 ? "A root shell takes it line by line, with the same result but for the shim, which keeps the output, and for no_new_privs, without which setpriv sets no filter." : ""}`,
  );
  return [head, ...sections.map((section) => sectionText(section, wait))].join("\n");
}

function sectionText({ method, path, notes, refusal }: Section, wait: boolean): string {
  const plans = notes.map(({ plan, task }) => ({ plan: plan.filter((step) => !isMemory(step)), task }));
  const lines = plans.flatMap(({ plan, task }) =>
    task
      ? [
          `${comment("A process of its own, which becomes the program:")}${subshell(plan, { comments: true })}${wait ? "" : " &"}`,
        ]
      : shell(plan, { comments: true }),
  );
  const nothing =
    lines.length === 0 && refusal === undefined
      ? [comment("The engine does it by itself: the kernel has no part in it.").trimEnd()]
      : [];
  const end = refusal === undefined ? [] : [comment(`No further: ${refusal}`).trimEnd()];
  return [`# ${method} ${path}`, "", ...lines, ...nothing, ...end, ""].join("\n");
}

/** What the engine remembers of an object makes no difference to the kernel. */
function isMemory(step: Plan[number]): boolean {
  if (step.kind === "mkdir") return /^\/var\/lib\/box\/(networks|volumes)$/.test(step.path);
  const path = step.kind === "write" ? step.path : step.kind === "rename" ? step.from : "";
  return /^\/var\/lib\/box\/.*\.json(\.new)?$/.test(path);
}

/** As comments of a shell, wrapped. */
function comment(text: string): string {
  return paragraph(text.trim()).replace(/^ {5}/gm, "# ");
}
