/** Options of `docker run` that confine a container or open it: each is a fact of the kernel picture, or of the container's own /proc. */
import { beforeAll, describe, expect, test } from "vitest";
import type { KernelView } from "../../src/protocol/view";
import { engineForTest, type EngineForTest } from "../support/engine";
import { sh } from "../support/machine";

let box: EngineForTest;

beforeAll(async () => {
  box = await engineForTest();
  await box.pull("busybox");
  await box.pull("hello");
});

const ALONE = { NetworkMode: "none" };
const sleeper = (hostConfig: object = {}, more: object = {}) => ({
  Image: "busybox",
  Cmd: ["sleep", "1000"],
  HostConfig: { ...ALONE, ...hostConfig },
  ...more,
});
const shell = (script: string, hostConfig: object = {}, more: object = {}) =>
  sleeper(hostConfig, { Cmd: ["sh", "-c", script], ...more });
const run = async (script: string, hostConfig?: object, more?: object) =>
  (await box.run(shell(script, hostConfig, more))).output.trim();
const remove = (id: string) => box.api("DELETE", `/containers/${id}?force=1&v=1`);
const refusal = async (hostConfig: object, more?: object) =>
  (await box.refused("POST", "/containers/create", sleeper(hostConfig, more))).message;

/** The first process of a container, in a picture that has it. */
async function firstProcess(id: string) {
  const { State } = await box.api<{ State: { Pid: number } }>("GET", `/containers/${id}/json`);
  const view = await box.until(({ tasks }) => tasks.some(({ pid }) => pid === State.Pid));
  return { task: view.tasks.find(({ pid }) => pid === State.Pid)!, view };
}

/** Does something with a running container, and removes it. */
async function withContainer<T>(
  config: object,
  look: (seen: { id: string; task: KernelView["tasks"][number]; view: KernelView }) => T | Promise<T>,
): Promise<T> {
  const id = await box.start(config);
  try {
    return await look({ id, ...(await firstProcess(id)) });
  } finally {
    await remove(id);
  }
}

/** A mount of a container, by its place. */
function mountAt(view: KernelView, namespace: number, path: string) {
  return view.mounts.findLast((mount) => mount.namespace === namespace && mount.path === path);
}

describe("--init", () => {
  const INIT = { Init: true };

  test("is process 1 and hands signals on to the program, which is its child", async () => {
    const script = "trap 'echo got it; exit 3' TERM; echo ready; while :; do sleep 0.1; done";
    await withContainer(shell(script, INIT), async ({ id, task }) => {
      expect(task.comm).toBe("docker-init");
      expect(task.argv).toEqual(["/sbin/docker-init", "--", "sh", "-c", script]);
      const view = await box.until(({ tasks }) => tasks.some(({ argv }) => argv.join(" ") === "sleep 0.1"));
      const children = view.tasks.filter(({ ppid }) => ppid === task.pid);
      expect(children.map(({ comm }) => comm)).toEqual(["sh"]);
      await box.api("POST", `/containers/${id}/stop?t=60`);
      const { State } = await box.api<{ State: { ExitCode: number } }>("GET", `/containers/${id}/json`);
      expect(State.ExitCode).toBe(3);
    });
  });

  test("waits for orphans, so that none stays as a zombie", async () => {
    const script = "(sleep 0.1 & exit); while [ -d /proc/7 ] || sleep 0.3; do ps | grep -c '[Z] '; break; done";
    expect(await run(script, INIT)).toBe("0");
    // Without an init the program itself is process 1, and a sleep that becomes its child is never waited for.
    const left = "sh -c 'sleep 0.01 & exit 0'; exec sleep 1000";
    await withContainer(sleeper({}, { Cmd: ["sh", "-c", left] }), async ({ task }) => {
      const zombie = await box.until(({ tasks }) =>
        tasks.some(({ ppid, state }) => ppid === task.pid && state === "Z"),
      );
      expect(zombie.tasks.find(({ ppid }) => ppid === task.pid)!.comm).toBe("sleep");
    });
  });

  test("ends as the program ends, and says when there is none", async () => {
    expect((await box.run(shell("exit 9", INIT))).exitCode).toBe(9);
    expect((await box.run(shell("kill -9 $$", INIT))).exitCode).toBe(137);
    const missing = await box.run(sleeper(INIT, { Cmd: ["no-such-program"] }));
    expect(missing.exitCode).toBe(127);
    expect(missing.output).toContain("exec no-such-program failed: No such file or directory");
  });

  test("is a file of the host that cannot be changed, and is not there for who shares another PID namespace", async () => {
    await withContainer(sleeper(INIT), ({ task, view }) => {
      expect(mountAt(view, task.namespaces.mnt, "/sbin/docker-init")?.options).toContain("ro");
    });
    await withContainer(sleeper({ ...INIT, PidMode: "host" }), ({ task }) => expect(task.comm).toBe("sleep"));
  });

  test("inspect says what was asked for, not what was made of it", async () => {
    const { Id } = await box.api<{ Id: string }>("POST", "/containers/create", sleeper(INIT));
    const { Path, Args, HostConfig } = await box.api<{ Path: string; Args: string[]; HostConfig: { Init: boolean } }>(
      "GET",
      `/containers/${Id}/json`,
    );
    expect([Path, Args, HostConfig.Init]).toEqual(["sleep", ["1000"], true]);
    await remove(Id);
  });
});

