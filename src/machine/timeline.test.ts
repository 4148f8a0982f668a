import { expect, test } from "vitest";
import { changes } from "../kernel/changes";
import { share } from "../kernel/share";
import type { CauseGroup } from "../protocol/change";
import type { Task } from "../protocol/task";
import type { KernelView } from "../protocol/view";
import { kernelView, task } from "../view/kernel-view.fixture";
import { Timeline } from "./timeline";

const init = task({ pid: 1, comm: "init" });
const shell = task({ pid: 10, ppid: 1, comm: "sh", rest: { tty: "hvc0", foreground: true } });
const agent = task({ pid: 5, ppid: 1, comm: "agent" });
const child = (pid: number, comm: string, rest: Partial<Task> = {}, ppid = 10) =>
  task({ pid, ppid, comm, rest: { tty: "hvc0", pgid: pid, sid: 10, foreground: true, ...rest } });

/** A guest whose tasks the test sets, and the commands that its changes were found to belong to. */
function guest() {
  const timeline = new Timeline();
  let view = kernelView([init, agent, shell]);
  const groups = new Map<number, CauseGroup>();
  const now = (tasks: Task[], rest: Partial<KernelView> = {}, active: Task[] = []) => {
    const next = share(view, { ...kernelView([init, agent, shell, ...tasks]), ...rest });
    timeline.add(changes(view, next), view, next, new Set(active.map(({ address }) => address)));
    view = next;
    const batch = timeline.take();
    for (const group of batch?.groups ?? []) groups.set(group.id, group);
    return (batch?.events ?? []).map(({ change, group }) => {
      const cause = groups.get(group)?.cause;
      if (cause?.by === "command") return `${change.type} by ${cause.purpose ?? cause.command}`;
      return `${change.type} by ${cause?.by === "terminal" ? (cause.line ?? "?") : "system"}`;
    });
  };
  const type = (text: string) => timeline.typed(0, new TextEncoder().encode(text), view);
  return { timeline, now, type };
}

test("what a line's processes do belongs to the line", () => {
  const { now, type } = guest();
  type("ls -l\r");
  expect(now([child(20, "ls")])).toEqual(["fork by ls -l", "exec by ls -l"]);
  expect(now([])).toEqual(["exit by ls -l"]);
  type("sh x\r");
  const script = child(21, "sh");
  now([script]);
  expect(now([script, child(22, "rm", {}, 21)])).toEqual(["fork by sh x", "exec by sh x"]);
});

test("a job in the background keeps its line while others are entered", () => {
  const { now, type } = guest();
  type("sleep 9 &\r");
  const sleeping = child(20, "sleep", { foreground: false });
  now([sleeping]);
  type("true\r");
  expect(now([sleeping, child(21, "true")])).toEqual(["fork by true", "exec by true"]);
  expect(now([child(21, "true")])).toEqual(["exit by sleep 9 &"]);
});

test("the members of a pipeline belong together, and lines pasted at once follow each other", () => {
  const { now, type } = guest();
  type("ls | wc\rpwd\r");
  const ls = child(20, "ls");
  expect(now([ls])).toEqual(["fork by ls | wc", "exec by ls | wc"]);
  expect(now([ls, child(21, "wc", { pgid: 20 })])).toEqual(["fork by ls | wc", "exec by ls | wc"]);
  now([]);
  expect(now([child(22, "pwd")])).toEqual(["fork by pwd", "exec by pwd"]);
});

test("what the shell does by itself belongs to the line that it reads", () => {
  const { now, type } = guest();
  const cgroup = { address: 7, path: "/a", id: 7, type: "domain", controllers: [], subtreeControl: [] };
  type("echo $$ > cgroup.procs\r");
  const cgroups = [
    { ...cgroup, populated: false, freeze: false, frozen: false, cpuUsageUs: 0, cpuUserUs: 0, cpuSystemUs: 0 },
  ];
  expect(now([], { cgroups: cgroups as KernelView["cgroups"] }, [shell])).toEqual([
    "cgroup-made by echo $$ > cgroup.procs",
  ]);
});

test("a command that the page runs is named by itself", () => {
  const { timeline, now } = guest();
  timeline.ran({ script: "mount -a" });
  expect(now([task({ pid: 30, ppid: 5, comm: "sh" })])).toEqual(["fork by mount -a", "exec by mount -a"]);
});

test("and says what it is for, where the page said so", () => {
  const { timeline, now } = guest();
  timeline.ran({ script: "mount -a", purpose: "the lesson prepares this step" });
  const [forked] = now([task({ pid: 30, ppid: 5, comm: "sh" })]);
  expect(forked).toBe("fork by the lesson prepares this step");
});

test("a process whose parent was gone before anybody looked belongs to the command that ran", () => {
  const { now, type } = guest();
  type("(sleep 9 &)\r");
  const subshell = child(20, "sh");
  now([subshell]);
  const orphan = child(21, "sleep", { pgid: 20 }, 1);
  expect(now([orphan], {}, [subshell])).toEqual(["fork by (sleep 9 &)", "exec by (sleep 9 &)", "exit by (sleep 9 &)"]);
});

test("also when the parent is seen for the last time in the same look", () => {
  const { timeline, now } = guest();
  timeline.ran({ script: "setsid x &" });
  const script = task({ pid: 30, ppid: 5, comm: "sh" });
  now([script]);
  expect(now([task({ pid: 31, ppid: 1, comm: "sh" })], {}, [])).toEqual([
    "fork by setsid x &",
    "exec by setsid x &",
    "exit by setsid x &",
  ]);
});

test("a file that a command makes and then writes is told of once, and later writes again", () => {
  const { now, type } = guest();
  const overlay = { address: 1, upper: 2, lowers: [] };
  const holds = (...sizes: number[]): Partial<KernelView> => ({
    overlays: [overlay] as unknown as KernelView["overlays"],
    layers: [
      { address: 2, entries: sizes.map((sizeBytes) => ({ path: "f", mode: 0o100644, inode: 3, sizeBytes })) },
    ] as unknown as KernelView["layers"],
  });
  type("log > f\r");
  const log = child(20, "log");
  now([log], holds());
  expect(now([log], holds(0), [log])).toEqual(["file-created by log > f"]);
  expect(now([log], { ...holds(5), bootTimeNs: 5.1e9 }, [log])).toEqual([]);
  expect(now([log], { ...holds(9), bootTimeNs: 7e9 }, [log])).toEqual(["file-changed by log > f"]);
});

test("a login shell that init starts again is nobody's command, and reads lines", () => {
  const { now, type } = guest();
  type("exit\r");
  const again = task({ pid: 50, ppid: 1, comm: "sh", rest: { argv: ["-/bin/sh"], tty: "hvc0", foreground: true } });
  now([again], {}, [shell]);
  type("ls\r");
  expect(now([again, child(51, "ls", {}, 50)])).toEqual(["fork by ls", "exec by ls"]);
});

test("what nobody asked for is the system's", () => {
  const { now } = guest();
  expect(now([task({ pid: 40, ppid: 1, comm: "cron" })])).toEqual(["fork by system", "exec by system"]);
});
