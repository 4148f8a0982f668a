import { expect, test } from "vitest";
import type { CauseGroup, Change, TimelineEvent } from "../protocol/change";
import { EVENT_KINDS } from "./event-text";
import { causeText, isCommandLine, timelineGroups } from "./timeline-rows";

const made = (path: string): Change => ({ type: "cgroup-made", cgroup: { address: 1, path } });
const exec = (...argv: string[]): Change => ({ type: "exec", task: { address: 1, pid: 2, comm: argv[0] }, argv });
const event = (id: number, group: number, change: Change): TimelineEvent => ({ id, atNs: id, group, change });
const typed = (id: number, line?: string): [number, CauseGroup] => [
  id,
  { id, cause: { by: "terminal", terminal: 0, ...(line && { line }) }, startedAtNs: id },
];
const all = new Set(EVENT_KINDS);

test("the newest command comes first, and what it did in the order in which it did it", () => {
  const groups = timelineGroups(
    [event(1, 1, made("/a")), event(2, 2, made("/b")), event(3, 1, made("/c"))],
    new Map([typed(1, "one"), typed(2, "two")]),
    all,
  );
  expect(groups.map(causeText)).toEqual(["two", "one"]);
  expect(groups[1].rows.map(({ event }) => event.id)).toEqual([1, 3]);
});

test("what nobody asked for stands where it happened", () => {
  const groups = timelineGroups(
    [event(1, 0, made("/a")), event(2, 1, made("/b")), event(3, 0, made("/c"))],
    new Map([typed(1, "one")]),
    all,
  );
  expect(groups.map(({ cause }) => cause.by)).toEqual(["system", "terminal", "system"]);
});

test("a line that is not known is called by what it executed first", () => {
  const groups = timelineGroups([event(1, 1, exec("ls", "-l")), event(2, 1, exec("wc"))], new Map([typed(1)]), all);
  expect(causeText(groups[0])).toBe("ls -l");
});

test("a filter leaves out events, and commands that are left with none", () => {
  const events = [event(1, 1, exec("ls")), event(2, 2, made("/b"))];
  const groups = timelineGroups(events, new Map([typed(1, "ls"), typed(2, "mkdir")]), new Set(["cgroups"] as const));
  expect(groups.map(causeText)).toEqual(["mkdir"]);
});

test("what the page ran for a purpose is called by that, and not by its command", () => {
  const cause: CauseGroup["cause"] = { by: "command", command: "sh -c x", purpose: "the lesson prepares this step" };
  const groups = timelineGroups([event(1, 1, made("/a"))], new Map([[1, { id: 1, cause, startedAtNs: 1 }]]), all);
  expect(causeText(groups[0])).toBe("the lesson prepares this step");
  expect(isCommandLine(cause)).toBe(false);
  expect(isCommandLine({ by: "command", command: "ls" })).toBe(true);
});
