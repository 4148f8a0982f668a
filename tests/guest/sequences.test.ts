/**
 * Random sequences of operations on everything at once, each on a machine as it booted, and after every round the whole
 * picture against the guest's own tools: `/proc`, mountinfo, findmnt, find, stat, `ip`, cgroupfs.
 */
import { expect, test } from "vitest";
import type { KernelView } from "../../src/protocol/view";
import { mergeLayers } from "../../src/kernel/merged";
import { WHOLE } from "../support/whole";
import { compareCgroups, compareContent, compareMounts, compareNetwork, compareTasks } from "../support/compare";
import { newSeed, random } from "../support/hostile";
import { sh } from "../support/machine";
import { observedMachine } from "../support/observed-machine";
import * as cgroups from "../support/operations/cgroups";
import * as mounts from "../support/operations/mounts";
import * as network from "../support/operations/network";
import * as tasks from "../support/operations/tasks";
import { within } from "../support/within";

/** `SEQUENCES=300` for the long run. */
const SEQUENCES = Number(process.env.SEQUENCES ?? (WHOLE ? 20 : 10));
/** That a script may take; one that opens what nobody serves would take for ever. */
const PATIENCE_MS = 60_000;
/** Of changes in each part, between two comparisons. */
const ROUNDS = 2;
/** A long run has to meet all that is listed below; a few sequences meet a part of it, which differs by seed. */
const LONG = 50;
/** Sequences after which a long run says how far it is. */
const SAY_EVERY = 10;

const PARTS = [tasks, mounts, cgroups, network];

/** What a part of the sequences has to bring about. */
class Seen {
  readonly #seen = new Set<string>();

  of(view: KernelView): void {
    const add = (what: string, so: unknown) => so && this.#seen.add(what);
    for (const task of view.tasks) {
      add("a deleted program or place", task.exe?.deleted || task.cwd?.deleted);
      add("a frozen task", task.frozen);
      add("a zombie", task.state === "Z");
      add("namespaces for children", task.forChildren);
    }
    for (const { ipc, uidMap, timeOffsets, holders } of view.namespaces) {
      add("System V or POSIX objects", ipc?.length);
      add("many id ranges", (uidMap?.length ?? 0) > 5);
      add("time offsets", timeOffsets?.boottimeNs);
      for (const { by } of holders) add(`a namespace held by a ${by}`, true);
    }
    for (const { type, freeze, memory, cpu, pids } of view.cgroups) {
      add(`a cgroup: ${type}`, true);
      add("a cgroup to be frozen", freeze);
      add("a limit", memory?.maxBytes ?? cpu?.quotaUs ?? pids?.max);
    }
    for (const { hiddenBy } of view.mounts) add("a hidden mount", hiddenBy);
    for (const { upper, lowers } of view.overlays) {
      const layers = [...(upper === undefined ? [] : [upper]), ...lowers];
      const merged = mergeLayers(layers.map((layer) => view.layers.find(({ address }) => address === layer)!));
      add(
        "a name that hides another",
        merged.some(({ hidden }) => hidden.length > 0),
      );
    }
    for (const { kind, counters } of view.devices) {
      add(`a device: ${kind}`, kind);
      add("traffic", counters.txPackets);
    }
    for (const { type } of view.routes) add(`a route: ${type}`, true);
    for (const { family, state } of view.sockets) {
      add(`a socket: ${family}`, true);
      add(`a socket: ${state}`, true);
    }
  }

  get all(): string[] {
    return [...this.#seen];
  }
}

const guest = await observedMachine();
const { machine, picture, until } = guest;

/** Nobody is on the way to what an operation started. `unshare --fork` waits for its child. */
function settled({ tasks: all }: KernelView): boolean {
  const parents = new Set(all.map(({ ppid }) => ppid));
  return all.every(
    ({ pid, comm, argv, frozen }) =>
      frozen ||
      ((comm !== "unshare" || parents.has(pid)) &&
        !(comm === "sh" && argv[1] === "-c" && argv[2]?.includes("exec sleep 2"))),
  );
}

test(
  `the picture is what the guest's own tools print, ${SEQUENCES} sequences`,
  { timeout: 60_000 * SEQUENCES },
  async () => {
    const seed = newSeed();
    const seen = new Seen();
    for (let sequence = 0; sequence < SEQUENCES; sequence++) {
      const next = random(seed + sequence);
      if (SEQUENCES >= LONG && sequence % SAY_EVERY === 0)
        process.stderr.write(`${sequence} of ${SEQUENCES} sequences\n`);
      if (sequence > 0) await machine.reset();
      for (const { PREPARE } of PARTS) await sh(machine, PREPARE);
      for (let round = 0; round < ROUNDS; round++) {
        let where = `SEED=${seed + sequence}, round ${round}`;
        for (const { operations } of PARTS) {
          const script = operations(next, await picture());
          where += `\n${script}`;
          await within(PATIENCE_MS, where, sh(machine, script));
          await until(settled);
        }
        await compareTasks(guest, where);
        await compareContent(guest, await compareMounts(guest, where), next, where);
        await compareCgroups(guest, where);
        seen.of(await compareNetwork(guest, where));
      }
    }
    expect(seen.all.length).toBeGreaterThan(10);
    if (SEQUENCES < LONG) return;
    expect(seen.all).toEqual(
      expect.arrayContaining([
        "a deleted program or place",
        "a frozen task",
        "a zombie",
        "namespaces for children",
        "System V or POSIX objects",
        "many id ranges",
        "time offsets",
        "a namespace held by a mount",
        "a namespace held by a descriptor",
        "a cgroup: domain",
        "a cgroup: domain threaded",
        "a cgroup: domain invalid",
        "a cgroup: threaded",
        "a cgroup to be frozen",
        "a hidden mount",
        "a name that hides another",
        "a device: veth",
        "a device: bridge",
        "a device: dummy",
        "traffic",
        ...["local", "broadcast", "unicast"].map((type) => `a route: ${type}`),
        ...["inet", "netlink", "packet", "unix", "LISTEN", "UNCONN", "ESTAB"].map((what) => `a socket: ${what}`),
      ]),
    );
  },
);
