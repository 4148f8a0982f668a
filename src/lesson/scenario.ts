/**
 * Scenarios of Killercoda and Katacoda as lessons: `index.json` with steps in Markdown and scripts that verify them.
 * What cannot be carried over is listed, never dropped in silence.
 */
import { marked, type Token, type Tokens } from "marked";
import * as v from "valibot";
import { stringify } from "yaml";
import { LIMITS } from "./schema";

/** Files of the scenario's folder, by their path in it. */
export type ScenarioFiles = Record<string, string>;

export interface Imported {
  /** Files of the lesson. */
  files: Record<string, string>;
  /** What could not be carried over, and what is to be done by hand; a line each. */
  report: string[];
}

const page = v.object({
  title: v.optional(v.string()),
  text: v.optional(v.string()),
  verify: v.optional(v.string()),
  background: v.optional(v.string()),
  foreground: v.optional(v.string()),
  /** Katacoda's names of the same. */
  courseData: v.optional(v.string()),
  code: v.optional(v.string()),
});
type Page = v.InferOutput<typeof page>;

const index = v.object({
  title: v.string(),
  description: v.optional(v.string()),
  time: v.optional(v.string()),
  details: v.object({
    intro: v.optional(page),
    steps: v.pipe(v.array(page), v.minLength(1), v.maxLength(LIMITS.steps)),
    finish: v.optional(page),
    assets: v.optional(v.record(v.string(), v.array(v.unknown()))),
  }),
  backend: v.optional(v.object({ imageid: v.optional(v.string()) })),
});

/** Programs that scenarios like to use and this machine does not have. */
const ABSENT = [
  "apt",
  "apt-get",
  "bash",
  "curl",
  "docker",
  "git",
  "go",
  "helm",
  "kubectl",
  "node",
  "npm",
  "pip",
  "podman",
  "python",
  "python3",
  "systemctl",
  "vim",
  "nano",
  "yum",
];

/** @throws Error when there is no scenario in the files */
export function importScenario(files: ScenarioFiles): Imported {
  if (files["index.json"] === undefined) throw new Error("There is no index.json, so this is no scenario.");
  let data: unknown;
  try {
    data = JSON.parse(files["index.json"]);
  } catch (error) {
    throw new Error(`index.json is not JSON (${(error as Error).message}).`, { cause: error });
  }
  const read = v.safeParse(index, data);
  if (!read.success) {
    const [issue] = read.issues;
    throw new Error(`index.json: ${v.getDotPath(issue) ?? "it"}: ${issue.message}`);
  }
  const { title, description, time, details, backend } = read.output;
  const report: string[] = [];
  if (backend?.imageid) report.push(`index.json: the machine "${backend.imageid}" is not there; steps run on this one`);
  for (const [host, list] of Object.entries(details.assets ?? {}))
    report.push(`index.json: ${list.length} files for ${host} are not copied; write them in a step's setup`);

  const pages: { page: Page; title: string; name: string }[] = [
    ...(details.intro ? [{ page: details.intro, title: "Before you begin", name: "intro" }] : []),
    ...details.steps.map((step, at) => ({ page: step, title: step.title ?? `Step ${at + 1}`, name: `step-${at + 1}` })),
    ...(details.finish ? [{ page: details.finish, title: "At the end", name: "finish" }] : []),
  ];
  const lesson: Record<string, string> = {
    "lesson.yaml": stringify({
      title: shorten(title),
      summary: shorten(description ?? title),
      version: 1,
      minutes: Number(/\d+/.exec(time ?? "")?.[0] ?? 10),
    }),
  };
  pages.forEach((each, at) => {
    const file = `${String(at + 1).padStart(2, "0")}-${each.name}.md`;
    lesson[file] = stepFile(each.page, each.title, files, (line) => report.push(`${file}: ${line}`));
  });
  return { files: lesson, report };
}

