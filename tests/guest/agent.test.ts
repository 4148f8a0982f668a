/** The agent where it belongs: its whole specification in the guest, and what only a guest of its own can show. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Agent } from "../../src/agent/agent";
import type { RunRequest } from "../../src/protocol/machine";
import { agentSpec } from "../agent/spec";
import { guestWire, type GuestWire } from "../support/guest-wire";

let guest: GuestWire;
let agent: Agent;
beforeAll(async () => {
  guest = await guestWire();
  agent = guest.agent;
});
afterAll(() => guest?.close());

describe("the specification", () => {
  agentSpec(async () => ({ ...guest, close: async () => {} }), {
    bulkBytes: Number(process.env.BULK_BYTES ?? 8 << 20),
    fuzzRounds: 60,
  });
});

describe("in the guest", () => {
  const run = async (request: RunRequest) => {
    const result = await agent.execute(request);
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { ...result, stdout: text(result.stdout), stderr: text(result.stderr) };
  };
  const sh = async (script: string) => (await run({ script })).stdout;

  test("it is locked in memory, spared by the OOM killer, first in line, and in a cgroup of its own", async () => {
    const { pid, protections } = await agent.reset();
    expect(protections).toEqual({ memoryLocked: true, oomExempt: true, ownCgroup: true, priority: true });
    // The kernel's own account of the same.
    expect(await sh(`cat /proc/${pid}/oom_score_adj /proc/${pid}/cgroup; cut -d' ' -f19 /proc/${pid}/stat`)).toBe(
      "-1000\n0::/agent\n-10\n",
    );
    const memory = await sh(`grep -E 'VmLck|VmRSS' /proc/${pid}/status`);
    const [locked, resident] = [...memory.matchAll(/(\d+) kB/g)].map(([, kilobytes]) => Number(kilobytes));
    expect(locked).toBeGreaterThan(1000);
    expect(resident).toBeGreaterThan(1000);
  });

  test("what it starts has none of that", async () => {
    expect(
      await sh(
        "cat /proc/self/oom_score_adj /proc/self/cgroup; cut -d' ' -f19 /proc/self/stat; grep VmLck /proc/self/status",
      ),
    ).toMatch(/^0\n0::\/\n0\nVmLck:\s+0 kB\n$/);
  });

  describe("a cgroup", () => {
    test("is what a command is born in", async () => {
      await sh("mkdir -p /sys/fs/cgroup/spec/inner");
      expect(
        (await run({ argv: ["cat", "/proc/self/cgroup", "/proc/self/oom_score_adj"], cgroup: "/spec/inner" })).stdout,
      ).toBe("0::/spec/inner\n0\n");
    });

    test("that is not there is refused", async () => {
      await expect(run({ argv: ["true"], cgroup: "/none" })).rejects.toMatchObject({ code: "cgroup", errno: 2 });
    });

    test("that forbids a process is refused with the kernel's reason", async () => {
      await sh("mkdir -p /sys/fs/cgroup/full; echo 0 > /sys/fs/cgroup/full/pids.max");
      await expect(run({ argv: ["true"], cgroup: "/full" })).rejects.toMatchObject({ code: "fork", errno: 11 });
    });

    test("does not hide that a command could not be executed", async () => {
      await expect(run({ argv: ["no-such-command"], cgroup: "/" })).rejects.toMatchObject({ code: "exec", errno: 2 });
      await expect(run({ argv: ["true"], cgroup: "/", cwd: "/none" })).rejects.toMatchObject({
        code: "directory",
        errno: 2,
      });
    });

    test("that is frozen holds up its command and nobody else", async () => {
      await sh("mkdir -p /sys/fs/cgroup/frozen; echo 1 > /sys/fs/cgroup/frozen/cgroup.freeze");
      const frozen = agent.run({ script: "cat /proc/self/cgroup", cgroup: "/frozen" });
      const cancelled = agent.run({ argv: ["true"], cgroup: "/frozen" });
      const killed = agent.run({ argv: ["true"], cgroup: "/frozen" });
      expect(await sh("echo free")).toBe("free\n");
      cancelled.cancel();
      killed.kill(9);
      expect(await killed.exited).toEqual({ signal: 9 });
      await sh("echo 0 > /sys/fs/cgroup/frozen/cgroup.freeze");
      expect(new TextDecoder().decode((await frozen.collect()).stdout)).toBe("0::/frozen\n");
      await sh("while grep -q 'populated 1' /sys/fs/cgroup/frozen/cgroup.events; do sleep 0.01; done");
    });
  });

  test("the clock is set", async () => {
    await agent.setClock(Date.UTC(2031, 4, 6, 7, 8, 9));
    expect(await sh("date -u +%Y-%m-%dT%H:%M")).toBe("2031-05-06T07:08\n");
    await agent.setClock(Date.now());
  });

  test("a listener of it is reached by a program that knows nothing of it", async () => {
    const listener = await agent.listen(
      { host: "127.0.0.1", port: 0 },
      (stream) => void stream.readable.pipeTo(stream.writable),
    );
    expect(await sh(`echo there and back | nc 127.0.0.1 ${listener.port}`)).toBe("there and back\n");
    listener.close();
  });

  test("it is started anew when it is killed, and says so", async () => {
    const before = await agent.reset();
    const lost = new Promise<string>((resolve) => (agent.onlost = (error) => resolve(error.code)));
    const command = agent.run({ argv: ["kill", "-9", String(before.pid)] });
    await expect(command.exited).rejects.toMatchObject({ code: "lost" });
    expect(await lost).toBe("lost");
    agent.onlost = () => {};
    await expect(agent.execute({ argv: ["true"] })).rejects.toMatchObject({ code: "not-ready" });
    const after = await agent.reset();
    expect(after.pid).not.toBe(before.pid);
    expect(after.protections).toEqual(before.protections);
    expect(await sh("echo back")).toBe("back\n");
  });

  test("memory runs out, a program is killed for it, and the agent answers meanwhile", async () => {
    const { pid } = await agent.reset();
    // Each fits, both do not.
    const half = "dd if=/dev/zero of=/dev/null bs=150M count=1 2>/dev/null";
    const hogs = agent.run({ script: `${half} & a=$!; ${half} & b=$!; wait $a; x=$?; wait $b; echo $x $?` });
    let ended = false;
    const result = hogs.collect().finally(() => (ended = true));
    let answers = 0;
    while (!ended) {
      await agent.reseed(Uint8Array.of(1));
      answers++;
    }
    const SIGKILLED = 128 + 9;
    expect(new TextDecoder().decode((await result).stdout).split(/\s/)).toContain(String(SIGKILLED));
    expect(answers).toBeGreaterThan(1);
    expect(await sh(`cat /proc/${pid}/comm`)).toBe("agent\n");
  });

  test("a fork bomb is survived, told about, and ended", async () => {
    const { pid } = await agent.reset();
    const attempt = () =>
      agent.execute({ argv: ["true"] }).then(
        () => undefined,
        (error) => error,
      );
    const bomb = agent.run({ script: "bomb() { bomb | bomb & }; bomb; exec sleep 1000" });
    await bomb.started;
    // Until the kernel has no process left to give.
    let refused: unknown;
    while (!refused) refused = await attempt();
    expect(refused).toMatchObject({ code: "fork", errno: 11 });
    await agent.killAll();
    await expect(bomb.exited).resolves.toEqual({ signal: 9 });
    // Init collects the dead.
    while (await attempt());
    expect(await sh(`cat /proc/${pid}/comm`)).toBe("agent\n");
  });

  test("a state put back in the middle of everything answers a reset, and nothing of before goes on", async () => {
    const busy = [
      agent.run({ argv: ["yes"] }),
      agent.run({ script: "cat > /dev/null", stdin: true }),
      agent.run({ script: "while :; do echo tick; done", pty: { cols: 80, rows: 24 } }),
    ];
    void busy[0].stdout.pipeTo(new WritableStream()).catch(() => {});
    void busy[2].stdout.pipeTo(new WritableStream()).catch(() => {});
    const writer = busy[1].stdin.getWriter();
    const pouring = (async () => {
      for (;;) await writer.write(new Uint8Array(100_000));
    })().catch((error) => error.code);
    const pids = await Promise.all(busy.map((command) => command.started));

    for (let round = 0; round < 3; round++) {
      await guest.emulator.stop();
      const state = await guest.emulator.saveState();
      guest.emulator.run();
      await agent.execute({ argv: ["true"] }).catch(() => {}); // It goes on: more frames cross the wire.
      await guest.emulator.stop();
      guest.forget();
      await guest.emulator.restoreState(state);
      guest.emulator.run();
      await agent.reset();
      // They were killed before the agent greeted; the kernel may take a moment to bury them.
      await sh(`for pid in ${pids.join(" ")}; do while kill -0 $pid 2>/dev/null; do sleep 0.01; done; done`);
      const input = new Uint8Array(100_000).fill(round);
      expect((await agent.execute({ argv: ["cat"] }, input)).stdout).toEqual(input);
    }
    expect(await pouring).toBe("reset");
  });
});
