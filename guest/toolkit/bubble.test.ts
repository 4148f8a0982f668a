import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { explainText } from "../../src/plan/explain";
import { lines, shell } from "../../src/plan/shell";
import { hostileText, newSeed, random } from "../../tests/support/hostile";
import { busybox, callEach, options, shells, toolForTest } from "../../tests/support/toolkit";
import { bubble } from "./bubble";
import { generate } from "./generate";
import { effective, planOf, type Settings } from "./tool";

// Thousands of calls of a shell script, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const { directory, path, call } = toolForTest(bubble);

/** Every combination of the ten options, with values that need care. */
const combinations: Settings[] = Array.from({ length: 2 ** 10 }, (_, bits) => {
  const settings: Settings = {};
  ["mount", "pid", "net", "uts", "ipc", "user", "cgroup", "time"].forEach((name, index) => {
    if (bits & (1 << index)) settings[name] = true;
  });
  if (bits & 256) settings.hostname = "bowl-1.example";
  if (bits & 512) settings.root = "/it's $HOME/-new root";
  return settings;
});

const command = ["ls", "a b", "it's"];

test.each(shells)("under $name, for each combination of options, it would run the commands of the plan", (each) => {
  const plans = combinations.map((settings) => `${shell(planOf(bubble, settings, command)).join("\n")}\n`);
  expect(callEach(each.words, path, combinations, ["--dry-run"], ["--", ...command])).toEqual(plans);
});

test.each(shells)("under $name, for each combination of options, it explains the steps of the plan", (each) => {
  const plans = combinations.map((settings) => explainText(planOf(bubble, settings, command)));
  expect(callEach(each.words, path, combinations, ["--explain"], command)).toEqual(plans);
});

test("what it runs is what the plan runs: unshare gets the same arguments", () => {
  // Stands in for unshare, to see what it is given.
  const aside = join(directory, "spy");
  mkdirSync(aside);
  const spy = join(aside, "unshare");
  writeFileSync(spy, "#!/bin/sh\nprintf '%s\\0' \"$@\"\n");
  chmodSync(spy, 0o755);
  const env = { ...process.env, PATH: `${aside}:${process.env.PATH}` };
  const seed = newSeed();
  const next = random(seed);
  for (let round = 0; round < 40; round += 1) {
    const settings: Settings = { user: true };
    for (const name of ["mount", "pid", "uts"]) if (next() < 0.5) settings[name] = true;
    if (next() < 0.5) settings.root = directory;
    const command = ["ls", ...Array.from({ length: 5 }, () => hostileText(next))];
    for (const { words: shellWords } of shells) {
      const ran = call(shellWords, [...options(settings), "--", ...command], env);
      const planned = execFileSync("/bin/sh", ["-c", shell(planOf(bubble, settings, command)).join("\n")], {
        encoding: "utf8",
        env,
      });
      expect(ran.stdout, `seed ${seed}, round ${round}, ${shellWords}`).toBe(planned);
    }
  }
});

test("without the name of a namespace it makes a pid and a mount namespace", () => {
  expect(effective(bubble, {})).toEqual({ mount: true, pid: true });
  expect(effective(bubble, { hostname: "bowl" })).toEqual({ hostname: "bowl", mount: true, pid: true, uts: true });
  expect(effective(bubble, { net: true })).toEqual({ net: true });
});

test("--all is every namespace there is", () => {
  const { stdout } = call(["sh"], ["--all", "--dry-run", "--", "true"]);
  expect(stdout).toBe(`${shell(planOf(bubble, { all: true }, ["true"])).join("\n")}\n`);
  expect(stdout).toMatch(
    /^unshare --mount --pid --net --uts --ipc --user --cgroup --time --fork --kill-child --map-root-user /,
  );
});

test("--help names every option", () => {
  const { stdout, status } = call(["sh"], ["--help"]);
  expect(status).toBe(0);
  for (const { name } of bubble.options) expect(stdout).toContain(`--${name}`);
});

test.each([
  [["--nosuch"], "there is no option --nosuch"],
  [["--hostname"], "--hostname needs NAME"],
  [["--hostname="], "--hostname needs NAME"],
  [["--hostname", "a b"], "--hostname: 'a b' is no host name; use letters, digits, dots and hyphens"],
  [["--hostname", "-x"], "--hostname: '-x' is no host name; use letters, digits, dots and hyphens"],
  [["--hostname", "x".repeat(65)], "--hostname: a host name has at most 64 characters"],
  [["--root", "/no/such"], "--root: there is no directory /no/such"],
  [["--", "-x"], "a command cannot begin with a hyphen: -x"],
])("called as %j it says what is wrong and exits 2", (given, message) => {
  for (const { words: shellWords } of shells) {
    const { status, stderr, stdout } = call(shellWords, given);
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: "",
      stderr: `bubble: ${message}\nTry 'bubble --help'.\n`,
    });
  }
});

const allowed =
  process.getuid?.() === 0 &&
  spawnSync("unshare", ["-mpf", "--kill-child", "mount", "-t", "proc", "proc", "/proc"]).status === 0;

