import { expect, test } from "vitest";
import { parseLesson } from "./parse";
import { importScenario } from "./scenario";

const scenario = {
  "index.json": JSON.stringify({
    title: "Linux namespaces",
    description: "A tour.",
    time: "15 minutes",
    details: {
      intro: { text: "intro.md", background: "prepare.sh" },
      steps: [
        { title: "Look", text: "step1/text.md", verify: "step1/verify.sh" },
        { title: "Do", text: "step2.md", foreground: "front.sh" },
      ],
      finish: { text: "finish.md" },
      assets: { host01: [{ file: "*.yaml", target: "/root" }] },
    },
    backend: { imageid: "ubuntu" },
  }),
  "intro.md": "Welcome. {{TRAFFIC_HOST1_80}}",
  "prepare.sh": "#!/bin/bash\nmkdir -p /opt/x\n",
  "step1/text.md": "Run this:\n\n```plain\nlsns\n```{{exec}}\n\nor `ps`{{exec}} and `kubectl get pods`{{execute T2}}.",
  "step1/verify.sh": "#!/bin/bash\ntest -e /opt/x",
  "step2.md": "```\nunshare --uts sh\n```{{execute interrupt}}\n\nThen copy `exit`{{copy}}. <b>Bold</b> ![x](x.png)",
  "front.sh": "echo hello",
  "finish.md": "That is all.",
};

test("a scenario becomes a lesson that can be read", () => {
  const { files } = importScenario(scenario);
  const read = parseLesson(files, { id: "imported" });
  expect(read).toMatchObject({ ok: true });
  if (!read.ok) return;
  expect(read.lesson).toMatchObject({ title: "Linux namespaces", summary: "A tour.", minutes: 15 });
  expect(read.lesson.steps.map(({ id, title }) => [id, title])).toEqual([
    ["intro", "Before you begin"],
    ["step-1", "Look"],
    ["step-2", "Do"],
    ["finish", "At the end"],
  ]);
  expect(read.lesson.steps[0].setup).toBe("mkdir -p /opt/x\n");
  expect(read.lesson.steps[1].check?.script?.run).toBe("test -e /opt/x");
  const commands = read.lesson.steps.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.kind === "command" ? [`${block.terminal}: ${block.code}`] : [])),
  );
  expect(commands).toEqual(["1: lsns", "1: ps", "2: kubectl get pods", "1: unshare --uts sh"]);
});

test("what cannot be carried over is listed", () => {
  expect(importScenario(scenario).report).toEqual([
    'index.json: the machine "ubuntu" is not there; steps run on this one',
    "index.json: 1 files for host01 are not copied; write them in a step's setup",
    "01-intro.md: {{TRAFFIC_HOST1_80}} means nothing here, and was taken off",
    '02-step-1.md: "kubectl get pods" uses kubectl, which this machine does not have',
    "02-step-1.md: its check is the script verify; say what the picture shall show instead, with near-misses and wrong answers",
    '03-step-2.md: "unshare --uts sh" was to interrupt what runs: tell the learner to press Ctrl-C',
    "03-step-2.md: it has HTML, which is shown as text",
    "03-step-2.md: it has pictures, which are not shown",
    "03-step-2.md: the foreground script became a part of setup: the learner does not see it run",
    "03-step-2.md: it had no check; any command passes it until you say what it shall bring about",
  ]);
});

test.each([
  [{}, "There is no index.json, so this is no scenario."],
  [{ "index.json": "{" }, /^index.json is not JSON/],
  [{ "index.json": '{"title": "x"}' }, /^index.json: details/],
])("what is no scenario is refused: %j", (files, message) => {
  expect(() => importScenario(files as Record<string, string>)).toThrow(message);
});
