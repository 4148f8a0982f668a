/** The machine as its users meet it: starts, damaged files, saving, and a guest that misbehaves. */
import { createHash } from "node:crypto";
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MachineError } from "../../src/machine/failure";
import { bootMachine } from "../../src/node/machine";
import { copyOfFiles, machineForTest, Screen, sh, Statuses } from "../support/machine";

const keys = (text: string) => new TextEncoder().encode(text);

async function failureOf(promise: Promise<unknown>) {
  const error = await promise.catch((thrown: unknown) => thrown);
  if (!(error instanceof MachineError)) throw new Error(`expected a MachineError, got ${String(error)}`);
  return error.failure;
}

describe("starting", () => {
  test("comes from the snapshot, with every phase told in order", async () => {
    const statuses = new Statuses();
    await machineForTest({ events: { onstatus: (status) => statuses.push(status) } });
    const phases = statuses.all.map(({ phase }) => phase).filter((phase, index, all) => phase !== all[index - 1]);
    expect(phases).toEqual(["fetching", "restoring", "running"]);
    const fetched = statuses.all.filter(({ phase }) => phase === "fetching").at(-1)!;
    expect(fetched.loadedBytes).toBe(fetched.totalBytes);
    expect(statuses.all.at(-1)).toMatchObject({ origin: "snapshot", notice: undefined });
  });

  test("the restored terminals show the prompts they were saved with", async () => {
    const screens = [new Screen(), new Screen(), new Screen()];
    await machineForTest({ events: { onterminal: (terminal, bytes) => screens[terminal].push(bytes) } });
    for (const screen of screens) await screen.shows(/root@glassbox:~# $/);
  });

  test("the clock is the host's and random numbers differ between two starts from one snapshot", async () => {
    const seen: string[] = [];
    for (let start = 0; start < 2; start++) {
      const machine = await machineForTest();
      const [seconds, random] = (await sh(machine, "date +%s; head -c 8 /dev/urandom | od -An -tx1")).split("\n");
      expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(5);
      seen.push(random);
    }
    expect(seen[0]).not.toBe(seen[1]);
  });

  const damage: [string, Parameters<typeof copyOfFiles>[0], RegExp][] = [
    ["absent", (manifest) => delete manifest.files.snapshot, /no snapshot/],
    ["of another build", (manifest) => (manifest.files.snapshot!.build = "another"), /another build/],
    ["truncated", (manifest, folder) => truncateSync(join(folder, manifest.files.snapshot!.path), 1000), /1000 bytes/],
    [
      "altered",
      (manifest, folder) => alter(join(folder, manifest.files.snapshot!.path), manifest.files.snapshot!.sizeBytes),
      /SHA-256/,
    ],
    ["missing", (manifest, folder) => rmSync(join(folder, manifest.files.snapshot!.path)), /could not be read/],
    [
      "no state at all though its hash is right",
      (manifest, folder) => {
        const bytes = keys("not a state, but the bytes that were promised");
        writeFileSync(join(folder, manifest.files.snapshot!.path), bytes);
        Object.assign(manifest.files.snapshot!, {
          sizeBytes: bytes.length,
          sha256: createHash("sha256").update(bytes).digest("hex"),
        });
      },
      /snapshot could not be used/,
    ],
  ];
  test.each(damage)("a snapshot that is %s costs time, not the visit", async (_name, change, said) => {
    const machine = await machineForTest({ manifest: copyOfFiles(change) });
    expect(machine.status).toMatchObject({ phase: "running", origin: "cold" });
    expect(machine.status.notice).toMatch(said);
    expect(await sh(machine, "echo $((6 * 7))")).toBe("42\n");
  });

  test("a missing file that nothing can replace is named", async () => {
    const manifest = copyOfFiles((files, folder) => rmSync(join(folder, files.files.wasm.path)));
    const failure = await failureOf(bootMachine({ manifest }));
    expect(failure.code).toBe("file-missing");
    expect(failure.what).toContain("v86");
  });

  test("a kernel with the wrong hash is refused", async () => {
    const manifest = copyOfFiles((files, folder) =>
      alter(join(folder, files.files.kernel.path), files.files.kernel.sizeBytes),
    );
    expect((await failureOf(bootMachine({ manifest, cold: true }))).code).toBe("file-damaged");
  });

  test("a saved session of another build is kept, said, and not opened", async () => {
    const session = { build: "another", savedAt: 0, screens: [], bytes: new ArrayBuffer(8) };
    const machine = await machineForTest({ session });
    expect(machine.status).toMatchObject({ phase: "running", origin: "snapshot" });
    expect(machine.status.notice).toMatch(/another build/);
  });
});

describe("saving", () => {
  test("a restored machine has what was there, and not what came after", async () => {
    const machine = await machineForTest();
    await sh(machine, "echo kept > /root/kept");
    const saved = await machine.save();
    if (!saved.ok) throw new Error(saved.failure.what);
    await sh(machine, "rm /root/kept; echo later > /root/later");
    expect(await machine.restore(saved.value)).toMatchObject({ ok: true });
    expect(await sh(machine, "cat /root/*")).toBe("kept\n");
  });

  test("a session starts another machine where the first one was", async () => {
    const first = await machineForTest();
    await sh(first, "hostname saved");
    const saved = await first.save();
    if (!saved.ok) throw new Error(saved.failure.what);
    const second = await machineForTest({ session: saved.value });
    expect(second.status.origin).toBe("session");
    expect(await sh(second, "hostname")).toBe("saved\n");
  });

  test("a computation that never lets the CPU halt is saved in the middle and ends right", async () => {
    const machine = await machineForTest();
    const sum = createHash("sha256")
      .update(Buffer.alloc(8 << 20))
      .digest("hex");
    await sh(machine, "(head -c 8388608 /dev/zero | sha256sum > /tmp/sum; echo done > /tmp/done) >/dev/null 2>&1 &");
    const saved = await machine.save();
    if (!saved.ok) throw new Error(saved.failure.what);
    expect(await machine.restore(saved.value)).toMatchObject({ ok: true });
    await sh(machine, "while ! [ -e /tmp/done ]; do sleep 0.1; done");
    expect(await sh(machine, "cat /tmp/sum")).toContain(sum);
  });

  test("a paused machine stands still, can be saved, and goes on", async () => {
    const machine = await machineForTest();
    await machine.pause();
    expect(machine.status.phase).toBe("paused");
    const before = await machine.view();
    expect((await machine.save()).ok).toBe(true);
    const after = await machine.view();
    if (!before.ok || !after.ok) throw new Error("no view");
    expect(after.value.bootTimeNs).toBe(before.value.bootTimeNs);
    await machine.resume();
    expect(await sh(machine, "echo on")).toBe("on\n");
  });

  test("a state that is no state is refused, and the machine goes on", async () => {
    const machine = await machineForTest();
    const build = machine.status.build!;
    const outcome = await machine.restore({ build, savedAt: 0, screens: [], bytes: new ArrayBuffer(64) });
    expect(outcome).toMatchObject({ ok: false, failure: { code: "snapshot-unusable" } });
    expect(await sh(machine, "echo on")).toBe("on\n");
  });
});

describe("terminals", () => {
  test("what is pasted arrives whole, however little the guest has room for", async () => {
    const screen = new Screen();
    const machine = await machineForTest({
      events: { onterminal: (terminal, bytes) => terminal === 1 && screen.push(bytes) },
    });
    const lines = Array.from({ length: 20_000 }, (_, line) => `line ${line} of the text that was pasted\n`).join("");
    await machine.type(1, keys("stty -echo; cat > /tmp/pasted; echo THE $((1)) END\n"));
    await screen.shows(/stty -echo/);
    await sh(machine, "until pidof cat; do sleep 0.05; done");
    await machine.type(1, keys(lines));
    await machine.type(1, keys("\x04"));
    await screen.shows(/THE 1 END/);
    expect(await sh(machine, "sha256sum < /tmp/pasted")).toContain(createHash("sha256").update(lines).digest("hex"));
  });

  test("what the guest prints arrives whole, and the machine waits for a reader who is slow", async () => {
    const hash = createHash("sha256");
    let listening = false;
    let received = 0;
    let finish = () => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const sizeBytes = 2 << 20;
    const machine = await machineForTest({
      events: {
        onterminal(terminal, bytes) {
          if (terminal !== 2 || !listening) return;
          const marked = Buffer.from(bytes).subarray(0, Math.max(0, sizeBytes - received));
          hash.update(marked);
          received += marked.length;
          if (received === sizeBytes) finish();
        },
      },
    });
    listening = true;
    await sh(machine, "stty raw -echo < /dev/hvc2; yes 0123456789abcde | head -c 2097152 > /dev/hvc2");
    await finished;
    expect(hash.digest("hex")).toBe(
      createHash("sha256")
        .update("0123456789abcde\n".repeat(sizeBytes / 16))
        .digest("hex"),
    );
  });

  test("the guest knows the size of each terminal", async () => {
    const machine = await machineForTest();
    await machine.resizeTerminal(0, 132, 43);
    await machine.resizeTerminal(2, 77, 11);
    const sizes = () => sh(machine, "for t in 0 2; do stty size < /dev/hvc$t; done");
    await expect.poll(sizes, { timeout: 20_000 }).toBe("43 132\n11 77\n");
  });
});

describe("a guest that misbehaves", () => {
  test("a panic is noticed, its message read from memory, and a reset brings the machine back", async () => {
    const statuses = new Statuses();
    const machine = await machineForTest({ events: { onstatus: (status) => statuses.push(status) } });
    await machine.type(0, keys("echo c > /proc/sysrq-trigger\n"));
    const { failure } = await statuses.reaches("failed");
    expect(failure).toMatchObject({ code: "guest-panic" });
    expect(failure!.what).toContain("sysrq triggered crash");
    expect((await machine.reset()).ok).toBe(true);
    expect(await sh(machine, "echo back")).toBe("back\n");
  });

  test("a command that was running when the guest panicked is told so", async () => {
    const machine = await machineForTest();
    const outcome = await machine.run({ script: "echo c > /proc/sysrq-trigger; sleep 100" });
    expect(outcome).toMatchObject({ ok: false });
  });

  test("a fork bomb is seen, and ended without a fork", async () => {
    const machine = await machineForTest();
    await machine.type(0, keys("bomb() { bomb | bomb & }; bomb\n"));
    await expect
      .poll(async () => ((await machine.view()) as { value: { tasks: unknown[] } }).value.tasks.length, {
        timeout: 120_000,
      })
      .toBeGreaterThan(500);
    // The bomb forks faster than one sweep kills, so sweep until it is gone.
    await expect
      .poll(
        async () => {
          await machine.agent.killAll();
          const view = await machine.view();
          return view.ok && view.value.tasks.filter(({ kernelThread }) => !kernelThread).length;
        },
        { timeout: 120_000 },
      )
      .toBeLessThan(12);
    expect(await sh(machine, "echo alive")).toBe("alive\n");
  });
});

function alter(path: string, sizeBytes: number): void {
  writeFileSync(path, Buffer.alloc(sizeBytes, 7));
}

test("each of a hundred processes that live for a few milliseconds is seen", async () => {
  const seen = new Set<number>();
  const machine = await machineForTest({
    events: {
      onview: ({ tasks, glimpsed }) => {
        for (const task of [...tasks, ...glimpsed]) if (task.comm === "true") seen.add(task.pid);
      },
    },
  });
  const pids = await sh(machine, "for i in $(seq 100); do /bin/true & echo $!; wait; done");
  await machine.view();
  const missed = pids
    .trim()
    .split("\n")
    .map(Number)
    .filter((pid) => !seen.has(pid));
  // The window between exec and exit may fall inside one slice now and then; that is what 5 % is for.
  expect(missed.length).toBeLessThanOrEqual(5);
});
