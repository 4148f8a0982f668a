/** Every kind of match, on a picture that was read from a real guest: tests/support/scenario.ts says what was done there. */
import * as v from "valibot";
import { expect, test } from "vitest";
import { loadRecording } from "../../../tests/support/recorded-memory";
import { createXray } from "../../kernel/xray";
import type { Change } from "../../protocol/change";
import type { Fact } from "../../protocol/lesson";
import type { EventMatch } from "../../protocol/match";
import type { KernelView } from "../../protocol/view";
import { FactWatcher } from "../check";
import { Scenes } from "../scene";
import { fact as factSchema } from "../schema";

const recording = loadRecording("bubble");
const view = createXray(recording.layout).observe(recording.ram());

/** How many objects match, in a step that began with the picture `before`. */
function matched(fact: object, before: KernelView = view, now: KernelView = view): number {
  const watcher = new FactWatcher(v.parse(factSchema, fact));
  const scenes = new Scenes();
  watcher.feed(scenes.next(before));
  return watcher.feed(scenes.next(now)).holders.length;
}

const web = { comm: "nc" };

test.each<[number, object]>([
  [1, { task: { argv: ["sleep", "1001"], cgroup: "/outer/inner" } }],
  [1, { task: { cgroup: "/outer*" } }],
  [1, { task: { comm: "sleep", uid: 1000, insideUid: 1000, lacks: ["CAP_SYS_ADMIN"] } }],
  [0, { task: { comm: "sleep", uid: 1000, capabilities: ["CAP_CHOWN"] } }],
  [
    1,
    {
      task: { comm: "init", capabilities: ["CAP_SYS_ADMIN", "CAP_CHECKPOINT_RESTORE"], seccomp: 0, noNewPrivs: false },
    },
  ],
  [1, { task: { argv: ["sleep", "1004"], insideUid: 0, innerPid: 1, hostname: "inside", root: "/", cwd: "/" } }],
  [1, { task: { comm: "agent", oomScoreAdj: { max: -1 } } }],
  [1, { namespace: { kind: "uts", hostname: "inside", host: false, member: { comm: "sleep" } } }],
  [1, { namespace: { kind: "uts", hostname: "inside", owner: { uidMap: { first: 0, hostFirst: 0, count: 1 } } } }],
  [1, { namespace: { kind: "net", heldBy: "mount", empty: true } }],
  [1, { namespace: { kind: "pid", level: { min: 2 } } }],
  [1, { namespace: { kind: "user", uidMap: { first: 20, hostFirst: 4000 } } }],
  [1, { namespace: { kind: "time", monotonicSeconds: 100, boottimeSeconds: { max: 0 } } }],
  [1, { namespace: { kind: "ipc", host: true, ipc: { kind: "mqueue", name: "jobs" } } }],
  [1, { namespace: { kind: "ipc", ipc: { kind: "shm", sizeBytes: 12345 } } }],
  [8, { namespace: { host: true } }],
  [1, { mount: { host: true, type: "overlay", source: "stack", path: "/layers/merged", options: ["upperdir=*"] } }],
  [2, { mount: { host: true, path: "/mounts/over*", hidden: true } }],
  [
    1,
    { mount: { host: true, path: "/mounts/slave", propagation: "slave", sameFilesystemAs: { path: "/mounts/over" } } },
  ],
  [1, { mount: { host: true, path: "/mounts/private", root: "/layers/low/dir", propagation: "private" } }],
  [1, { mount: { host: true, path: "/mounts/held", propagation: "unbindable" } }],
  [1, { mount: { host: true, path: "/mounts/*", options: ["ro", "nosuid"] } }],
  [1, { mount: { host: true, path: "/mounts/over/below", on: { path: "/mounts/over", source: "first" } } }],
  [2, { mount: { type: "proc", of: { argv: ["sleep", "1004"], innerPid: 1 } } }],
  [1, { mount: { type: "proc", of: { argv: ["sleep", "1004"], innerPid: 1 }, hidden: false } }],
  [1, { overlay: { writable: true, upperPath: "/layers/up", lowers: 2, mount: { path: "/layers/merged" } } }],
  [1, { overlay: { writable: false, sharesLowerWith: { writable: true } } }],
  [2, { overlay: { lowerPath: "/layers/low" } }],
  [2, { file: { layer: "upper", whiteout: true } }],
  [
    1,
    { file: { layer: "upper", path: "dir/removed", whiteout: true, overlay: { mount: { path: "/layers/merged" } } } },
  ],
  [1, { file: { layer: "upper", opaque: true, path: "replaced", type: "directory" } }],
  [2, { file: { layer: "upper", copiedUp: true } }],
  [1, { file: { layer: "lower", path: "link", type: "symlink" } }],
  [1, { file: { layer: "upper", path: "hole", sizeBytes: 20000 } }],
  [
    1,
    { cgroup: { path: "/outer/inner", files: { "memory.max": 64 << 20, "pids.max": 3 }, member: { comm: "sleep" } } },
  ],
  [1, { cgroup: { files: { "cpu.max quota": { max: 20_000 }, "cpu.max period": 100_000 }, frozen: false } }],
  [1, { cgroup: { path: "/outer", files: { "memory.max": "max" }, controllers: ["cpu", "memory"] } }],
  [0, { cgroup: { path: "/", files: { "memory.max": "max" } } }],
  [1, { device: { name: "outside", kind: "veth", up: true, host: true, master: { name: "bridge0" } } }],
  [1, { device: { of: web, address: "10.0.0.2/24", peer: { name: "outside", host: true } } }],
  [1, { device: { kind: "bridge", address: "10.0.0.*" } }],
  [0, { device: { name: "eth0", up: true } }],
  [1, { route: { destination: "default", gateway: "10.0.0.1", of: web, device: { name: "inside" } } }],
  [1, { route: { destination: "10.0.0.0/24", host: true } }],
  [1, { socket: { family: "inet", state: "LISTEN", local: "*", holder: web, of: web, host: false } }],
  [1, { device: { kind: "veth", not: { host: true } } }],
])("%i: %j", (count, fact) => {
  expect(matched(fact)).toBe(count);
});