test.skipIf(!allowed)("(needs root and unshare) a process in a bubble is number 1 and sees only its own", () => {
  for (const { words: shellWords } of shells) {
    const { stdout } = call(shellWords, ["sh", "-c", "echo $$; ls -d /proc/[0-9]*; hostname"]);
    const [pid, ...rest] = stdout.trim().split("\n");
    expect(pid).toBe("1");
    expect(rest.filter((line) => line.startsWith("/proc/")).length).toBeLessThan(4);
  }
});

test.skipIf(!allowed)("(needs root and unshare) it is in new namespaces of exactly the kinds asked for", () => {
  const links = (text: string): Record<string, string> =>
    Object.fromEntries([...text.matchAll(/(\w+):\[(\d+)\]/g)].map(([, kind, inum]) => [kind, inum]));
  const script =
    "readlink /proc/self/ns/mnt /proc/self/ns/pid /proc/self/ns/net /proc/self/ns/uts /proc/self/ns/ipc /proc/self/ns/user /proc/self/ns/cgroup /proc/self/ns/time";
  const outside = links(execFileSync("sh", ["-c", script], { encoding: "utf8" }));
  const option: Record<string, string> = { mnt: "mount" };
  const seed = newSeed();
  const next = random(seed);
  for (let round = 0; round < 20; round += 1) {
    const kinds = Object.keys(outside).filter(() => next() < 0.4);
    // With a pid namespace of its own and the host's /proc there is no /proc/self to read.
    if (kinds.includes("pid") && !kinds.includes("mnt")) kinds.push("mnt");
    if (kinds.length === 0) continue;
    const { stdout, stderr } = call(["sh"], [...kinds.map((kind) => `--${option[kind] ?? kind}`), "sh", "-c", script]);
    const inside = links(stdout);
    const own = Object.keys(outside).filter((kind) => inside[kind] !== outside[kind]);
    expect({ own, stderr }, `seed ${seed}, round ${round}`).toEqual({
      own: Object.keys(outside).filter((kind) => kinds.includes(kind)),
      stderr: "",
    });
  }
});

test.skipIf(!allowed)("(needs root and unshare) the host name is new inside and stays as it was outside", () => {
  const before = execFileSync("hostname", { encoding: "utf8" });
  expect(call(["sh"], ["--hostname", "bowl", "hostname"]).stdout).toBe("bowl\n");
  expect(execFileSync("hostname", { encoding: "utf8" })).toBe(before);
});

const guestRuns = shells.some(({ words }) => words[0] === busybox);

test.skipIf(!allowed || !guestRuns)(
  "(needs root, unshare and 32-bit programs) with --root the command sees that directory as /",
  () => {
    const root = join(directory, "it's a root");
    mkdirSync(join(root, "proc"), { recursive: true });
    mkdirSync(join(root, "bin"));
    copyFileSync(busybox, join(root, "bin/ls"));
    const { stdout, stderr } = call(["sh"], ["--root", root, "/bin/ls", "/proc/1/ns"]);
    expect({ stdout, stderr }).toEqual({ stdout: expect.stringContaining("pid_for_children"), stderr: "" });
  },
);

const hasTerminal = spawnSync("script", ["--version"]).status === 0;

test.skipIf(!allowed || !guestRuns || !hasTerminal)(
  "(needs root, unshare, script and 32-bit programs) its steps, typed at a terminal one after the other, do the same",
  () => {
    symlinkSync(busybox, join(directory, "sh"));
    const facts =
      "hostname; echo $$; for kind in mnt net pid uts; do readlink /proc/self/ns/$kind; done; ls -d /proc/[0-9]";
    const typed = [
      ...lines(planOf(bubble, { hostname: "bowl" }, ["sh"])),
      `. ${directory}/facts > ${directory}/typed`,
      "exit",
    ];
    writeFileSync(join(directory, "facts"), facts);
    const env = { ...process.env, PATH: `${directory}:${process.env.PATH}` };
    spawnSync("script", ["-qec", "sh", "/dev/null"], { env, input: `${typed.join("\n")}\nexit\n` });
    const ran = spawnSync("sh", [path, "--hostname", "bowl", "sh", join(directory, "facts")], {
      env,
      encoding: "utf8",
    });
    const own = (text: string): string[] => text.replace(/\d{6,}/g, "…").split("\n");
    expect(own(readFileSync(join(directory, "typed"), "utf8"))).toEqual(own(ran.stdout));
    expect(ran.stdout).toMatch(/^bowl\n1\n/);
  },
);

test.skipIf(!allowed)("(needs root and unshare) its exit status is the command's", () => {
  expect(call(["sh"], ["sh", "-c", "exit 7"]).status).toBe(7);
  expect(call(["sh"], ["--net", "sh", "-c", "exit 8"]).status).toBe(8);
});

test.skipIf(!allowed)("(needs root) nobody is told that root is needed", () => {
  const { status, stderr } = spawnSync(
    "setpriv",
    ["--reuid", "65534", "--regid", "65534", "--clear-groups", "sh", "-s", "--", "true"],
    {
      encoding: "utf8",
      input: generate(bubble),
    },
  );
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: "bubble: only root may make these namespaces; be root, or add --user\n",
  });
});