function stepFile(step: Page, title: string, files: ScenarioFiles, say: (line: string) => void): string {
  const textOf = (path: string | undefined): string | undefined => {
    if (path === undefined) return undefined;
    if (!Object.hasOwn(files, path)) say(`${path} is named in index.json, but is not there`);
    return files[path];
  };
  const text = textOf(step.text) ?? "";
  const body = convert(text, say);
  const front: Record<string, unknown> = { title: shorten(title) };
  const setup = [textOf(step.background ?? step.courseData), textOf(step.foreground ?? step.code)].filter(Boolean);
  if (step.foreground ?? step.code)
    say("the foreground script became a part of setup: the learner does not see it run");
  if (setup.length > 0) front.setup = setup.join("\n").replace(/^#!.*\n/gm, "");
  const verify = textOf(step.verify)?.replace(/^#!.*\n/, "");
  const runs = /^```sh \{run/m.test(body);
  if (verify !== undefined) {
    front.check = {
      pass: { event: { type: "exec" } },
      script: { run: verify, say: "The step's script does not find it done yet." },
      say: "The step's script finds it done.",
    };
    say("its check is the script verify; say what the picture shall show instead, with near-misses and wrong answers");
  } else if (runs) {
    front.check = { pass: { event: { type: "exec" } }, say: "Something was run." };
    say("it had no check; any command passes it until you say what it shall bring about");
  }
  return `---\n${stringify(front, { lineWidth: 0 })}---\n\n${body.trim()}\n`;
}

const MARK = /^\{\{(exec(?:ute)?|copy|open)?([^}]*)\}\}/;

/** Blocks that run become ours; marks that mean nothing here are taken off, and said. */
function convert(text: string, say: (line: string) => void): string {
  const out: string[] = [];
  // A mark behind the closing fence would keep the block from ending there.
  const tokens: Token[] = marked.lexer(text.replace(/^(```+)[ \t]*(\{\{[^}]*\}\})/gm, "$1\n$2"));
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token.type === "code") {
      const { text: code, lang = "" } = token as Tokens.Code;
      const next = tokens[at + 1];
      const mark = next?.type === "paragraph" ? MARK.exec(next.raw)?.[0] : undefined;
      if (mark !== undefined) tokens[at + 1] = { ...next, raw: next.raw.slice(mark.length).trimStart() } as Token;
      out.push(block(code, lang, mark, say));
      continue;
    }
    out.push(inlineMarks(token.raw, say));
  }
  return out.join("");
}

function block(code: string, lang: string, mark: string | undefined, say: (line: string) => void): string {
  const [, does, rest = ""] = (mark && MARK.exec(mark)) || [];
  if (!does?.startsWith("exec")) return `\`\`\`${lang}\n${code}\n\`\`\`\n\n`;
  const terminal = /T([1-9])/.exec(rest)?.[1] ?? "1";
  if (/host0?[2-9]/i.test(rest)) say(`"${first(code)}" ran on another host; here there is one`);
  if (/interrupt/.test(rest)) say(`"${first(code)}" was to interrupt what runs: tell the learner to press Ctrl-C`);
  if (Number(terminal) > 3) say(`"${first(code)}" ran in terminal ${terminal}; there are three`);
  const used = ABSENT.filter((program) => new RegExp(`(^|[\\s;|&(])${program}(\\s|$)`, "m").test(code));
  if (used.length > 0) say(`"${first(code)}" uses ${used.join(", ")}, which this machine does not have`);
  const where = terminal === "1" || Number(terminal) > 3 ? "" : ` terminal=${terminal}`;
  return `\`\`\`sh {run${where}}\n${code.replaceAll("\t", "  ")}\n\`\`\`\n\n`;
}

function inlineMarks(text: string, say: (line: string) => void): string {
  const runs: string[] = [];
  const plain = text
    .replace(/`([^`\n]+)`\{\{(exec(?:ute)?|copy)([^}]*)\}\}/g, (_, code: string, does: string, rest: string) => {
      if (does !== "copy") runs.push(block(code, "", `{{${does}${rest}}}`, say));
      return `\`${code}\``;
    })
    .replace(/\{\{[^}]*\}\}/g, (mark) => {
      say(`${mark} means nothing here, and was taken off`);
      return "";
    });
  if (/<[a-z][^>]*>/i.test(plain.replace(/`[^`]*`/g, ""))) say("it has HTML, which is shown as text");
  if (/!\[[^\]]*\]\(/.test(plain)) say("it has pictures, which are not shown");
  return runs.length > 0 ? `${plain.trimEnd()}\n\n${runs.join("")}` : plain;
}

const first = (code: string): string => code.split("\n")[0].slice(0, 40);

const shorten = (text: string): string => text.trim().slice(0, LIMITS.sentence) || "Untitled";
