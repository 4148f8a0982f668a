/** User namespaces: root inside is nobody of importance outside, and the picture shows both. */
import { beforeAll, describe, expect, test } from "vitest";
import { containerPaths } from "../../src/engine/container/paths";
import { DEFAULT_REMAP, usernsPlan } from "../../src/engine/container/userns";
import { shell } from "../../src/plan/shell";
import { undoAll } from "../../src/plan/undo";
import { engineForTest, type EngineForTest } from "../support/engine";
import { sh } from "../support/machine";

let box: EngineForTest;

beforeAll(async () => {
  box = await engineForTest({ usernsRemap: DEFAULT_REMAP });
  await box.pull("busybox");
});

const ROOT = 100_000;
const container = (script: string, hostConfig: object = {}, more: object = {}) => ({
  Image: "busybox",
  Cmd: ["sh", "-c", script],
  HostConfig: hostConfig,
  ...more,
});
const run = async (script: string, hostConfig?: object, more?: object) =>
  (await box.run(container(script, hostConfig, more))).output.trim();
const remove = (id: string) => box.api("DELETE", `/containers/${id}?force=1&v=1`);

async function firstProcess(id: string) {
  const { State } = await box.api<{ State: { Pid: number } }>("GET", `/containers/${id}/json`);
  const view = await box.until(({ tasks }) => tasks.some(({ pid }) => pid === State.Pid));
  return { task: view.tasks.find(({ pid }) => pid === State.Pid)!, view };
}

