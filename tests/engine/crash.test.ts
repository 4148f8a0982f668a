/**
 * boxd is killed, or the engine goes, after each step of creating and starting a container: the next engine finds nothing left
 * in the kernel, and the container either whole or not at all.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { buildRegistry, REGISTRY_DIRECTORY } from "../../images/library/build";
import type { Engine } from "../../src/engine/engine";
import { engineOn } from "../../src/node/engine";
import type { KernelView } from "../../src/protocol/view";
import { crashingGuest } from "../support/engine/crashing-guest";
import { newSeed, random } from "../support/hostile";
import { sh } from "../support/machine";
import { observedMachine, type ObservedMachine } from "../support/observed-machine";

let box: ObservedMachine;
let pristine: string;
/** What there is on disk and in the tables of iptables, without any container. */
let pristineFiles: string;

const CONFIG = {
  Image: "busybox",
  Cmd: ["sleep", "2000"],
  Tty: true,
  HostConfig: {
    PortBindings: { "80/tcp": [{ HostPort: "8080" }] },
    Binds: ["/tmp/shared:/shared"],
    IpcMode: "shareable",
    UsernsMode: "private",
    Init: true,
  },
};

beforeAll(async () => {
  await buildRegistry();
  box = await observedMachine("mkdir -p /tmp/shared");
  const first = await engine();
  await ask(first, "POST", "/images/create?fromImage=busybox&tag=latest");
  // /run/netns becomes a mount with the first network namespace, and stays one.
  const { Id } = await ask<{ Id: string }>(first, "POST", "/containers/create", CONFIG);
  await ask(first, "POST", `/containers/${Id}/start`);
  await ask(first, "DELETE", `/containers/${Id}?force=1`);
  first.close();
  const second = await engine();
  second.close();
  pristine = remains(await box.until(({ tasks }) => !tasks.some(({ comm }) => comm === "boxd" || comm === "box-shim")));
  pristineFiles = await files();
});

const engine = () => engineOn(box.machine, REGISTRY_DIRECTORY);

async function ask<T = unknown>(of: Engine, method: string, path: string, body?: unknown): Promise<T> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const answer = await of.handle(new Request(`http://docker${path}`, init));
  if ("hijack" in answer) throw new Error(`${path} wants a connection of its own`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text.startsWith("{") || text.startsWith("[") ? parsed(text) : text) as T;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Several documents, one a line.
    return text;
  }
}

/** Lasting things of the kernel; the kernel's own threads come and go. */
function remains(view: KernelView): string {
  return JSON.stringify({
    tasks: view.tasks
      .filter(({ kernelThread }) => !kernelThread)
      .map(({ comm }) => comm)
      .toSorted(),
    namespaces: view.namespaces.map(({ kind, inum }) => `${kind} ${inum}`).toSorted(),
    cgroups: view.cgroups.map(({ path }) => path).toSorted(),
    mounts: view.mounts.map(({ path, namespace }) => `${namespace} ${path}`).toSorted(),
    devices: view.devices.map(({ name }) => name).toSorted(),
  });
}

const files = () =>
  sh(
    box.machine,
    "cd /var/lib/box; find containers overlay2 /run/box /run/netns /sys/fs/cgroup/docker -maxdepth 1 | sort; iptables -t nat -S",
  );

/** Creates and starts a container until it crashes after so many steps; false when there are no more steps. */
async function crashAfter(steps: number, who: "boxd" | "engine"): Promise<boolean> {
  const crashing = crashingGuest(box.machine.agent);
  const doomed = await engineOn(box.machine, REGISTRY_DIRECTORY, { guest: crashing.guest });
  crashing.arm({
    after: steps,
    async happens(pid) {
      if (who === "boxd") await sh(box.machine, `kill -9 ${pid}`);
      else doomed.close();
    },
  });
  const attempt = (async () => {
    const { Id } = await ask<{ Id: string }>(doomed, "POST", "/containers/create", CONFIG);
    await ask(doomed, "POST", `/containers/${Id}/start`);
    return Id;
  })();
  const whole = await Promise.race([attempt.catch(() => undefined), crashing.crashed.then(() => undefined)]);
  // Requests to a boxd that is no more fail, and the engine with them.
  if (whole === undefined) await attempt.catch(() => {});
  doomed.close();
  return whole === undefined;
}

