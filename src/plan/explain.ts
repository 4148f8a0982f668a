import { NAMESPACES } from "./namespace";
import { reference } from "./reference";
import { head } from "./shell";
import { isWrapper, onlyExec, type Plan, type Step } from "./step";

/** One step as a learner reads it. */
export interface Explanation {
  /** Counts from 1 through the whole plan, in the order in which things happen. */
  number: number;
  /** How many wrappers it is inside of. */
  depth: number;
  kind: Step["kind"];
  command: string;
  /** Reasons, a paragraph each. */
  why: string[];
  /** The system call behind it. */
  call: string;
  /** Manual pages by name and section: `unshare(2)`. */
  manual: string[];
}

/** Width of the text, in characters: it fits a terminal of 80 columns. */
const WIDTH = 76;

/** The plan as a list of explained steps; steps inside a wrapper follow it. */
export function explain(plan: Plan): Explanation[] {
  const explanations: Explanation[] = [];
  const visit = (steps: Step[], depth: number): void => {
    for (const step of steps) {
      const only = isWrapper(step) ? onlyExec(step) : undefined;
      explanations.push({
        number: explanations.length + 1,
        depth,
        kind: step.kind,
        command: head(step),
        why: [...reasons(step), ...(only ? [only.why] : [])],
        ...reference(step),
      });
      if (isWrapper(step) && !only) visit(step.inside, depth + 1);
    }
  };
  visit(plan, 0);
  return explanations;
}

/** What the options of `unshare` besides the namespaces are for (`unshare(1)`). */
export const UNSHARE_OPTIONS = {
  fork: "--fork: a new pid namespace counts for children only, so unshare makes a child that goes on.",
  killChild: "--kill-child: should unshare be killed, that child is killed too.",
  mapRoot: "--map-root-user: root inside is, for the rest of the system, the user who called.",
} as const;

/** Why a step is taken, what each namespace it makes or joins gives, and what its options are for. */
export function reasons(step: Step): string[] {
  const kinds = step.kind === "unshare" || step.kind === "setns" ? step.namespaces : [];
  const options = Object.entries(UNSHARE_OPTIONS).filter(
    ([name]) => step.kind === "unshare" && step[name as keyof typeof UNSHARE_OPTIONS],
  );
  return [
    step.why.replace(/\s+/g, " "),
    ...kinds.map((kind) => `${kind}: ${NAMESPACES[kind].what} (${NAMESPACES[kind].manual}).`),
    ...options.map(([, reason]) => reason),
  ];
}

/** The explanation as text for a terminal. */
export function explainText(plan: Plan): string {
  let depth = 0;
  const texts = explain(plan).map((step) => {
    const place = step.depth > depth ? "Inside:\n" : step.depth < depth ? "Outside again:\n" : "";
    depth = step.depth;
    return place + explainStep(step);
  });
  return texts.join("");
}

function explainStep({ number, command, why, call, manual }: Explanation): string {
  return `${number}. ${command}\n${why.map(paragraph).join("")}     call: ${call}\n     man:  ${manual.join(", ")}\n`;
}

/** A reason as it stands under its command: wrapped and indented, each line ended. */
export function paragraph(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`     ${word}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}
