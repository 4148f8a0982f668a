import { execFileSync, spawnSync } from "node:child_process";
import { expect, test, vi } from "vitest";
import { hostileText, newSeed, random } from "../../tests/support/hostile";
import { lines, script, shell } from "./shell";
import type { Plan, Step } from "./step";

// Hundreds of programs are started, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const why = "For the test.";
const bubble: Plan = [
  {
    kind: "unshare",
    namespaces: ["mnt", "pid"],
    fork: true,
    why,
    inside: [
      { kind: "mount", source: "proc", target: "/proc", type: "proc", why },
      { kind: "exec", argv: ["ps", "-o", "pid,comm"], why },
    ],
  },
];

test("what happens inside a wrapper is the script of the shell it starts", () => {
  expect(shell(bubble)).toEqual([
    "unshare --mount --pid --fork sh -ec '\n  mount -t proc proc /proc\n  exec ps -o pid,comm\n'",
  ]);
});

test("typed at a terminal, the wrapper starts a shell and the rest is typed there", () => {
  expect(lines(bubble)).toEqual(["unshare --mount --pid --fork sh", "mount -t proc proc /proc", "exec ps -o pid,comm"]);
});

test("a wrapper with nothing but a program inside needs no shell", () => {
  const plan: Plan = [{ kind: "chroot", root: "/new", why, inside: [{ kind: "exec", argv: ["ls", "/"], why }] }];
  expect(shell(plan)).toEqual(["chroot /new ls /"]);
});

test("a wrapper at the end of a script takes the place of the shell", () => {
  const plan: Plan = [
    {
      kind: "unshare",
      namespaces: ["uts"],
      why,
      inside: [
        { kind: "sethostname", name: "box", why },
        { kind: "setpriv", privileges: { noNewPrivileges: true }, why, inside: [{ kind: "exec", argv: ["id"], why }] },
      ],
    },
  ];
  expect(shell(plan)).toEqual(["unshare --uts sh -ec '\n  hostname box\n  exec setpriv --no-new-privs id\n'"]);
});

test.each<[string, Step]>([
  ["mkdir -p -m 755 /a/b", { kind: "mkdir", path: "/a/b", mode: "755", parents: true, why }],
  ["mkdir ./-p", { kind: "mkdir", path: "-p", why }],
  [
    "echo 100M > /sys/fs/cgroup/a/memory.max",
    { kind: "write", path: "/sys/fs/cgroup/a/memory.max", text: "100M", why },
  ],
  ["echo 20000 100000 > cpu.max", { kind: "write", path: "cpu.max", text: "20000 100000", why }],
  ["printf '%s\\n' '-n \\a' >> f", { kind: "write", path: "f", text: "-n \\a", append: true, why }],
  ["ln -s -- -x 'a b'", { kind: "symlink", target: "-x", path: "a b", why }],
  [
    "mknod -m 666 /dev/null c 1 3",
    { kind: "mknod", path: "/dev/null", type: "character", major: 1, minor: 3, mode: "666", why },
  ],
  ["rmdir /a", { kind: "remove", path: "/a", what: "directory", why }],
  [
    "mount -t tmpfs -o mode=755,size=64k tmpfs /dev",
    { kind: "mount", source: "tmpfs", target: "/dev", type: "tmpfs", options: ["mode=755", "size=64k"], why },
  ],
  ["mount -o rbind /a '/b c'", { kind: "mount", source: "/a", target: "/b c", options: ["rbind"], why }],
  ["mount --make-rslave /", { kind: "propagation", target: "/", propagation: "slave", recursive: true, why }],
  ["umount -l /old", { kind: "umount", target: "/old", lazy: true, why }],
  ["pivot_root . .", { kind: "pivotRoot", newRoot: ".", putOld: ".", why }],
  ["cd ./-", { kind: "chdir", path: "-", why }],
  ["hostname box", { kind: "sethostname", name: "box", why }],
  [
    "nsenter --target 42 --net --pid ip link",
    {
      kind: "setns",
      pid: "42",
      namespaces: ["net", "pid"],
      why,
      inside: [{ kind: "exec", argv: ["ip", "link"], why }],
    },
  ],
  [
    "setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps -all,+net_raw --bounding-set -all,+net_raw --no-new-privs id",
    {
      kind: "setpriv",
      privileges: { uid: 1000, gid: 1000, clearGroups: true, capabilities: ["net_raw"], noNewPrivileges: true },
      why,
      inside: [{ kind: "exec", argv: ["id"], why }],
    },
  ],
  [
    "unshare --user --map-root-user id",
    { kind: "unshare", namespaces: ["user"], mapRoot: true, why, inside: [{ kind: "exec", argv: ["id"], why }] },
  ],
])("%s", (text, step) => {
  expect(shell([step])).toEqual([text]);
});

