import { expect, test } from "vitest";
import { parseLesson, type LessonFiles } from "./parse";
import { describeProblem } from "./problem";

const head = "title: A lesson\nsummary: What it is about.\nversion: 1\nminutes: 10\n";
const step = (yaml: string, body = "Text."): string => `---\n${yaml}\n---\n${body}\n`;

function problems(files: LessonFiles): string[] {
  const parsed = parseLesson({ "lesson.yaml": head, ...files }, { id: "l" });
  return parsed.ok ? [] : parsed.problems.map(describeProblem);
}

function parsedStep(yaml: string, body: string) {
  const parsed = parseLesson({ "lesson.yaml": head, "01-a.md": step(yaml, body) }, { id: "l" });
  if (!parsed.ok) throw new Error(parsed.problems.map(describeProblem).join("\n"));
  return parsed.lesson.steps[0];
}

test("a folder becomes a lesson, its steps in the order of their numbers", () => {
  const parsed = parseLesson(
    { "lesson.yaml": head, "02-later.md": step("title: Later"), "01-first.md": step("title: First"), "README.md": "x" },
    { id: "07-names" },
  );
  expect(parsed).toMatchObject({
    ok: true,
    lesson: { id: "07-names", title: "A lesson", version: 1, minutes: 10, steps: [{ id: "first" }, { id: "later" }] },
  });
});

test("fenced blocks marked {run} are commands; others are prose", () => {
  const body = "Run **this**:\n\n```sh {run}\nps\n```\n\n```sh {run terminal=2}\nlsns\n```\n\n```sh\nnot run\n```\n";
  expect(parsedStep("title: T", body).blocks).toEqual([
    { kind: "prose", html: "<p>Run <strong>this</strong>:</p>" },
    { kind: "command", terminal: 1, code: "ps" },
    { kind: "command", terminal: 2, code: "lsns" },
    { kind: "prose", html: '<pre><code class="language-sh">not run\n</code></pre>' },
  ]);
});

test("a step that does not say how it is solved is solved by its own commands", () => {
  expect(parsedStep("title: T", "```sh {run terminal=2}\nps\n```\n").solve).toEqual([{ terminal: 2, code: "ps" }]);
  expect(parsedStep("title: T\nsolve:\n  - ls\n", "```sh {run}\nps\n```\n").solve).toEqual([
    { terminal: 1, code: "ls" },
  ]);
});

test("a quiz block is a prediction with its answers explained", () => {
  const body =
    "```quiz\nquestion: How *many*?\nanswers:\n  - text: one\n    why: No.\n  - text: two\n    right: true\n    why: Yes.\n```\n";
  expect(parsedStep("title: T", body).blocks).toEqual([
    {
      kind: "quiz",
      id: "a/1",
      html: "How <em>many</em>?",
      answers: [
        { html: "one", right: false, why: "No." },
        { html: "two", right: true, why: "Yes." },
      ],
    },
  ]);
});

test("a manual page is linked by name", () => {
  expect(parsedStep("title: T", "[unshare](<man:unshare(2)>)").blocks).toEqual([
    {
      kind: "prose",
      html: '<p><a href="https://man7.org/linux/man-pages/man2/unshare.2.html" target="_blank" rel="noopener noreferrer">unshare</a></p>',
    },
  ]);
});

test("checks, near-misses, solutions and wrong answers are read", () => {
  const yaml = `title: T
check:
  pass: { all: [{ task: { comm: sh, ownNamespaces: [pid] }, count: { min: 1 } }, { not: { seen: { comm: ps } } }] }
  say: Done.
  nearMisses:
    - when: { task: { comm: sh, parent: { comm: unshare } } }
      say: Nearly.
solve:
  - { terminal: 2, code: ls, until: { seen: { comm: ls } } }
wrong:
  - nearMiss: 1
    lines: [unshare sh]`;
  expect(parsedStep(yaml, "")).toMatchObject({
    check: { pass: { all: [{ task: { comm: "sh" } }, { not: {} }] }, nearMisses: [{ say: "Nearly." }] },
    solve: [{ terminal: 2, code: "ls", until: { seen: { comm: "ls" } } }],
    wrong: [{ nearMiss: 1, lines: [{ terminal: 1, code: "unshare sh" }] }],
  });
});

