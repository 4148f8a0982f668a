/** Here-documents (docs.docker.com/reference/dockerfile/#here-documents; cases as in buildkit's parser_heredoc_test.go). */
import { expect, test } from "vitest";
import type { Heredoc } from "./heredoc";
import type { Copy, Run } from "./instruction";
import { parseDockerfile } from "./parse";
import { runCommand } from "./run-command";
import type { Word } from "./word";

function read(text: string): (Run | Copy<Word>) & { rest: string[] } {
  const { dockerfile, problems } = parseDockerfile(`FROM a\n${text}`);
  expect(problems).toEqual([]);
  const [, instruction, ...rest] = dockerfile.instructions;
  return { ...(instruction as Run | Copy<Word>), rest: rest.map(({ original }) => original) };
}
const heredocs = (text: string): Heredoc[] => read(text).heredocs;

test.each([
  ["RUN <<EOF\na\nEOF", [{ name: "EOF", content: "a\n", expand: true }]],
  ["RUN <<EOF\nEOF", [{ name: "EOF", content: "" }]],
  ["RUN 3<<EOF\nEOF", [{ name: "EOF", fileDescriptor: 3 }]],
  ["RUN <<  EOF > x\nEOF", [{ name: "EOF" }]],
  ["RUN <<-EOF\n\ta\n\t\tb\n\tEOF", [{ name: "EOF", content: "a\nb\n", raw: "\ta\n\t\tb\n", stripTabs: true }]],
  ["RUN <<'EOF'\n$a\nEOF", [{ name: "EOF", content: "$a\n", expand: false }]],
  ['RUN <<"EOF"\nEOF', [{ name: "EOF", expand: false }]],
  ["RUN <<eo'f'\nx\neof", [{ name: "eof", expand: false }]],
  ["RUN <<eo\\'f\nx\neo'f", [{ name: "eo'f", expand: true }]],
  ["RUN <<'one two'\nx\none two", [{ name: "one two" }]],
  ["RUN <<$EOF\n$EOF", [{ name: "$EOF" }]],
  [
    "COPY <<A <<B /d\nB\nA\nA\nB",
    [
      { name: "A", content: "B\n" },
      { name: "B", content: "A\n" },
    ],
  ],
  ["COPY <<file.txt /d\nhello\r\nfile.txt", [{ name: "file.txt", content: "hello\r\n" }]],
  ["RUN <<EOF\n# no comment\na \\\nEOF", [{ content: "# no comment\na \\\n" }]],
])("%j", (text, expected) => {
  expect(heredocs(text)).toMatchObject(expected);
});

test.each([
  'RUN "<<EOF"',
  "RUN a<<EOF",
  "RUN cat <<<EOF",
  "RUN <<",
  'RUN ["<<EOF"]',
  "RUN echo \\<<EOF",
  "USER <<EOF",
  "CMD <<EOF",
])("%j opens none", (text) => {
  expect(read(text).heredocs ?? []).toEqual([]);
});

test("the lines after the closing one are the next instruction", () => {
  expect(read("RUN <<EOF\na\nEOF\nUSER b").rest).toEqual(["USER b"]);
});

test("a here-document is a source of COPY beside paths", () => {
  expect(read("COPY a <<'b c' /d/\nx\nb c")).toMatchObject({
    sources: [{ text: "a" }],
    heredocs: [{ name: "b c", content: "x\n" }],
    destination: { text: "/d/" },
    range: { start: { line: 2, column: 1 }, end: { line: 4, column: 4 } },
    original: "COPY a <<'b c' /d/",
    source: "COPY a <<'b c' /d/\nx\nb c",
  });
});

const run = (text: string): unknown => runCommand(read(text) as Run);

test("alone it is the script that the shell runs", () => {
  expect(run("RUN <<-EOF\n\techo a\nEOF")).toEqual({ kind: "argv", argv: ["/bin/sh", "-c", "echo a\n"] });
});

test("alone and with #! it is a program of its own", () => {
  expect(run("RUN <<'my script'\n#!/bin/awk\nx\nmy script")).toEqual({
    kind: "script",
    name: "my script",
    content: "#!/bin/awk\nx\n",
  });
});

test("beside a command the shell reads it", () => {
  expect(run("RUN cat <<-A - <<B\n\ta\nA\nb\nB")).toEqual({
    kind: "argv",
    argv: ["/bin/sh", "-c", "cat <<-A - <<B\n\ta\nA\nb\nB"],
  });
});

test("without one, shell form and exec form", () => {
  expect(run("RUN a b")).toEqual({ kind: "argv", argv: ["/bin/sh", "-c", "a b"] });
  expect(run('RUN ["a", "b"]')).toEqual({ kind: "argv", argv: ["a", "b"] });
});