describe("a remapped container", () => {
  test("its root is user 100000 outside, with all it may do limited to its own namespaces", async () => {
    const id = await box.start(container("exec sleep 1000"));
    const { task, view } = await firstProcess(id);
    expect(task.credentials.uids).toEqual([ROOT, ROOT, ROOT, ROOT]);
    expect([task.credentials.insideUid, task.credentials.insideGid]).toEqual([0, 0]);
    const init = view.tasks.find(({ pid }) => pid === 1)!;
    const own = Object.entries(task.namespaces).filter(
      ([kind, inum]) => init.namespaces[kind as keyof typeof init.namespaces] !== inum,
    );
    expect(own.map(([kind]) => kind).toSorted()).toEqual(["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]);
    expect(task.seccomp).toBe(2);
    await remove(id);
  });

  test("the map is as runc writes it", async () => {
    expect(await run("cat /proc/self/uid_map /proc/self/gid_map")).toMatch(
      /^\s*0 +100000 +65536\n\s*0 +100000 +65536$/,
    );
  });

  test("files of the image are root's inside, whatever they are on disk, and can be written", async () => {
    expect(
      await run(
        "stat -c %u:%g / /etc/passwd /tmp /bin/busybox; echo x >> /etc/passwd && chown 33 /etc/group && stat -c %u /etc/group",
      ),
    ).toBe("0:0\n0:0\n0:0\n0:0\n33");
    const { GraphDriver } = await box.api<{ GraphDriver: { Data: { LowerDir: string } } }>(
      "GET",
      `/containers/${(await box.api<{ Id: string }>("POST", "/containers/create?name=look", container("true"))).Id}/json`,
    );
    const [layer] = GraphDriver.Data.LowerDir.split(":");
    // The layer itself is neither copied nor changed.
    expect(await sh(box.machine, `stat -c %u ${layer}/etc/passwd ${layer}/etc/group`)).toBe("0\n0\n");
    await remove("look");
  });

  test("what it writes belongs to its own users outside", async () => {
    const id = await box.start(container("touch /mine; chown 33:33 /mine; exec sleep 1000"));
    await box.until(({ tasks }) => tasks.some(({ argv }) => argv.join(" ") === "sleep 1000"));
    const upper = `/var/lib/box/overlay2/${id}/diff`;
    expect(await sh(box.machine, `stat -c %u:%g ${upper} ${upper}/mine`)).toBe("100000:100000\n100033:100033\n");
    await remove(id);
  });

  test("its network, names, limits, devices and settings work as without", async () => {
    expect(await run("hostname -i")).toMatch(/^172\.17\.0\.\d+$/);
    expect(
      await run(
        "echo > /dev/null; head -c 4 /dev/urandom | wc -c; hostname; cat /etc/hostname",
        {},
        { Hostname: "reef" },
      ),
    ).toBe("4\nreef\nreef");
    expect(
      await run("ulimit -n; cat /proc/sys/net/ipv4/ip_forward; ls /sys/class/net", {
        NetworkMode: "none",
        Ulimits: [{ Name: "nofile", Soft: 9000, Hard: 9000 }],
        Sysctls: { "net.ipv4.ip_forward": "1" },
      }),
    ).toBe("9000\n1\nlo");
    expect(await run("cat /sys/fs/cgroup/pids.max; touch /x 2>&1", { PidsLimit: 17, ReadonlyRootfs: true })).toBe(
      "17\ntouch: /x: Read-only file system",
    );
    const mapped = { Tty: true };
    const id = await box.start(
      container("tty > /said; echo console > /dev/console && echo written >> /said; exec sleep 1000", {}, mapped),
    );
    await box.until(({ tasks }) => tasks.some(({ argv }) => argv.join(" ") === "sleep 1000"));
    expect(await sh(box.machine, `cat /var/lib/box/overlay2/${id}/diff/said`)).toBe("/dev/pts/0\nwritten\n");
    await remove(id);
  });

  test("a user, a working directory and standard output are its own", async () => {
    expect(
      await run("id -u; id -g; pwd; echo out > /dev/stdout", {}, { User: "33:33", WorkingDir: "/deep/down" }),
    ).toBe("33\n33\n/deep/down\nout");
    expect(await run("touch here && echo written", {}, { WorkingDir: "/work" })).toBe("written");
  });

  test("exec joins it", async () => {
    const id = await box.start(container("exec sleep 1000"));
    const { Id } = await box.api<{ Id: string }>("POST", `/containers/${id}/exec`, {
      Cmd: ["sh", "-c", "id -u; cat /proc/self/uid_map; touch /by-exec; exec sleep 2000"],
    });
    await box.api("POST", `/exec/${Id}/start`, { Detach: true });
    const view = await box.until(({ tasks }) => tasks.some(({ argv }) => argv.join(" ") === "sleep 2000"));
    const task = view.tasks.find(({ argv }) => argv.join(" ") === "sleep 2000")!;
    expect([task.uid, task.credentials.insideUid]).toEqual([ROOT, 0]);
    expect(await sh(box.machine, `stat -c %u /var/lib/box/overlay2/${id}/diff/by-exec`)).toBe("100000\n");
    await remove(id);
  });

  test("a volume belongs to its root, a directory of the host to whom it belonged", async () => {
    expect(await run("touch /data/x && stat -c %u /data /data/x", { Binds: ["pool:/data"] })).toBe("0\n0");
    await sh(box.machine, "mkdir /tmp/hosts-own");
    expect(await run("stat -c %u /data; touch /data/x 2>&1", { Binds: ["/tmp/hosts-own:/data"] })).toBe(
      "65534\ntouch: /data/x: Permission denied",
    );
  });

  test("may mount and administer inside, and not outside, with the capability", async () => {
    const admin = { CapAdd: ["SYS_ADMIN", "SYS_TIME"], SecurityOpt: ["seccomp=unconfined"] };
    expect(
      await run("mkdir /m; mount -t tmpfs none /m && echo mounted; date -s 2000-01-01 2>&1 | head -n 1", admin),
    ).toContain("mounted\ndate: can't set date: Operation not permitted");
  });

  test("shares namespaces with another of its kind", async () => {
    const first = await box.start(container("exec sleep 1000"), "first");
    const second = await box.start(
      container("exec sleep 1000", { NetworkMode: "container:first", PidMode: "container:first" }),
    );
    const { task: one } = await firstProcess(first);
    const { task: two } = await firstProcess(second);
    expect([two.namespaces.user, two.namespaces.net, two.namespaces.pid]).toEqual([
      one.namespaces.user,
      one.namespaces.net,
      one.namespaces.pid,
    ]);
    await remove(second);
    await remove(first);
  });

  test("that was removed leaves the kernel as it was", async () => {
    const lasting = ({ namespaces, mounts, devices }: Awaited<ReturnType<typeof box.picture>>) => ({
      namespaces: namespaces.map(({ inum }) => inum).toSorted(),
      mounts: mounts.map(({ path }) => path).toSorted(),
      devices: devices.map(({ name }) => name).toSorted(),
    });
    const before = lasting(await box.until(({ tasks }) => !tasks.some(({ comm }) => comm === "box-shim")));
    const id = await box.start(container("exec sleep 1000"));
    const { view } = await firstProcess(id);
    expect(lasting(view)).not.toEqual(before);
    await remove(id);
    await box.until((now) => JSON.stringify(lasting(now)) === JSON.stringify(before));
  });
});

test("what a shell is told to do makes the same namespaces", async () => {
  const paths = containerPaths("f".repeat(64));
  await sh(box.machine, [`mkdir ${paths.run}`, ...shell(usernsPlan(DEFAULT_REMAP, paths))].join("\n"));
  const inside = `nsenter --user=${paths.userns} --net=/run/netns/${paths.netns}`;
  expect(await sh(box.machine, `${inside} cat /proc/self/uid_map`)).toMatch(/^\s*0 +100000 +65536\n$/);
  // Who is root in the one may change the other.
  expect(
    await sh(box.machine, `${inside} ip link set lo up && ip netns exec ${paths.netns} ip -br link show lo`),
  ).toContain("UNKNOWN");
  await sh(
    box.machine,
    shell(undoAll(usernsPlan(DEFAULT_REMAP, paths)).plan)
      .join("\n")
      .replace(/^rm(dir)? .*netns$/gm, ""),
  );
  expect(await sh(box.machine, `ls ${paths.run} /run/netns; rmdir ${paths.run}`)).not.toContain(paths.netns);
});

describe("who is remapped", () => {
  test("--userns=host opts out, and docker info says that the engine remaps", async () => {
    expect(await run("cat /proc/self/uid_map", { UsernsMode: "host" })).toMatch(/^\s*0 +0 +4294967295$/);
    const { SecurityOptions } = await box.api<{ SecurityOptions: string[] }>("GET", "/info");
    expect(SecurityOptions).toContain("name=userns");
  });

  test.each([
    [{ Privileged: true }, "privileged mode is incompatible with user namespaces."],
    [{ NetworkMode: "host" }, "cannot share the host's network namespace when user namespaces are enabled"],
    [{ PidMode: "host" }, "cannot share the host PID namespace when user namespaces are enabled"],
    [{ UsernsMode: "sometimes" }, "invalid USER mode: sometimes"],
  ])("%o is refused in Docker's words", async (hostConfig, words) => {
    expect((await box.refused("POST", "/containers/create", container("true", hostConfig))).message).toContain(words);
  });

  test("privileged containers run with --userns=host", async () => {
    expect(await run("id -u", { Privileged: true, UsernsMode: "host" })).toBe("0");
  });
});