test.each<[string, LessonFiles, string]>([
  [
    "no lesson.yaml field",
    { "lesson.yaml": "title: T\nsummary: S\nminutes: 1\n", "01-a.md": step("title: T") },
    "lesson.yaml:1: version: is missing",
  ],
  ["no step", {}, "01-first-step.md: there is no step: no file NN-name.md"],
  [
    "no front matter",
    { "01-a.md": "# Title" },
    "01-a.md:1: the file must begin with a line ---, then YAML, then a line --- again",
  ],
  [
    "a wrong type",
    { "01-a.md": step("title: T\nhints:\n  - ok\n  - 7") },
    "01-a.md:5: hints[1]: expected string, found 7",
  ],
  ["an unknown field", { "01-a.md": step("title: T\nsolv: x") }, "01-a.md:3: solv: there is no such field"],
  [
    "an unknown matcher",
    { "01-a.md": step("title: T\ncheck:\n  say: S\n  pass:\n    task:\n      com: sh") },
    "01-a.md:7: check.pass.task.com: there is no such field",
  ],
  [
    "an empty matcher",
    { "01-a.md": step("title: T\ncheck:\n  say: S\n  pass:\n    task: {}") },
    "01-a.md:6: check.pass.task: is empty: it would match every task",
  ],
  [
    "no fact",
    { "01-a.md": step("title: T\ncheck:\n  say: S\n  pass:\n    process: sh") },
    "01-a.md:6: check.pass: expected a fact: one of task, namespace, mount, overlay, file, cgroup, device, route, socket, seen, event, all, any, not",
  ],
  [
    "a namespace that is none",
    { "01-a.md": step("title: T\ncheck:\n  say: S\n  pass: { task: { ownNamespaces: [mount] } }") },
    '01-a.md:5: check.pass.task.ownNamespaces[0]: expected ("mnt" | "pid" | "net" | "uts" | "ipc" | "user" | "cgroup" | "time"), found "mount"',
  ],
  [
    "a wrong answer without its near-miss",
    { "01-a.md": step("title: T\nwrong:\n  - nearMiss: 1\n    lines: [ls]") },
    "01-a.md:4: wrong: names a near-miss that the check does not have",
  ],
  ["broken YAML", { "01-a.md": step("title: [") }, "01-a.md:3: YAML:"],
  ["a key given twice", { "01-a.md": step("title: A\ntitle: B") }, "01-a.md:3: YAML: Map keys must be unique"],
  [
    "a block that is not runnable",
    { "01-a.md": step("title: T", "One.\n\n```sh {runs}\nls\n```") },
    '01-a.md:6: "sh {runs}" is no runnable block; write sh {run} or sh {run terminal=2}',
  ],
  [
    "no such terminal",
    { "01-a.md": step("title: T", "```sh {run terminal=4}\nls\n```") },
    "01-a.md:4: there is no terminal 4; there are 1, 2 and 3",
  ],
  [
    "a quiz that is wrong",
    {
      "01-a.md": step(
        "title: T",
        "Look:\n\n```quiz\nquestion: Q\nanswers:\n  - {text: a, why: b}\n  - {text: c, why: d}\n```",
      ),
    },
    "01-a.md:9: answers: no answer is right",
  ],
  [
    "a number used twice",
    { "01-a.md": step("title: T"), "01-b.md": step("title: T") },
    "01-b.md: has the same number as 01-a.md",
  ],
  [
    "a name used twice",
    { "01-a.md": step("title: T"), "02-a.md": step("title: T") },
    "02-a.md: has the same name as 01-a.md",
  ],
])("%s is named by file, line and field", (_, files, message) => {
  expect(problems(files).join("\n")).toContain(message);
});

test("every problem is listed, not only the first", () => {
  expect(problems({ "01-a.md": step("title: 1"), "02-b.md": step("title: 2") }).length).toBe(2);
});

