import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { script } from "./shell";
import type { Plan } from "./step";
import { undo, undoAll } from "./undo";

const why = "For the test.";

test("what was done is undone in reverse, and nothing is left behind", () => {
  const directory = execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
  const plan: Plan = [
    { kind: "mkdir", path: `${directory}/it's`, why },
    { kind: "write", path: `${directory}/it's/file`, text: "new", former: null, why },
    { kind: "symlink", target: "-x", path: `${directory}/it's/link`, why },
  ];
  execFileSync("/bin/sh", ["-c", script(plan)]);
  expect(execFileSync("ls", [`${directory}/it's`], { encoding: "utf8" })).toBe("file\nlink\n");
  const { plan: back, lost } = undoAll(plan);
  execFileSync("/bin/sh", ["-c", script(back)]);
  // rmdir succeeds only when it is empty.
  execFileSync("rmdir", [directory]);
  expect(lost).toEqual([]);
});

test("a mount is undone by an unmount", () => {
  const steps = undoAll([{ kind: "mount", source: "proc", target: "/p", type: "proc", why }]).plan;
  expect(script(steps)).toContain("\numount /p\n");
});

test("a written file gets back what it held before", () => {
  const steps = undoAll([{ kind: "write", path: "/f", text: "2", former: "1", why }]).plan;
  expect(script(steps)).toContain("\necho 1 > /f\n");
});

test("what is not known any more is named, not guessed", () => {
  expect(undo({ kind: "remove", path: "/f", what: "file", why })).toEqual({ kind: "lost", what: "what was at /f" });
  expect(undo({ kind: "write", path: "/f", text: "2", why })).toEqual({ kind: "lost", what: "what /f held before" });
});

test("a namespace ends with its processes: there is nothing to undo", () => {
  expect(undo({ kind: "unshare", namespaces: ["pid"], why, inside: [] })).toEqual({ kind: "nothing" });
});
