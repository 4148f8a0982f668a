/** The demonstrators whose steps are taken where the caller is: stack, limit, wire, show. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { explainText } from "../../src/plan/explain";
import { shell } from "../../src/plan/shell";
import { callEach, options, shells, toolForTest } from "../../tests/support/toolkit";
import { limit } from "./limit";
import { show } from "./show";
import { stack } from "./stack";
import { planOf, undoPlanOf, type Option, type Settings, type Tool } from "./tool";
import { wire } from "./wire";

// Hundreds of calls of shell scripts, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

/** Values that need care, where an option takes such. */
function values({ accepts, value }: Option): (string | true)[] {
  if (!value) return [true];
  if (typeof accepts === "object") return accepts.oneOf;
  switch (accepts) {
    case "new directory":
      return ["/it's $HOME/-new `place`"];
    case "directories":
      return ['/one "dir":/it\'s another:three'];
    case "address prefix":
      return ["192.168.77"];
    case "size":
      return ["16M", "4096"];
    case "number":
      return ["42"];
    default:
      return ["shop-1"];
  }
}

/** Every combination of the tool's options. */
function combinations(tool: Tool): Settings[] {
  return tool.options.reduce<Settings[]>(
    (all, option) =>
      all.flatMap((settings) => [settings, ...values(option).map((value) => ({ ...settings, [option.name]: value }))]),
    [{}],
  );
}

const text = (lines: string[]): string => lines.map((line) => `${line}\n`).join("");

describe.each([stack, limit, wire, show].map((tool) => ({ name: tool.name, tool })))("$name", ({ tool }) => {
  const { path, call } = toolForTest(tool);
  const command = tool.command ? ["ls", "a b", "it's"] : [];
  // Who calls is another process each time.
  const all = combinations(tool).filter((settings) => tool !== show || settings.pid !== undefined);

  test.each(shells)("under $name, for each combination of options, it would run the commands of the plan", (each) => {
    const plans = all.map((settings) => text(shell(planOf(tool, settings, command))));
    expect(callEach(each.words, path, all, ["--dry-run"], ["--", ...command])).toEqual(plans);
  });

  test.each(shells)("under $name, for each combination of options, it explains the steps of the plan", (each) => {
    const plans = all.map((settings) => explainText(planOf(tool, settings, command)));
    expect(callEach(each.words, path, all, ["--explain"], command)).toEqual(plans);
  });

  test.skipIf(tool === show).each(shells)("under $name, --undo is the plan that takes it back", (each) => {
    const plans = all.map((settings) => text(shell(undoPlanOf(tool, settings, command))));
    expect(callEach(each.words, path, all, ["--undo", "--dry-run"], command)).toEqual(plans);
    const explained = all.map((settings) => explainText(undoPlanOf(tool, settings, command)));
    expect(callEach(each.words, path, all, ["--explain", "--undo"], [])).toEqual(explained);
  });

  test("--help names every option", () => {
    const { stdout, status } = call(["sh"], ["--help"]);
    expect(status).toBe(0);
    for (const { name } of tool.options) expect(stdout).toContain(`--${name}`);
  });

  test("its examples are calls that it takes", () => {
    for (const example of tool.examples) {
      const words = example.split(" ");
      // An example of one tool with another: what belongs to this one begins at its name.
      const { status, stderr } = call(["sh"], ["--dry-run", ...words.slice(words.indexOf(tool.name) + 1)]);
      expect({ example, status, stderr }).toEqual({ example, status: 0, stderr: "" });
    }
  });
});

test.each<[string, string[], string]>([
  ["stack", ["--nosuch"], "there is no option --nosuch"],
  ["stack", ["ls"], "stack takes no command: ls"],
  ["stack", ["--at"], "--at needs DIR"],
  ["stack", ["--at", "/a,b"], "--at: '/a,b' cannot be part of a mount option; use no comma, colon or backslash"],
  ["stack", ["--lower", "/:/no/such:/tmp"], "--lower: there is no directory /no/such"],
  ["limit", ["--memory", "lots"], "--memory: 'lots' is no size; write bytes, or a number with K, M or G behind it"],
  ["limit", ["--memory", "M"], "--memory: 'M' is no size; write bytes, or a number with K, M or G behind it"],
  ["limit", ["--pids", "0"], "--pids: '0' is no number from 1 to 9999999"],
  ["limit", ["--cpu", "20%"], "--cpu: '20%' is no number from 1 to 9999999"],
  ["limit", ["--load", "disk"], "--load: 'disk' is none of cpu, memory, pids"],
  ["limit", ["--name", "../x"], "--name: '../x' is no name; use letters, digits and hyphens, eight at most"],
  ["limit", ["--", "-x"], "a command cannot begin with a hyphen: -x"],
  ["wire", ["--prefix", "10.9.0.1"], "--prefix: '10.9.0.1' is no address prefix; write three numbers, as in 10.9.0"],
  ["wire", ["--prefix", "10.9"], "--prefix: '10.9' is no address prefix; write three numbers, as in 10.9.0"],
  ["wire", ["--name=toolongname"], "--name: 'toolongname' is no name; use letters, digits and hyphens, eight at most"],
  ["show", ["--pid", "self"], "--pid: 'self' is no number from 1 to 9999999"],
])("%s called as %j says what is wrong and exits 2", (name, given, message) => {
  const tool = [stack, limit, wire, show].find((each) => each.name === name)!;
  const { call } = toolForTest(tool);
  for (const { words } of shells) {
    const { status, stderr, stdout } = call(words, given);
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: "",
      stderr: `${tool.name}: ${message}\nTry '${tool.name} --help'.\n`,
    });
  }
});