describe("--device", () => {
  const device = (path: string, inside = path, access = "rwm") => ({
    Devices: [{ PathOnHost: path, PathInContainer: inside, CgroupPermissions: access }],
  });
  // A device that no container has by default.
  const KMSG = "/dev/kmsg";

  test("is the same device as on the host, under the name that was asked for", async () => {
    const [, numbers] = /(\d+, +\d+)/.exec(await sh(box.machine, `ls -l ${KMSG}`))!;
    expect(await run("ls -l /dev/log/kernel", device(KMSG, "/dev/log/kernel"))).toContain(numbers);
    expect(await run("head -c 1 /dev/kmsg > /dev/null && echo read", device(KMSG))).toBe("read");
  });

  test("a device that was not asked for cannot be opened, not even by who makes a node of it", async () => {
    const [, major, minor] = /(\d+), +(\d+)/.exec(await sh(box.machine, `ls -l ${KMSG}`))!;
    const script = `mknod /tmp/k c ${major} ${minor} && head -c 1 /tmp/k 2>&1 >/dev/null`;
    expect(await run(script)).toBe("head: /tmp/k: Operation not permitted");
    expect(await run(`${script} && echo read`, { DeviceCgroupRules: [`c ${major}:${minor} r`] })).toBe("read");
    expect(await run(`${script} && echo read`, { Privileged: true })).toBe("read");
  });

  test("with r alone it cannot be written", async () => {
    const script = "head -c 1 /dev/kmsg > /dev/null && echo read; echo x > /dev/kmsg";
    expect(await run(`${script} 2>&1`, device(KMSG, KMSG, "r"))).toBe(
      "read\nsh: can't create /dev/kmsg: Operation not permitted",
    );
  });

  test("the usual devices work", async () => {
    expect(
      await run("head -c 3 /dev/zero | wc -c; echo x > /dev/null; head -c 2 /dev/urandom | wc -c; ls /dev | wc -l"),
    ).toMatch(/^3\n2\n\d+$/);
  });

  test("a privileged container has all of the host", async () => {
    expect(await run("ls -d /dev/kmsg /dev/hvc0", { Privileged: true })).toBe("/dev/hvc0\n/dev/kmsg");
  });

  test("what is none is refused in Docker's words", async () => {
    const start = async (path: string) => {
      const { Id } = await box.api<{ Id: string }>("POST", "/containers/create", sleeper(device(path)));
      const { message } = await box.refused("POST", `/containers/${Id}/start`);
      await remove(Id);
      return message;
    };
    const gathering = "error gathering device information while adding custom device";
    expect(await start("/dev/nope")).toBe(`${gathering} "/dev/nope": no such file or directory`);
    expect(await start("/etc/passwd")).toBe(`${gathering} "/etc/passwd": not a device node`);
    expect(await refusal({ DeviceCgroupRules: ["c 1 rwm"] })).toBe("invalid device cgroup rule format: 'c 1 rwm'");
    expect(await refusal(device("/dev/null", "/dev/null", "x"))).toBe("invalid device mode: x");
  });
});