test("reasons can stand above the commands as comments, also inside", () => {
  const text = script([{ ...bubble[0], why: "It's a\nbubble." } as Step], { comments: true });
  expect(text).toContain("# It’s a bubble.\nunshare");
  expect(text).toContain("\n  # For the test.\n  mount -t proc");
  execFileSync("/bin/sh", ["-n"], { input: text });
});

test("what no command can carry is refused", () => {
  expect(() => shell([{ kind: "exec", argv: ["-rf"], why }])).toThrow(RangeError);
  expect(() => shell([{ kind: "sethostname", name: "-F", why }])).toThrow(RangeError);
  expect(() => shell([{ kind: "mkdir", path: "a\0b", why }])).toThrow(RangeError);
  expect(() => shell([{ kind: "run", argv: [], call: "", manual: [], why }])).toThrow(RangeError);
});

test("the script stops at the first step that fails, also inside a wrapper", () => {
  const run = (argv: string[]): Step => ({ kind: "run", argv, call: "", manual: [], why });
  const failing: Step[] = [run(["echo", "one"]), run(["false"]), run(["echo", "two"])];
  const nested = script([
    { kind: "setpriv", privileges: { noNewPrivileges: true }, why, inside: failing },
    run(["echo", "three"]),
  ]);
  for (const text of [script(failing), nested]) {
    const { stdout, status } = spawnSync("/bin/sh", ["-c", text], { encoding: "utf8" });
    expect({ stdout, status }).toEqual({ stdout: "one\n", status: 1 });
  }
});

test("hostile arguments reach the program byte for byte, however deep it is nested", () => {
  const seed = newSeed();
  const next = random(seed);
  for (let round = 0; round < 60; round += 1) {
    const texts = Array.from({ length: 8 }, () => hostileText(next));
    // setpriv needs no privilege for this, so the test runs as any user.
    let inner: Step[] = [{ kind: "exec", argv: ["printf", "%s\\0", ...texts], why: hostileText(next) }];
    for (let depth = Math.floor(next() * 4); depth > 0; depth -= 1) {
      const before: Step[] = next() < 0.5 ? [{ kind: "chdir", path: "/", why: hostileText(next) }] : [];
      inner = [{ kind: "setpriv", privileges: { noNewPrivileges: true }, why, inside: [...before, ...inner] }];
    }
    const printed = execFileSync("/bin/sh", ["-c", script(inner, { comments: next() < 0.5 })]);
    expect(printed.toString().split("\0").slice(0, -1), `seed ${seed}, round ${round}`).toEqual(texts);
  }
});

test("hostile texts are written to hostile paths byte for byte", () => {
  const seed = newSeed();
  const next = random(seed);
  const directory = execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
  const files = Array.from({ length: 200 }, (_, index) => {
    const name = `${hostileText(next).replaceAll("/", "_")}${index}`;
    return { name, text: hostileText(next) };
  });
  const plan: Plan = [
    { kind: "chdir", path: directory, why },
    ...files.map(({ name, text }): Step => ({ kind: "write", path: name, text, why })),
    { kind: "exec", argv: ["cat", ...files.map(({ name }) => `./${name}`)], why },
  ];
  const printed = execFileSync("/bin/sh", ["-c", script(plan)], { encoding: "utf8" });
  expect(printed, `seed ${seed}`).toBe(files.map(({ text }) => `${text}\n`).join(""));
  execFileSync("rm", ["-rf", directory]);
});

test("a file of bytes is the same bytes when a shell has written it", () => {
  const bytes = Uint8Array.from([...Array(256).keys(), 0x31, 0, 0x37, 0x25, 0x5c, 0x27]);
  const [line] = shell([{ kind: "writeBytes", path: "/dev/stdout", bytes, why }]);
  expect(new Uint8Array(execFileSync("sh", ["-c", `{ ${line}; } | cat`]))).toEqual(bytes);
});
