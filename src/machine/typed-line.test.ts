import { expect, test } from "vitest";
import { TypedLine } from "./typed-line";

const typing = (...pieces: string[]) => {
  const line = new TypedLine();
  return pieces.flatMap((piece) => line.type(new TextEncoder().encode(piece)));
};

test("a line is what was typed up to Enter", () => {
  expect(typing("l", "s", " -l\r", "pwd\n")).toEqual(["ls -l", "pwd"]);
});

test("rubbed out characters are not in it", () => {
  expect(typing("lss\x7f", "é\x7f\r")).toEqual(["ls"]);
});

test("Ctrl-C and Ctrl-U begin anew", () => {
  expect(typing("rm -r /\x03ls\r", "x\x15pwd\r")).toEqual(["ls", "pwd"]);
});

test("a line that the shell completed or recalled is not known", () => {
  expect(typing("cat /e\t\r", "\x1b[A\r", "ls\r")).toEqual([undefined, undefined, "ls"]);
});

test("a character that arrives in two pieces is one", () => {
  const line = new TypedLine();
  const bytes = new TextEncoder().encode("é\r");
  expect([...line.type(bytes.subarray(0, 1)), ...line.type(bytes.subarray(1))]).toEqual(["é"]);
});