test("HTML is shown as text", () => {
  const [block] = parsedStep("title: T", "<script>alert(1)</script>\n\nA <b onclick=alert(1)>b</b>").blocks;
  expect(block).toEqual({
    kind: "prose",
    html: "&lt;script&gt;alert(1)&lt;/script&gt;<p>A &lt;b onclick=alert(1)&gt;b&lt;/b&gt;</p>",
  });
});

test.each([
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "data:text/html,x",
  "vbscript:x",
  "//evil.example",
  "/etc",
  "&#106;avascript:alert(1)",
  "java\tscript:alert(1)",
])("a link to %s is only its text", (href) => {
  const [block] = parsedStep("title: T", `[click](<${href}>) ![picture](<${href}>)`).blocks;
  expect(block).toMatchObject({ kind: "prose" });
  expect(block.kind === "prose" && block.html).not.toMatch(/<a|<img|href|src/);
});

test("an attribute cannot be broken out of", () => {
  const [block] = parsedStep(
    "title: T",
    `[x](<https://a.example/"onmouseover="alert(1)> "t\\" onclick=\\"alert(1)")`,
  ).blocks;
  expect(block.kind === "prose" && block.html).not.toMatch(/"\s*on/);
});

test.each(["ls\trm", "echo \u001b[2J", "a\u202eb", "\u0003", "a\u0000"])(
  "a command that is not what it looks like is refused: %j",
  (code) => {
    expect(problems({ "01-a.md": step("title: T", `\`\`\`sh {run}\n${code}\n\`\`\``) }).length).toBeGreaterThan(0);
    expect(problems({ "01-a.md": step(`title: T\nsolve: [${JSON.stringify(code)}]`) }).length).toBeGreaterThan(0);
  },
);

test("bombs are bounded and named", () => {
  const laughs = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ..."bcdefgh".split("").map((name, index) => `${name}: &${name} [${`*${"abcdefg"[index]},`.repeat(9)}]`),
  ].join("\n");
  expect(problems({ "01-a.md": step(laughs) })).toEqual([
    "01-a.md:2: YAML: Excessive alias count indicates a resource exhaustion attack",
  ]);
  expect(problems({ "01-a.md": step(`title: ${"[".repeat(20_000)}`) })[0]).toMatch(/^01-a.md:\d+: YAML: /);
  expect(problems({ "01-a.md": step(`title: ${"[".repeat(100)}${"]".repeat(100)}`) })).toEqual([
    "01-a.md:2: YAML: nested too deeply",
  ]);
  expect(problems({ "01-a.md": "x".repeat(50_000_000) })).toEqual(["01-a.md: longer than 65536 characters"]);
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${index}.md`, ""]));
  expect(problems(many).join()).toContain("more than 64 files");
});

test("a matcher nested without end is bounded", () => {
  const deep = `${"{ not: ".repeat(60)}{ task: { comm: x } }${" }".repeat(60)}`;
  expect(problems({ "01-a.md": step(`title: T\ncheck: { say: S, pass: ${deep} }`) })).toEqual([
    "01-a.md:2: YAML: nested too deeply",
  ]);
});

test("a lesson starts from the machine as it boots, from a state, or where an earlier lesson ends", () => {
  const files = { "01-a.md": step("title: T") };
  const head = "title: T\nsummary: S\nversion: 1\nminutes: 1\n";
  const earlier = parseLesson({ "lesson.yaml": head, ...files }, { id: "before" });
  if (!earlier.ok) throw new Error("unreadable");
  const read = (start: string) => {
    const parsed = parseLesson(
      { "lesson.yaml": head + start, ...files },
      { id: "l", states: { shop: "true" }, earlier: new Map([["before", earlier.lesson]]) },
    );
    return parsed.ok ? (parsed.lesson.start ?? "as it boots") : parsed.problems.map(describeProblem);
  };
  expect(read("")).toBe("as it boots");
  expect(read("start: shop\n")).toEqual({ state: "shop", script: "true" });
  expect(read("start: { after: before }\n")).toEqual({ after: earlier.lesson });
  expect(read("start: ship\n")).toEqual(["lesson.yaml: start: there is no state ship; there are: shop"]);
  expect(read("start: { after: l }\n")).toEqual([
    "lesson.yaml: start: there is no lesson l before this one; there are: before",
  ]);
});
