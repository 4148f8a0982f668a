import { expect, test } from "vitest";
import { loadRecording } from "../../tests/support/recorded-memory";
import { createXray } from "./xray";

test("a kernel that panicked says why, then how it came to it", () => {
  const { layout, ram } = loadRecording("panic");
  const lines = createXray(layout).panicMessage(ram())!.split("\n");
  expect(lines[0]).toBe("sysrq triggered crash");
  expect(lines).toContain("one line before");
  expect(lines.indexOf("one line before")).toBeLessThan(lines.indexOf("sysrq: Trigger a crash"));
});

test("the picture of a kernel that panicked is still there", () => {
  const { layout, ram } = loadRecording("panic");
  const view = createXray(layout).observe(ram());
  expect(view.problems).toEqual([]);
  expect(view.tasks.find((task) => task.pid === 1)?.comm).toBe("init");
});

test("a kernel that lives has no last words", () => {
  const { layout, ram } = loadRecording("bubble");
  expect(createXray(layout).panicMessage(ram())).toBeUndefined();
});
