/** System calls that a container may not make: what the filter says is what the kernel does. */
import { beforeAll, describe, expect, test } from "vitest";
import { SYSCALLS } from "../../src/engine/container/seccomp/syscalls";
import { engineForTest, type EngineForTest } from "../support/engine";
import { sh } from "../support/machine";
import { writeFileCommand } from "../support/static-program";
import { SYSCALL_PROGRAM } from "../support/syscall-program";

let box: EngineForTest;

beforeAll(async () => {
  box = await engineForTest();
  await box.pull("toolbox");
  await sh(box.machine, `mkdir /tmp/probe; ${writeFileCommand("/tmp/probe/call", SYSCALL_PROGRAM)}`);
});

const toolbox = (script: string, hostConfig: object = {}) => ({
  Image: "toolbox",
  Cmd: ["sh", "-c", script],
  HostConfig: { NetworkMode: "none", ...hostConfig },
});
const run = async (script: string, hostConfig?: object) => (await box.run(toolbox(script, hostConfig))).output.trim();
/** Mode of seccomp(2) and how many filters, as /proc tells them. */
const STATUS = "grep Seccomp /proc/self/status";
const FILTERED = "Seccomp:\t2\nSeccomp_filters:\t1";
const FREE = "Seccomp:\t0\nSeccomp_filters:\t0";
const UNCONFINED = { SecurityOpt: ["seccomp=unconfined"] };

describe("the default profile", () => {
  test("is there for every process, unless it is not wanted", async () => {
    expect(await run(STATUS)).toBe(FILTERED);
    expect(await run(STATUS, UNCONFINED)).toBe(FREE);
    expect(await run(STATUS, { Privileged: true })).toBe(FREE);
    expect(await run(STATUS, { SecurityOpt: ["seccomp=builtin"], Privileged: false })).toBe(FILTERED);
  });

  test("is there for a user who is not root, too, and with no-new-privileges", async () => {
    const config = { ...toolbox(`${STATUS}; grep NoNewPrivs /proc/self/status`), User: "33" };
    expect((await box.run(config)).output.trim()).toBe(`${FILTERED}\nNoNewPrivs:\t0`);
    const strict = { ...config, HostConfig: { NetworkMode: "none", SecurityOpt: ["no-new-privileges"] } };
    expect((await box.run(strict)).output.trim()).toBe(`${FILTERED}\nNoNewPrivs:\t1`);
  });

  test("refuses a new user namespace, which the kernel itself allows everybody", async () => {
    const script = "unshare -U true 2>&1 && echo made";
    expect(await run(script)).toBe("unshare: unshare failed: Operation not permitted");
    expect(await run(script, UNCONFINED)).toBe("made");
  });

  test("a capability opens what belongs to it, and no more", async () => {
    const admin = { CapAdd: ["SYS_ADMIN"] };
    const mount = "mount -t tmpfs none /mnt 2>&1 && echo mounted";
    expect(await run(`mkdir /mnt; ${mount}`)).toContain("ermission denied");
    expect(await run(`mkdir /mnt; ${mount}`, admin)).toBe("mounted");
  });

  test("forbids with all capabilities what none of them brings: the kernel would not have said EPERM", async () => {
    const calls = ["swapon", "swapoff", "keyctl", "userfaultfd", "io_uring_setup", "kexec_load", "clone3"];
    const numbers = calls.map((name) => SYSCALLS.get(name));
    // Without arguments none of them does anything; the program's exit code is the error number.
    const script = `for n in ${numbers.join(" ")}; do /probe/call $n 0 0 0 0 0 0; echo $?; done`;
    const probe = { CapAdd: ["ALL"], Binds: ["/tmp/probe:/probe:ro"] };
    const [EPERM, ENOSYS] = ["1", "38"];
    const confined = (await run(script, probe)).split("\n");
    expect(confined.slice(0, 6)).toEqual(Array(6).fill(EPERM));
    const free = (await run(script, { ...probe, ...UNCONFINED })).split("\n");
    expect(free.every((error) => error !== EPERM)).toBe(true);
    const [clone3] = (
      await run(`/probe/call ${SYSCALLS.get("clone3")} 0 0 0 0 0 0; echo $?`, { Binds: probe.Binds })
    ).split("\n");
    expect(clone3).toBe(ENOSYS);
  });

  test("counts for exec as well", async () => {
    const id = await box.start(toolbox("sleep 1000"));
    const { Id } = await box.api<{ Id: string }>("POST", `/containers/${id}/exec`, {
      Cmd: ["sh", "-c", `${STATUS} > /said; unshare -U true 2>> /said`],
    });
    await box.api("POST", `/exec/${Id}/start`, { Detach: true });
    const pid = (await box.api<{ Pid: number }>("GET", `/exec/${Id}/json`)).Pid;
    await box.until(({ tasks }) => !tasks.some((task) => task.pid === pid));
    const said = await box.machine.agent.execute({
      argv: ["cat", `/proc/${await pidOf(id)}/root/said`],
      purpose: "test",
    });
    expect(new TextDecoder().decode(said.stdout)).toBe(
      `${FILTERED}\nunshare: unshare failed: Operation not permitted\n`,
    );
    await box.api("DELETE", `/containers/${id}?force=1`);
  });

  test("is what docker info names", async () => {
    const { SecurityOptions } = await box.api<{ SecurityOptions: string[] }>("GET", "/info");
    expect(SecurityOptions).toContain("name=seccomp,profile=builtin");
  });
});

describe("a profile of one's own", () => {
  const option = (profile: object) => ({ SecurityOpt: [`seccomp=${JSON.stringify(profile)}`] });

  test("makes one call fail as it says", async () => {
    const noDirectories = option({
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 30 }],
    });
    expect(await run("mkdir /x 2>&1; touch /y && echo written", noDirectories)).toBe(
      "mkdir: can't create directory '/x': Read-only file system\nwritten",
    );
  });

  test("counts in a privileged container, if it is given one", async () => {
    const profile = option({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ name: "sync", action: "SCMP_ACT_LOG" }] });
    expect(await run(STATUS, { ...profile, Privileged: true })).toBe(FILTERED);
  });

  test("may kill who makes a call", async () => {
    const deadly = option({
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["sethostname"], action: "SCMP_ACT_KILL_PROCESS" }],
    });
    const SIGSYS = 31;
    expect(await run("hostname reef; echo $?", deadly)).toContain(String(128 + SIGSYS));
  });

  test("that cannot be read is refused when the container is created", async () => {
    const refused = await box.refused("POST", "/containers/create", {
      Image: "toolbox",
      HostConfig: { SecurityOpt: ["seccomp={"] },
    });
    expect(refused.status).toBe(400);
    expect(refused.message).toContain("Decoding seccomp profile failed");
  });

  test("inspect shows it as it was given", async () => {
    const hostConfig = option({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [] });
    const { Id } = await box.api<{ Id: string }>("POST", "/containers/create", toolbox("true", hostConfig));
    const { HostConfig } = await box.api<{ HostConfig: typeof hostConfig }>("GET", `/containers/${Id}/json`);
    expect(HostConfig.SecurityOpt).toEqual(hostConfig.SecurityOpt);
    await box.api("DELETE", `/containers/${Id}`);
  });
});

async function pidOf(id: string): Promise<number> {
  return (await box.api<{ State: { Pid: number } }>("GET", `/containers/${id}/json`)).State.Pid;
}