test("what was made in the step is told from what was there before", () => {
  const before: KernelView = {
    ...view,
    namespaces: [],
    mounts: [],
    overlays: [],
    layers: [],
    cgroups: [],
    devices: [],
  };
  for (const [kind, match] of Object.entries({
    namespace: { kind: "uts", hostname: "inside" },
    mount: { host: true, path: "/layers/merged" },
    overlay: { writable: true },
    file: { layer: "upper", path: "hole" },
    cgroup: { path: "/outer" },
    device: { name: "outside" },
  })) {
    const fact = { [kind]: { ...match, madeInStep: true } };
    expect([kind, matched(fact, before), matched(fact)]).toEqual([kind, 1, 0]);
  }
});

const task = { address: 0xc1000000, pid: 40, comm: "mount" };
const cgroup = { address: 0xc2000000, path: "/web" };

test.each<[EventMatch, Change, boolean]>([
  [
    { type: "exec", comm: "mount", argv: ["-t", "tmpfs"] },
    { type: "exec", task, argv: ["mount", "-t", "tmpfs"] },
    true,
  ],
  [{ type: "exec", comm: "ls" }, { type: "exec", task, argv: ["mount"] }, false],
  [{ type: "exit", comm: "mount", exitCode: 1 }, { type: "exit", task, exitCode: 1 }, true],
  [{ type: "exit", signal: 9 }, { type: "exit", task, exitCode: 9 }, false],
  [{ type: "oom-kill", path: "/web" }, { type: "oom-kill", cgroup, count: 1 }, true],
  [{ type: "oom-kill", path: "/other" }, { type: "oom-kill", cgroup, count: 1 }, false],
  [
    { type: "limit-changed", path: "/web", limit: "memory.max", before: "max", after: "20971520" },
    { type: "limit-changed", cgroup, limit: "memory.max", before: "max", after: "20971520" },
    true,
  ],
  [
    { type: "namespace-joined", kind: "net" },
    { type: "namespace-joined", task, namespace: { kind: "net", inum: 1, address: 2 } },
    true,
  ],
  [
    { type: "device-up", name: "eth*" },
    { type: "device-up", device: { address: 1, name: "eth0", namespace: 2 } },
    true,
  ],
  [
    { type: "whited-out", path: "etc/motd" },
    { type: "whited-out", file: { inode: 1, overlay: 2, layer: 3, path: "etc/motd" } },
    true,
  ],
])("the event %j and %j", (match, change, holds) => {
  const watcher = new FactWatcher(v.parse(factSchema, { event: match }));
  const scenes = new Scenes();
  watcher.feed(scenes.next(view));
  expect(watcher.feed(scenes.next(view, [change])).holds).toBe(holds);
  // What happened has happened.
  expect(watcher.feed(scenes.next(view)).holds).toBe(holds);
});

test("events are counted from the beginning of the step", () => {
  const fact: Fact = { event: { type: "oom-kill" }, count: { min: 2 } };
  const watcher = new FactWatcher(fact);
  const scenes = new Scenes();
  const kill: Change = { type: "oom-kill", cgroup, count: 1 };
  expect(watcher.feed(scenes.next(view, [kill])).holds).toBe(false);
  expect(watcher.feed(scenes.next(view, [kill])).holds).toBe(true);
});

test.each<[object, string]>([
  [{ cgroup: { files: { "memory.maximum": 1 } } }, "memory.max"],
  [{ mount: {} }, "is empty: it would match every mount"],
  [{ cgroup: { path: "outer" } }, "begins with a slash"],
  [{ file: { path: "etc" } }, "layer"],
  [{ task: { capabilities: ["SYS_ADMIN"] } }, "CAP_SYS_ADMIN"],
  [{ device: { sentPackets: {} } }, "give min, max, or both"],
  [{ event: { type: "exploded" } }, "oom-kill"],
])("%j is refused, and the message helps", (fact, message) => {
  const result = v.safeParse(factSchema, fact);
  expect(result.success).toBe(false);
  const said = (result.issues ?? []).map((issue) => `${v.getDotPath(issue)}: ${issue.message}`).join("\n");
  expect(said).toContain(message);
});
