import { expect, test } from "vitest";
import { lint } from "./lint";
import { parseLesson, type LessonFiles } from "./parse";
import { describeProblem } from "./problem";

const around = {
  terms: new Set(["copy-up"]),
  misspelt: new Map([["name space", "namespace"]]),
  steps: new Map([["other", ["first"]]]),
};

const about = "title: T\nsummary: S\nversion: 1\nminutes: 5\n";

function problems(body: string, front = "title: A"): string[] {
  const files: LessonFiles = { "lesson.yaml": about, "01-a.md": `---\n${front}\n---\n\n${body}\n` };
  const read = parseLesson(files, { id: "l" });
  if (!read.ok) return read.problems.map(describeProblem);
  return lint(files, read.lesson, around).map(describeProblem);
}

test("a good step has no problems", () => {
  expect(
    problems("A [copy-up](term:copy-up), as in [unshare](<man:unshare(2)>), [before](#lesson=other&step=first)."),
  ).toEqual([]);
});

test.each([
  ["[x](term:nothing)", "01-a.md:5: there is no term nothing in the glossary"],
  ["[x](man:unshare)", "01-a.md:5: man:unshare is no manual page; write <man:NAME(SECTION)>"],
  ["[x](#lesson=none)", "01-a.md:5: #lesson=none: there is no such lesson"],
  ["[x](#lesson=other&step=last)", "01-a.md:5: #lesson=other&step=last: the lesson has no step last"],
  ["[x](page.html)", "01-a.md:5: page.html leads nowhere; a link begins with https:, http:, mailto:, man: or #"],
  ["One.\n\nA new name space.", '01-a.md:7: "name space" is written "namespace"'],
  ["```sh {run}\nls\n```", "01-a.md:1: check: is missing, though the step has commands"],
  ["[x](look:shell)", "01-a.md:5: look:shell is not among the step's looks"],
])("%s", (body, problem) => {
  expect(problems(body)).toEqual([problem]);
});

test("code is not prose", () => {
  expect(problems("`name space`\n\n```\nname space\n```")).toEqual([]);
});

test("what a step declares is used, and tested", () => {
  const front = `title: A
looks: { shell: { view: processes } }
check:
  pass: { task: { comm: sleep } }
  say: Yes.
  nearMisses: [{ when: { task: { comm: ps } }, say: No. }]`;
  expect(problems("Text.", front)).toEqual([
    "01-a.md:1: looks.shell: nothing in the text points to look:shell",
    "01-a.md:1: wrong: no wrong answer brings up near-miss 1",
    "lesson.yaml: 0 wrong answers for 1 checked steps; list 3 a step on average",
  ]);
});
