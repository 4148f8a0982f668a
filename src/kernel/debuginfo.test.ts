import { expect, test } from "vitest";
import { loadRecording } from "../../tests/support/recorded-memory";
import { debugInfo } from "./debuginfo";

const { layout } = loadRecording("bubble");

test("every declared field is found in the layout", () => {
  const info = debugInfo(layout);
  expect(info.fields.task_struct.comm).toMatchObject({ struct: "task_struct", name: "comm", sizeBytes: 16 });
  expect(info.sizes.upid).toBe(8);
  expect(info.symbols.init_task).toBeGreaterThan(0xc0000000);
});

test("a layout without a field names the field", () => {
  const poorer = structuredClone(layout);
  delete poorer.structs.task_struct.fields.comm;
  expect(() => debugInfo(poorer)).toThrow("field task_struct.comm");
  delete (poorer.structs as Record<string, unknown>).task_struct;
  expect(() => debugInfo(poorer)).toThrow("struct task_struct");
  expect(() => debugInfo({ ...layout, symbols: {} })).toThrow("symbol init_task");
  expect(() => debugInfo({ ...layout, enums: {} })).toThrow("enumerator SYSTEM_RUNNING");
});