/** A new engine: what it finds must be a container that can be removed, or none. */
async function expectNothingLeft(after: string, whole = false): Promise<void> {
  const next = await engine();
  const containers = await ask<{ Id: string; State: string }[]>(next, "GET", "/containers/json?all=1");
  for (const { Id } of containers) await ask(next, "DELETE", `/containers/${Id}?force=1`);
  // With the last step it is remembered as running, and so it is.
  expect(
    containers.map(({ State }) => State),
    after,
  ).toEqual(containers.map(() => (whole ? "running" : "created")));
  next.close();
  await box
    .until((view) => remains(view) === pristine)
    .catch(async (error: unknown) => {
      expect(JSON.parse(remains(await box.picture())), after).toEqual(JSON.parse(pristine));
      throw error;
    });
  expect(await files(), after).toBe(pristineFiles);
}

/** Steps of create and of what is before the first process; behind them come those of that process. */
async function countSteps(): Promise<number> {
  const crashing = crashingGuest(box.machine.agent);
  const whole = await engineOn(box.machine, REGISTRY_DIRECTORY, { guest: crashing.guest });
  crashing.arm({ after: Number.MAX_SAFE_INTEGER, happens: () => Promise.resolve() });
  const { Id } = await ask<{ Id: string }>(whole, "POST", "/containers/create", CONFIG);
  await ask(whole, "POST", `/containers/${Id}/start`);
  const steps = crashing.taken();
  await ask(whole, "DELETE", `/containers/${Id}?force=1`);
  whole.close();
  return steps;
}

describe.each(["boxd", "engine"] as const)("%s goes in the middle of a start", (who) => {
  test("and nothing is left, whatever step it was", { timeout: 1_200_000 }, async () => {
    const steps = await countSteps();
    // All of them take long: some, others each time, and with CRASH_STEPS=all every one.
    const seed = newSeed();
    const next = random(seed);
    const stride = process.env.CRASH_STEPS === "all" ? 1 : 6;
    const chosen = Array.from({ length: steps }, (_, index) => index + 1).filter(
      () => stride === 1 || next() < 1 / stride,
    );
    for (const step of chosen) {
      const crashed = await crashAfter(step, who);
      if (crashed) await expectNothingLeft(`seed ${seed}: ${who} after step ${step} of ${steps}`, step === steps);
    }
    expect(chosen.length).toBeGreaterThan(0);
  });
});

test("a container that was whole before goes on, with its address and its port", async () => {
  const first = await engine();
  const { Id } = await ask<{ Id: string }>(first, "POST", "/containers/create", CONFIG);
  await ask(first, "POST", `/containers/${Id}/start`);
  first.close();
  expect(await crashAfter(20, "boxd")).toBe(true);
  const next = await engine();
  const { State, NetworkSettings } = await ask<{
    State: { Running: boolean };
    NetworkSettings: { IPAddress: string; Ports: object };
  }>(next, "GET", `/containers/${Id}/json`);
  expect(State.Running).toBe(true);
  expect(NetworkSettings.Ports).toEqual({ "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }] });
  const rules = await sh(box.machine, "iptables -t nat -S");
  expect(rules).toContain(
    `--dport 8080 -m addrtype --dst-type LOCAL -j DNAT --to-destination ${NetworkSettings.IPAddress}:80`,
  );
  const others = await ask<{ Id: string }[]>(next, "GET", "/containers/json?all=1");
  for (const other of others) await ask(next, "DELETE", `/containers/${other.Id}?force=1`);
  next.close();
  await (await engine()).close();
  await box.until((view) => remains(view) === pristine);
});
