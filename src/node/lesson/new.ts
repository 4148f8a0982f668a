import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseDocument, YAMLSeq } from "yaml";
import { UsageError, type Command } from "../command";
import { COURSE_OPTIONS } from "./choice";
import { lessonFolders, lessonId } from "./read-course";

const OPTIONS = { ...COURSE_OPTIONS, title: { type: "string" } } as const;
const NAME = /^[a-z0-9][a-z0-9-]*$/;

/** `glassbox lesson new NAME`: a lesson that works, to be written over, at the end of the course. */
export const newCommand: Command = async (args) => {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0 || !NAME.test(name))
    throw new UsageError("a new lesson has one name, of a-z, 0-9 and hyphens");
  const title = values.title ?? name[0].toUpperCase() + name.slice(1).replaceAll("-", " ");
  const directory = resolve(values.course);
  const folder = await newLesson(directory, name, skeleton(title));
  process.stdout.write(`${relative(process.cwd(), folder)}/ is a lesson of two steps that passes its tests.\n`);
  process.stdout.write(`  glassbox lesson dev ${name}    write it, and see it as it changes\n`);
  process.stdout.write(`  glassbox lesson test ${name}   try every step on the real kernel\n`);
  return 0;
};

/** Writes a lesson's files and gives it a place at the end of the course. Resolves to its folder. @throws UsageError */
export async function newLesson(directory: string, id: string, files: Record<string, string>): Promise<string> {
  const folders = lessonFolders(directory);
  if (folders.some((folder) => lessonId(folder) === id)) throw new UsageError(`there is a lesson ${id} already`);
  const number = Math.max(0, ...folders.map((folder) => Number(folder.slice(0, 2)))) + 1;
  if (number > 99) throw new UsageError("there is no number left for another lesson");
  const folder = join(directory, `${String(number).padStart(2, "0")}-${id}`);
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  appendToCourse(join(directory, "course.yaml"), id);
  return folder;
}

function appendToCourse(path: string, lesson: string): void {
  if (!existsSync(path)) {
    writeFileSync(
      path,
      `title: Course\nsummary: Lessons.\nparts:\n  - title: Lessons\n    lessons:\n      - lesson: ${lesson}\n`,
    );
    return;
  }
  const course = parseDocument(readFileSync(path, "utf8"));
  const parts = course.get("parts") as YAMLSeq;
  const last = parts.get(parts.items.length - 1) as { get(key: string): YAMLSeq };
  last.get("lessons").add(course.createNode({ lesson }));
  writeFileSync(path, course.toString({ lineWidth: 0, flowCollectionPadding: false }));
}

function skeleton(title: string): Record<string, string> {
  return {
    "lesson.yaml": `title: ${JSON.stringify(title)}\nsummary: What one can do after it, in a sentence.\nversion: 1\nminutes: 10\n`,
    "01-first-step.md": FIRST_STEP,
    "02-on-your-own.md": LAST_STEP,
  };
}

const FIRST_STEP = `---
title: The first idea
looks:
  sleeper: { at: { task: { comm: sleep } } }
hints:
  - The & at the end lets the shell go on.
  - Type sleep 1000 & in terminal 1.
check:
  pass: { task: { comm: sleep, startedInStep: true, argv: [sleep, "*"] } }
  say: There it is. Say here what was seen, and why it matters.
  nearMisses:
    - when: { seen: { comm: sleep, startedInStep: true } }
      say: A sleep ran, but without a time it ends at once. Say for how many seconds, as in sleep 1000 &.
    - when: { seen: { comm: ps, startedInStep: true } }
      say: ps lists the processes there are. Now add one, with sleep 1000 &.
    - when: { seen: { comm: ls, startedInStep: true } }
      say: ls lists files. Start a process, with sleep 1000 &.
wrong:
  - nearMiss: 1
    lines: [sleep &]
  - nearMiss: 2
    lines: [ps]
  - nearMiss: 3
    lines: [ls]
---

One idea, in a few sentences. Then a prediction:

\`\`\`quiz
question: Does the shell wait for a command that ends with \`&\`?
answers:
  - text: "No"
    right: true
    why: The shell starts it and goes on.
  - text: "Yes"
    why: It would without the &.
\`\`\`

\`\`\`sh {run}
sleep 1000 &
\`\`\`

Then what there is to see: [the sleep](look:sleeper) is below the shell that started it.
`;

const LAST_STEP = `---
title: On your own
hints:
  - What the first step did, with another number.
  - Type sleep 2000 & in any terminal.
goal:
  - say: a sleep of 2000 seconds
    fact: { task: { argv: [sleep, "2000"] } }
check:
  pass: { task: { argv: [sleep, "2000"] } }
  say: Done, without guidance.
  nearMisses:
    - when: { task: { comm: sleep, startedInStep: true } }
      say: That is a sleep, but of another length. It is to be 2000 seconds.
    - when: { seen: { comm: sleep, startedInStep: true } }
      say: A sleep ran and has ended. Give it 2000 seconds, and an & at the end.
    - when: { seen: { comm: ps, startedInStep: true } }
      say: ps only looks. Start a sleep of 2000 seconds.
solve:
  - sleep 2000 &
cleanup: pkill -x sleep || true
wrong:
  - nearMiss: 1
    lines: [sleep 3000 &]
  - nearMiss: 2
    lines: [sleep 0]
  - nearMiss: 3
    lines: [ps]
---

No commands this time. Start a \`sleep\` of 2000 seconds.
`;