describe("files and memory", () => {
  test("--read-only: the root cannot be written, what is mounted can", async () => {
    const hostConfig = { ReadonlyRootfs: true, Tmpfs: { "/tmp": "" } };
    expect(await run("touch /x 2>&1; touch /tmp/x && echo /tmp; touch /dev/shm/x && echo shm", hostConfig)).toBe(
      "touch: /x: Read-only file system\n/tmp\nshm",
    );
    await withContainer(sleeper(hostConfig), ({ task, view }) => {
      expect(mountAt(view, task.namespaces.mnt, "/")?.options).toContain("ro");
    });
  });

  test.each([
    ["", ["rw", "nosuid", "nodev", "noexec", "relatime"], ["rw"]],
    ["exec,size=1m,mode=700", ["rw", "nosuid", "nodev", "relatime"], ["rw", "size=1024k", "mode=700"]],
    ["ro,suid,dev", ["ro", "noexec", "relatime"], ["ro"]],
    [
      "uid=33,gid=34,nr_inodes=100",
      ["rw", "nosuid", "nodev", "noexec", "relatime"],
      ["uid=33", "gid=34", "nr_inodes=100"],
    ],
  ])("--tmpfs with the options '%s'", async (options, mountOptions, superOptions) => {
    const line = await run("grep ' /scratch ' /proc/self/mountinfo", { Tmpfs: { "/scratch": options } });
    const [, own, , , ...rest] = /^\S+ \S+ \S+ \S+ \S+ (\S+) (.*)- (\S+) \S+ (\S+)$/.exec(line)!;
    expect(own.split(",").toSorted()).toEqual(mountOptions.toSorted());
    for (const option of superOptions) expect(rest.join(",").split(",")).toContain(option);
  });

  test("--mount type=tmpfs has a size and a mode", async () => {
    const mounts = {
      Mounts: [{ Type: "tmpfs", Target: "/scratch", TmpfsOptions: { SizeBytes: 1 << 20, Mode: 0o750 } }],
    };
    expect(await run("grep ' /scratch ' /proc/self/mountinfo", mounts)).toMatch(/size=1024k,mode=750/);
    expect(await refusal({ Tmpfs: { "/scratch": "colour=red" } })).toBe('invalid tmpfs option "colour=red"');
  });

  test("--shm-size", async () => {
    expect(await run("df -k /dev/shm | awk 'END {print $2}'", { ShmSize: 2 << 20 })).toBe("2048");
    expect(await run("df -k /dev/shm | awk 'END {print $2}'")).toBe("65536");
  });

  test("a file of the host is mounted on a file", async () => {
    await sh(box.machine, "echo kept > /tmp/one-file");
    const binds = { Binds: ["/tmp/one-file:/etc/deep/one-file:ro"] };
    expect(await run("cat /etc/deep/one-file; echo x > /etc/deep/one-file", binds)).toContain("kept");
  });
});

describe("limits and settings of processes", () => {
  test.each([
    ["nofile", 100, 200, "Max open files +100 +200"],
    ["nproc", 30, 30, "Max processes +30 +30"],
    ["core", 0, 0, "Max core file size +0 +0"],
    ["stack", 1 << 20, -1, "Max stack size +1048576 +unlimited"],
  ])("--ulimit %s=%i:%i", async (Name, Soft, Hard, line) => {
    expect(await run("cat /proc/self/limits", { Ulimits: [{ Name, Soft, Hard }] })).toMatch(new RegExp(line));
  });

  test("a limit that there is not, or that contradicts itself, is refused", async () => {
    expect(await refusal({ Ulimits: [{ Name: "wings", Soft: 1, Hard: 1 }] })).toBe("invalid ulimit type: wings");
    expect(await refusal({ Ulimits: [{ Name: "nofile", Soft: 2, Hard: 1 }] })).toBe(
      "ulimit soft limit must be less than or equal to hard limit: 2 > 1",
    );
  });

  test("--sysctl: of its own namespaces, and no others", async () => {
    const Sysctls = { "net.ipv4.ip_forward": "1", "kernel.msgmax": "9000", "net/ipv4/tcp_ecn": "0" };
    const script = "cd /proc/sys; cat net/ipv4/ip_forward kernel/msgmax net/ipv4/tcp_ecn";
    expect(await run(script, { Sysctls })).toBe("1\n9000\n0");
    expect(await sh(box.machine, "cat /proc/sys/kernel/msgmax")).not.toBe("9000\n");
    const one = (name: string, more: object = {}) => refusal({ Sysctls: { [name]: "1" }, ...more });
    expect(await one("kernel.panic")).toBe('sysctl "kernel.panic" is not in a separate kernel namespace');
    expect(await one("net.ipv4.ip_forward", { NetworkMode: "host" })).toBe(
      'sysctl "net.ipv4.ip_forward" not allowed in host network namespace',
    );
    expect(await one("kernel.msgmax", { IpcMode: "host" })).toBe(
      'sysctl "kernel.msgmax" not allowed in host ipc namespace',
    );
    expect(await one("net/../kernel/panic")).toContain("invalid sysctl");
  });

  test.each([500, 0, -500])("--oom-score-adj %i", async (OomScoreAdj) => {
    await withContainer(sleeper({ OomScoreAdj }), ({ task }) => expect(task.oomScoreAdj).toBe(OomScoreAdj));
  });

  test("--oom-score-adj has a range, --oom-kill-disable is discarded with a warning, as by Docker", async () => {
    expect(await refusal({ OomScoreAdj: 1001 })).toBe("Invalid value 1001, range for oom score adj is [-1000, 1000]");
    const { Id, Warnings } = await box.api<{ Id: string; Warnings: string[] }>(
      "POST",
      "/containers/create",
      sleeper({ OomKillDisable: true }),
    );
    expect(Warnings).toEqual(["Your kernel does not support OomKillDisable. OomKillDisable discarded."]);
    await remove(Id);
  });

  test("--group-add: by name of the image's groups, and by number", async () => {
    expect(await run("id -G", { GroupAdd: ["www-data", "1234"] })).toBe("0 33 1234");
    const { Id } = await box.api<{ Id: string }>("POST", "/containers/create", sleeper({ GroupAdd: ["choir"] }));
    expect((await box.refused("POST", `/containers/${Id}/start`)).message).toContain("unable to find group choir");
    await remove(Id);
  });

  test("--cap-add and --cap-drop of ALL, in any spelling", async () => {
    const effective = async (hostConfig: object) =>
      BigInt(`0x${await run("awk '/CapEff/ {print $2}' /proc/self/status", hostConfig)}`);
    const all = (1n << 41n) - 1n;
    expect(await effective({ CapAdd: ["all"] })).toBe(all);
    expect(await effective({ CapDrop: ["ALL"] })).toBe(0n);
    expect(await effective({ CapAdd: ["ALL"], CapDrop: ["CAP_CHOWN"] })).toBe(all & ~1n);
    expect(await effective({ CapDrop: ["ALL"], CapAdd: ["cap_net_admin"] })).toBe(1n << 12n);
    expect(await effective({ Privileged: true, CapDrop: ["ALL"] })).toBe(all);
  });
});

