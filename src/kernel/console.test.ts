import { expect, test } from "vitest";
import { loadRecording } from "../../tests/support/recorded-memory";
import { debugInfo } from "./debuginfo";
import { freeInputBuffers } from "./console";
import { Memory, PAGE_OFFSET } from "./memory";
import { Program } from "./program";
import { Trace } from "./trace";
import { createXray } from "./xray";

const recording = loadRecording("bubble");
const info = debugInfo(recording.layout);

test("each console has input buffers queued", () => {
  const xray = createXray(recording.layout);
  for (let terminal = 0; terminal < 4; terminal++) {
    expect(xray.freeInputBuffers(recording.ram(), terminal), `hvc${terminal}`).toBeGreaterThan(0);
  }
  expect(xray.freeInputBuffers(recording.ram(), 4)).toBe(0);
});

test("what the device has used is no longer free, also when the index wraps", () => {
  const ram = recording.ram();
  const trace = new Trace(info, new Memory(ram));
  const free = freeInputBuffers(trace, 1);
  const [avail, used] = trace.steps().filter((step) => step.path.endsWith("->idx"));
  const words = new DataView(ram.buffer);
  words.setUint16(avail.address - PAGE_OFFSET, 3, true);
  words.setUint16(used.address - PAGE_OFFSET, 0xfffe, true);
  expect(free).toBeGreaterThan(0);
  expect(freeInputBuffers(new Program(info, new Memory(ram)), 1)).toBe(5);
});
