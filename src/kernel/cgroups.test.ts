import { expect, test } from "vitest";
import { loadRecording } from "../../tests/support/recorded-memory";
import { debugInfo } from "./debuginfo";
import { PAGE_OFFSET } from "./memory";
import { createXray } from "./xray";

const recording = loadRecording("bubble");
const { fields } = debugInfo(recording.layout);
const xray = createXray(recording.layout);
const view = xray.observe(recording.ram());
const at = (path: string) => view.cgroups.find((cgroup) => cgroup.path === path)!;

test("the hierarchy begins at its root, a parent before its children", () => {
  expect(view.cgroups[0]).toMatchObject({ path: "/", parent: undefined, type: "domain", populated: true });
  const seen = new Set<number>();
  for (const { address, parent, path } of view.cgroups) {
    if (parent !== undefined) expect(seen, path).toContain(parent);
    seen.add(address);
  }
  expect(at("/outer/inner").parent).toBe(at("/outer").address);
  expect(at("/outer/<b>")).toMatchObject({ populated: false, subtreeControl: [] });
});

test("limits are those that were written, and none where none was", () => {
  expect(at("/outer").subtreeControl).toEqual(["cpu", "memory", "pids"]);
  expect(at("/outer").cpu).toMatchObject({ quotaUs: 20_000, periodUs: 100_000, weight: 100 });
  expect(at("/outer/inner").memory).toMatchObject({ maxBytes: 64 << 20, highBytes: undefined, lowBytes: 0 });
  expect(at("/outer/inner").pids).toMatchObject({ current: 1, max: 3, refused: 0 });
  expect(at("/outer/inner").io).toBeUndefined();
  expect(at("/").memory).toBeUndefined();
});

test("every task is in a cgroup of the picture", () => {
  const paths = new Set(view.cgroups.map(({ path }) => path));
  for (const { cgroup } of view.tasks) expect(paths).toContain(cgroup);
});

test("time that a CPU has not handed over yet is counted, for those above as well", () => {
  const ram = recording.ram();
  const words = new DataView(ram.buffer);
  const read = (address: number) => words.getUint32(address - PAGE_OFFSET, true);
  const write = (address: number, value: number) => words.setUint32(address - PAGE_OFFSET, value, true);
  const { rstat_cpu } = fields.cgroup;
  const { updated_next, updated_children, "bstat.cputime.sum_exec_runtime": runtime } = fields.cgroup_rstat_cpu;
  const rstat = (path: string) => read(at(path).address + rstat_cpu.offset);
  const before = xray.observe(ram);
  // As __cgroup_account_cputime() and cgroup_rstat_updated() do it.
  for (const path of ["/outer", "/outer/inner"]) {
    const [cpu, parent] = [rstat(path), at(path).parent!];
    if (read(cpu + updated_next.offset) !== 0) continue;
    const list = read(parent + rstat_cpu.offset) + updated_children.offset;
    // The root's list is not recorded; its end is the root.
    write(cpu + updated_next.offset, read(list) || parent);
    write(list, at(path).address);
  }
  const counter = rstat("/outer/inner") + runtime.offset;
  write(counter, read(counter) + 7_000_000);
  const after = xray.observe(ram);
  const usage = (view: typeof before, path: string) => view.cgroups.find((one) => one.path === path)!.cpuUsageUs;
  for (const path of ["/outer", "/outer/inner"]) expect(usage(after, path) - usage(before, path), path).toBe(7000);
  expect(usage(after, "/outer/<b>")).toBe(usage(before, "/outer/<b>"));
});

test("a removed cgroup is not shown, and what is below a broken link is a problem", () => {
  const ram = recording.ram();
  const words = new DataView(ram.buffer);
  const { "self.flags": flags, "self.children": children } = fields.cgroup;
  words.setUint32(at("/outer/<b>").address + flags.offset - PAGE_OFFSET, 0, true);
  const removed = xray.observe(ram);
  expect(removed.cgroups.map(({ path }) => path)).not.toContain("/outer/<b>");
  expect(removed.cgroups.length).toBe(view.cgroups.length - 1);
  words.setUint32(at("/outer").address + children.offset - PAGE_OFFSET, 0x40, true);
  const broken = xray.observe(ram);
  expect(broken.cgroups.map(({ path }) => path)).toContain("/outer");
  expect(broken.problems.map(({ where }) => where)).toContainEqual(
    expect.stringMatching(/^cgroup\(0x\w+\)\.self\.children$/),
  );
});
