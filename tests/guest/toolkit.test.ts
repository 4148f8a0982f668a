/** The demonstrators where learners type them: on the guest's kernel, with the guest's programs. */
import { expect, test } from "vitest";
import { bubble } from "../../guest/toolkit/bubble";
import { planOf, type Settings } from "../../guest/toolkit/tool";
import { explainText } from "../../src/plan/explain";
import { shell } from "../../src/plan/shell";
import { NAMESPACE_KINDS, type NamespaceKind } from "../../src/protocol/namespace";
import { machineForTest, sh } from "../support/machine";

const links = `for kind in ${NAMESPACE_KINDS.join(" ")}; do readlink /proc/self/ns/$kind; done`;

function inums(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/(\w+):\[(\d+)\]/g)].map(([, kind, inum]) => [kind, inum]));
}

function options(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => (value === true ? `--${name}` : `--${name} ${value}`))
    .join(" ");
}

test("bubble makes exactly the namespaces that are asked for", async () => {
  const machine = await machineForTest();
  const host = inums(await sh(machine, links));
  const cases: [Settings, NamespaceKind[]][] = [
    [{}, ["mnt", "pid"]],
    [{ mount: true }, ["mnt"]],
    [{ pid: true, mount: true, net: true }, ["mnt", "pid", "net"]],
    [{ uts: true }, ["uts"]],
    [{ ipc: true }, ["ipc"]],
    [{ user: true }, ["user"]],
    [{ cgroup: true }, ["cgroup"]],
    [{ time: true }, ["time"]],
    [{ hostname: "bowl" }, ["mnt", "pid", "uts"]],
    [{ all: true }, [...NAMESPACE_KINDS]],
  ];
  for (const [settings, expected] of cases) {
    const inside = inums(await sh(machine, `bubble ${options(settings)} sh -c '${links}'`));
    const own = NAMESPACE_KINDS.filter((kind) => inside[kind] !== host[kind]);
    expect(own, options(settings)).toEqual(expected);
  }
});

test("bubble prints and explains the plan it carries out", async () => {
  const machine = await machineForTest();
  const cases: Settings[] = [{}, { all: true }, { hostname: "bowl", root: "/mnt" }];
  for (const settings of cases) {
    const plan = planOf(bubble, settings, ["ls", "a b"]);
    expect(await sh(machine, `bubble ${options(settings)} --dry-run ls 'a b'`)).toBe(`${shell(plan).join("\n")}\n`);
    expect(await sh(machine, `bubble ${options(settings)} --explain ls 'a b'`)).toBe(explainText(plan));
  }
});

test("inside, the command is number 1, ps sees nothing else, and the host keeps its name", async () => {
  const machine = await machineForTest();
  const inside = await sh(machine, "bubble --hostname bowl sh -c 'echo $$; ps -o pid,comm; hostname; exit'; hostname");
  expect(inside).toMatch(/^1\nPID +COMMAND\n +1 sh\n +\d+ ps\nbowl\nglassbox\n$/);
});

test("with --root the command sees that directory as /, and nothing stays mounted outside", async () => {
  const machine = await machineForTest();
  const before = await sh(machine, "cat /proc/mounts");
  const script = `mkdir -p "/tmp/new root/proc" "/tmp/new root/bin"
    cp /bin/busybox "/tmp/new root/bin/ls"
    bubble --root "/tmp/new root" /bin/ls / /proc/1/ns`;
  expect(await sh(machine, script)).toMatch(/^\/:\nbin\nproc\n\n\/proc\/1\/ns:\ncgroup\n/);
  expect(await sh(machine, "cat /proc/mounts")).toBe(before);
});