describe("a tool of plain steps", () => {
  /** A tool of this test, which makes files: the others change the machine. */
  const files: Tool = {
    name: "files",
    summary: "Makes files.",
    options: [{ name: "in", value: "DIR", accepts: "new directory", help: "where" }],
    command: [],
    steps: [
      { when: [], step: { kind: "mkdir", path: "{in}/it's", why: "A." } },
      { when: [], step: { kind: "write", path: "{in}/it's/one", text: 'a "$HOME"', former: null, why: "B." } },
      { when: [], step: { kind: "mkdir", path: "{in}/it's/two", why: "C." } },
      { when: ["command"], step: { kind: "exec", argv: ["{command}"], why: "D." } },
    ],
    examples: [],
  };
  const { directory, call } = toolForTest(files);

  test.each(shells)("under $name shows each line, does it, and takes it back with --undo", ({ words, name }) => {
    const place = join(directory, name.replace(/\W/g, ""));
    mkdirSync(place);
    const { status, stdout, stderr } = call(words, ["--in", place]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    const lines = shell(planOf(files, { in: place }));
    expect(stderr).toBe(text(lines.map((line) => `+ ${line}`)));
    expect(readdirSync(join(place, "it's"))).toEqual(["one", "two"]);
    expect(readFileSync(join(place, "it's/one"), "utf8")).toBe('a "$HOME"\n');
    expect(call(words, ["--in", place, "--undo"]).status).toBe(0);
    expect(readdirSync(place)).toEqual([]);
  });

  test.each(shells)("under $name becomes its command, with its exit status", ({ words, name }) => {
    const place = join(directory, `${name.replace(/\W/g, "")}-command`);
    mkdirSync(place);
    const { status, stdout } = call(words, ["--in", place, "sh", "-c", "echo it ran; exit 7"]);
    expect({ status, stdout }).toEqual({ status: 7, stdout: "it ran\n" });
  });

  test.each(shells)(
    "under $name, when a step fails, names it and takes back what was done before",
    ({ words, name }) => {
      const place = join(directory, `${name.replace(/\W/g, "")}-failed`);
      mkdirSync(join(place, "it's"), { recursive: true });
      writeFileSync(join(place, "it's/kept"), "");
      // The first step fails: nothing was done, and nothing is touched.
      const first = call(words, ["--in", place]);
      expect(first.status).toBe(1);
      expect(first.stderr).toContain(`files: step 1 failed: ${shell(planOf(files, { in: place }))[0]}\n`);
      expect(readdirSync(join(place, "it's"))).toEqual(["kept"]);
      // The third fails: the two before it are taken back.
      const breaking: Tool = {
        ...files,
        steps: [files.steps[0], files.steps[1], { when: [], step: { kind: "mkdir", path: "{in}/no/such", why: "." } }],
      };
      const other = toolForTest(breaking);
      const fresh = join(place, "fresh");
      mkdirSync(fresh);
      const third = other.call(words, ["--in", fresh]);
      expect(third.status).toBe(1);
      expect(third.stderr).toContain("files: step 3 failed: mkdir");
      expect(third.stderr).toContain("Taking back what was done before it:");
      expect(readdirSync(fresh)).toEqual([]);
    },
  );

  test.each(shells)("under $name does nothing when there is no such command", ({ words, name }) => {
    const place = join(directory, `${name.replace(/\W/g, "")}-none`);
    mkdirSync(place);
    const { status, stderr } = call(words, ["--in", place, "nosuchcommand"]);
    expect({ status, stderr }).toEqual({ status: 127, stderr: "files: there is no command nosuchcommand\n" });
    expect(readdirSync(place)).toEqual([]);
  });
});

test("options are given as words or with an equals sign", () => {
  const { call } = toolForTest(limit);
  const one = call(["sh"], ["--dry-run", ...options({ memory: "16M" })]).stdout;
  expect(call(["sh"], ["--dry-run", "--memory=16M"]).stdout).toBe(one);
});
