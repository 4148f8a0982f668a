import { expect, test } from "vitest";
import { OUTSTANDING_LIMIT_BYTES, SCREEN_LIMIT_BYTES, TerminalOutput } from "./terminal";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined) => new TextDecoder().decode(value);

test("output is handed over once, in order", () => {
  const output = new TerminalOutput();
  output.push(bytes("one "));
  output.push(bytes("two"));
  expect(text(output.take())).toBe("one two");
  expect(output.take()).toBeUndefined();
});

test("a terminal is congested until what it printed was drawn", () => {
  const output = new TerminalOutput();
  output.push(new Uint8Array(OUTSTANDING_LIMIT_BYTES + 1));
  const taken = output.take()!;
  expect(output.congested).toBe(true);
  output.acknowledge(taken.length);
  expect(output.congested).toBe(false);
});

test("more acknowledged than sent is not counted as room", () => {
  const output = new TerminalOutput();
  output.acknowledge(1 << 30);
  output.push(new Uint8Array(OUTSTANDING_LIMIT_BYTES + 1));
  output.take();
  expect(output.congested).toBe(true);
});

test("the screen is the tail of the output, within its bound, whatever was taken", () => {
  const output = new TerminalOutput();
  for (let line = 0; line < 20_000; line++) output.push(bytes(`line ${line}\n`));
  output.take();
  const screen = output.screen();
  expect(screen.length).toBeLessThanOrEqual(SCREEN_LIMIT_BYTES);
  expect(text(screen).endsWith("line 19998\nline 19999\n")).toBe(true);
});

test("a terminal that starts anew shows the screen it is given, and nothing of before", () => {
  const output = new TerminalOutput();
  output.push(bytes("before"));
  output.restart(bytes("root@glassbox:~# "));
  expect(text(output.take())).toBe("root@glassbox:~# ");
  expect(text(output.screen())).toBe("root@glassbox:~# ");
});