describe("namespaces", () => {
  test("--ipc: shared memory goes with the namespace", async () => {
    const donor = await box.start(
      shell("echo deep > /dev/shm/note; exec sleep 1000", { IpcMode: "shareable" }),
      "donor",
    );
    await box.until(({ tasks }) => tasks.some(({ argv }) => argv.join(" ") === "sleep 1000"));
    expect(await run("cat /dev/shm/note; readlink /proc/self/ns/ipc", { IpcMode: "container:donor" })).toMatch(
      /^deep\n/,
    );
    const { task } = await firstProcess(donor);
    await withContainer(sleeper({ IpcMode: "container:donor" }), (joined) =>
      expect(joined.task.namespaces.ipc).toBe(task.namespaces.ipc),
    );
    await remove(donor);
    expect(await run("ls /dev | grep -c shm", { IpcMode: "none" })).toBe("0");
    expect(await refusal({ IpcMode: "sometimes" })).toBe("invalid IPC mode: sometimes");
  });

  test("what is not shareable is not shared", async () => {
    const closed = await box.start(sleeper(), "closed");
    const { Id } = await box.api<{ Id: string }>(
      "POST",
      "/containers/create",
      sleeper({ IpcMode: "container:closed" }),
    );
    expect((await box.refused("POST", `/containers/${Id}/start`)).message).toBe(
      `cannot join IPC of container ${closed}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    );
    await remove(Id);
    await remove(closed);
  });

  test("a terminal is /dev/console, too", async () => {
    await withContainer(sleeper({}, { Tty: true }), ({ task, view }) => {
      const console = mountAt(view, task.namespaces.mnt, "/dev/console");
      expect([console?.type, console?.root]).toEqual(["devpts", "/0"]);
      expect(task.tty).toBe("pts0");
    });
    expect(await run("ls /dev | grep -c console")).toBe("0");
  });

  test("an image without directories gets those that its mounts need", async () => {
    const { Id } = await box.api<{ Id: string }>("POST", "/containers/create", {
      Image: "hello",
      HostConfig: { ...ALONE, Init: true },
    });
    const ended = box.api<{ StatusCode: number }>("POST", `/containers/${Id}/wait?condition=next-exit`);
    await box.api("POST", `/containers/${Id}/start`);
    expect((await ended).StatusCode).toBe(0);
    await remove(Id);
  });
});
