import { expect, test } from "vitest";
import { explain, explainText } from "./explain";
import type { Plan } from "./step";

const plan: Plan = [
  {
    kind: "unshare",
    namespaces: ["mnt", "pid"],
    fork: true,
    why: "Put a process behind glass.",
    inside: [
      {
        kind: "mount",
        source: "proc",
        target: "/proc",
        type: "proc",
        options: ["nosuid", "hidepid=1"],
        why: "A /proc of its own.",
      },
      {
        kind: "chroot",
        root: "/new",
        why: "Another root.",
        inside: [{ kind: "exec", argv: ["ps"], why: "The program." }],
      },
    ],
  },
  { kind: "umount", target: "/mnt", why: "Tidy up." },
];

test("steps are numbered in the order in which they happen", () => {
  expect(explain(plan).map(({ number, depth, command }) => [number, depth, command])).toEqual([
    [1, 0, "unshare --mount --pid --fork sh"],
    [2, 1, "mount -t proc -o nosuid,hidepid=1 proc /proc"],
    [3, 1, "chroot /new ps"],
    [4, 0, "umount /mnt"],
  ]);
});

test("each step names the system call behind it", () => {
  expect(explain(plan).map(({ call }) => call)).toEqual([
    "unshare(CLONE_NEWNS | CLONE_NEWPID), then fork()",
    'mount(source, target, "proc", MS_NOSUID, options)',
    'chroot(root), chdir("/")',
    "umount2(target, 0)",
  ]);
});

test("as text, it fits a terminal and says where one is", () => {
  const text = explainText(plan);
  expect(text).toContain("Inside:\n2. mount");
  expect(text).toContain("Outside again:\n4. umount");
  expect(text).toContain(
    "     pid: process numbers of its own: the first process inside is number 1\n     (pid_namespaces(7)).\n",
  );
  expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
});
