/** What the engine is asked for is what the kernel has; what is removed leaves nothing. The kernel picture is the witness. */
import { beforeAll, describe, expect, test } from "vitest";
import type { KernelView } from "../../src/protocol/view";
import { engineForTest, type EngineForTest } from "../support/engine";

let box: EngineForTest;
/** What there is of lasting things while there is no container. */
let pristine: unknown;

beforeAll(async () => {
  box = await engineForTest();
  await box.pull("busybox");
  // The first container makes docker0, which stays.
  await box.run(sleeper({ Cmd: ["true"] }));
  // The kernel's own kdevtmpfs has a mount namespace to itself.
  const over = ({ namespaces, tasks }: KernelView) =>
    namespaces.every(({ initial, kind }) => initial || kind === "mnt") &&
    !tasks.some(({ comm }) => comm === "box-shim");
  pristine = remains(await box.until(over));
});

/** The first process of a running container, in the picture. */
async function firstProcess(id: string, picture?: KernelView) {
  const { State } = await box.api<{ State: { Pid: number } }>("GET", `/containers/${id}/json`);
  const view = picture ?? (await box.until(({ tasks }) => tasks.some(({ pid }) => pid === State.Pid)));
  return { task: view.tasks.find(({ pid }) => pid === State.Pid)!, view };
}

const sleeper = (more: object = {}) => ({ Image: "busybox", Cmd: ["sleep", "1000"], ...more });
const remove = (id: string) => box.api("DELETE", `/containers/${id}?force=1&v=1`);

/** What there is of lasting things: a container that is gone must have left it as it was. */
function remains(view: KernelView): unknown {
  return {
    tasks: view.tasks.filter(({ comm }) => comm === "box-shim" || comm === "sleep").map(({ comm }) => comm),
    namespaces: view.namespaces.map(({ inum }) => inum).toSorted(),
    cgroups: view.cgroups.map(({ path }) => path).toSorted(),
    mounts: view.mounts.map(({ path }) => path).toSorted(),
    devices: view.devices.map(({ name }) => name).toSorted(),
  };
}

/** A network namespace is taken down by a worker of the kernel, a moment after its container. */
const untilPristine = () => box.until((view) => JSON.stringify(remains(view)) === JSON.stringify(pristine));

describe("a container", () => {
  test("has namespaces, a cgroup, a root and a network of its own", async () => {
    const id = await box.start(sleeper(), "plain");
    const { task, view } = await firstProcess(id);
    const init = view.tasks.find(({ pid }) => pid === 1)!;
    const differs = Object.entries(task.namespaces).filter(
      ([kind, inum]) => init.namespaces[kind as keyof typeof init.namespaces] !== inum,
    );
    expect(differs.map(([kind]) => kind).toSorted()).toEqual(["cgroup", "ipc", "mnt", "net", "pid", "uts"]);
    expect(task.pids.at(-1)?.pid).toBe(1);
    expect(task.cgroup).toBe(`/docker/${id}`);
    await remove(id);
  });

  test("that was removed leaves the kernel as it was", async () => {
    const ports = { "80/tcp": [{ HostPort: "8081" }] };
    const id = await box.start(sleeper({ HostConfig: { Memory: 32 << 20, PortBindings: ports } }));
    expect(remains(await box.picture())).not.toEqual(pristine);
    await remove(id);
    expect(remains(await untilPristine())).toEqual(pristine);
  });

  test("that could not be started leaves nothing, and says why in Docker's words", async () => {
    const { Id } = await box.api<{ Id: string }>("POST", "/containers/create", sleeper({ Cmd: ["no-such-program"] }));
    const { status, message } = await box.refused("POST", `/containers/${Id}/start`);
    expect(status).toBe(400);
    expect(message).toContain('exec: "no-such-program": executable file not found in $PATH');
    await remove(Id);
    expect(remains(await untilPristine())).toEqual(pristine);
  });
});

describe("an option of run is a fact of the kernel", () => {
  test.each([
    ["Memory", { Memory: 64 << 20 }, "memory.max", "67108864"],
    ["PidsLimit", { PidsLimit: 17 }, "pids.max", "17"],
    ["NanoCpus", { NanoCpus: 500_000_000 }, "cpu.max", "50000 100000"],
    ["CpuShares", { CpuShares: 512 }, "cpu.weight", "20"],
  ])("%s", async (_name, hostConfig, file, value) => {
    const { output } = await box.run(sleeper({ Cmd: ["cat", `/sys/fs/cgroup/${file}`], HostConfig: hostConfig }));
    expect(output.trim()).toBe(value);
  });

  test("CapAdd and CapDrop decide what root may do; the picture has the same sets as /proc", async () => {
    const id = await box.start(sleeper({ HostConfig: { CapDrop: ["ALL"], CapAdd: ["CHOWN", "NET_RAW"] } }));
    const { task } = await firstProcess(id);
    const bits = (1n << 0n) | (1n << 13n);
    expect(BigInt(`0x${task.credentials.effective}`)).toBe(bits);
    expect(BigInt(`0x${task.credentials.bounding}`)).toBe(bits);
    await remove(id);
  });

  test.each([
    ["PidMode", "pid"],
    ["NetworkMode", "net"],
    ["IpcMode", "ipc"],
    ["UTSMode", "uts"],
    ["CgroupnsMode", "cgroup"],
  ] as const)("%s=host shares that namespace with the host", async (option, kind) => {
    const id = await box.start(sleeper({ HostConfig: { [option]: "host" } }));
    const { task, view } = await firstProcess(id);
    expect(task.namespaces[kind]).toBe(view.tasks.find(({ pid }) => pid === 1)!.namespaces[kind]);
    await remove(id);
  });

  test("container:ID joins the namespaces of another container", async () => {
    const first = await box.start(sleeper(), "first");
    const second = await box.start(
      sleeper({ HostConfig: { NetworkMode: "container:first", PidMode: "container:first" } }),
    );
    const { task: one, view } = await firstProcess(first);
    const { task: two } = await firstProcess(second, view.tasks.length ? undefined : view);
    expect(two.namespaces.net).toBe(one.namespaces.net);
    expect(two.namespaces.pid).toBe(one.namespaces.pid);
    expect(two.namespaces.mnt).not.toBe(one.namespaces.mnt);
    await remove(second);
    await remove(first);
  });

  test.each([
    ["a user by number", { User: "1000:1000" }, ["id", "-u"], "1000"],
    ["a working directory that is made", { WorkingDir: "/deep/down" }, ["pwd"], "/deep/down"],
    ["a host name", { Hostname: "reef" }, ["hostname"], "reef"],
    ["a variable", { Env: ["A=b c"] }, ["sh", "-c", "echo $A"], "b c"],
    ["an entrypoint", { Entrypoint: ["echo", "from"] }, ["outside"], "from outside"],
    [
      "a limit of open files",
      { HostConfig: { Ulimits: [{ Name: "nofile", Soft: 100, Hard: 200 }] } },
      ["sh", "-c", "ulimit -Sn; ulimit -Hn"],
      "100\n200",
    ],
    ["a tmpfs", { HostConfig: { Tmpfs: { "/scratch": "size=1m" } } }, ["sh", "-c", "stat -f -c %T /scratch"], "tmpfs"],
    [
      "a root that cannot be written",
      { HostConfig: { ReadonlyRootfs: true } },
      ["sh", "-c", "touch /x 2>&1"],
      "touch: /x: Read-only file system",
    ],
  ])("%s", async (_name, config, command, expected) => {
    const { output } = await box.run(sleeper({ ...config, Cmd: command }));
    expect(output.trim()).toBe(expected);
  });

  test("what only the host may know is covered, what must not be written is read-only", async () => {
    const { output } = await box.run(
      sleeper({
        Cmd: [
          "sh",
          "-c",
          "cat /proc/timer_list /proc/interrupts | wc -c; echo 1 > /proc/sys/kernel/panic; ls /sys/firmware | wc -l",
        ],
      }),
    );
    expect(output).toContain("0\n");
    expect(output).toContain("Read-only file system");
  });
});

describe("the life of a container", () => {
  test("its exit code, or its signal, is what wait and inspect say", async () => {
    expect((await box.run(sleeper({ Cmd: ["sh", "-c", "exit 7"] }))).exitCode).toBe(7);
    expect(
      (await box.run(sleeper({ Cmd: ["sh", "-c", "kill -9 $$; sleep 5 & kill -TERM $!; wait $!; exit $?"] }))).exitCode,
    ).toBe(143);
  });

  test("without memory it is killed, and inspect says so", async () => {
    const config = sleeper({
      Cmd: ["dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"],
      HostConfig: { Memory: 16 << 20 },
    });
    const { Id } = await box.api<{ Id: string }>("POST", "/containers/create", config);
    const ended = box.api("POST", `/containers/${Id}/wait?condition=next-exit`);
    await box.api("POST", `/containers/${Id}/start`);
    await ended;
    const { State } = await box.api<{ State: { OOMKilled: boolean; ExitCode: number } }>(
      "GET",
      `/containers/${Id}/json`,
    );
    expect(State).toMatchObject({ OOMKilled: true, ExitCode: 137 });
    await remove(Id);
  });

  test("stop asks first, and kills what does not listen", async () => {
    const deaf = await box.start(sleeper());
    await box.api("POST", `/containers/${deaf}/stop?t=0`);
    const { State } = await box.api<{ State: { ExitCode: number } }>("GET", `/containers/${deaf}/json`);
    expect(State.ExitCode).toBe(137);
    await remove(deaf);
    const listens = await box.start(
      sleeper({ Cmd: ["sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done"] }),
    );
    await box.until(({ tasks }) => tasks.some(({ argv }) => argv.join(" ") === "sleep 0.1"));
    await box.api("POST", `/containers/${listens}/stop?t=60`);
    expect((await box.api<{ State: { ExitCode: number } }>("GET", `/containers/${listens}/json`)).State.ExitCode).toBe(
      5,
    );
    await remove(listens);
  });

  test("paused it stands still, in the picture as in the list", async () => {
    const id = await box.start(sleeper(), "still");
    await box.api("POST", `/containers/${id}/pause`);
    const view = await box.until(({ cgroups }) =>
      cgroups.some(({ path, frozen }) => path === `/docker/${id}` && frozen),
    );
    expect(view.cgroups.find(({ path }) => path === `/docker/${id}`)?.frozen).toBe(true);
    expect((await box.refused("POST", `/containers/${id}/pause`)).message).toContain("is already paused");
    await box.api("POST", `/containers/${id}/unpause`);
    await remove(id);
  });

  test("names are unique, and a running container is not removed by accident", async () => {
    const id = await box.start(sleeper(), "one-name");
    const again = await box.refused("POST", "/containers/create?name=one-name", sleeper());
    expect(again).toEqual({
      status: 409,
      message: `Conflict. The container name "/one-name" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    });
    expect((await box.refused("DELETE", "/containers/one-name")).message).toContain(
      "container is running: stop the container before removing or force remove",
    );
    await remove(id);
    expect(await box.refused("GET", "/containers/one-name/json")).toEqual({
      status: 404,
      message: "No such container: one-name",
    });
  });

  test("twenty are run at once, and each tells its own", async () => {
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    const ended = await Promise.all(
      numbers.map((index) => box.run(sleeper({ Cmd: ["sh", "-c", `echo ${index}; exit ${index}`] }))),
    );
    expect(ended).toEqual(numbers.map((index) => ({ output: `${index}\n`, exitCode: index })));
  });
});

describe("volumes and networks", () => {
  test("a volume outlives its container, and the first use fills it with what the image has there", async () => {
    await box.api("POST", "/volumes/create", { Name: "data" });
    const binds = { HostConfig: { Binds: ["data:/etc"] } };
    await box.run(sleeper({ ...binds, Cmd: ["sh", "-c", "echo kept > /etc/mine"] }));
    const { output } = await box.run(sleeper({ ...binds, Cmd: ["sh", "-c", "cat /etc/mine; ls /etc/passwd"] }));
    expect(output).toBe("kept\n/etc/passwd\n");
    await box.api("DELETE", "/volumes/data");
    expect((await box.refused("GET", "/volumes/data")).message).toBe("get data: no such volume");
  });

  test("a published port of the host leads to the container", async () => {
    await box.pull("web");
    const id = await box.start({ Image: "web", HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "8080" }] } } });
    await box.until(({ sockets }) => sockets.some(({ state, local }) => state === "LISTEN" && local?.endsWith(":80")));
    const { output } = await box.run(sleeper({ Cmd: ["wget", "-q", "-O", "-", "http://172.17.0.1:8080/"] }));
    expect(output).toContain("<!doctype html>");
    const taken = await box.api<{ Id: string }>(
      "POST",
      "/containers/create",
      sleeper({ HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "8080" }] } } }),
    );
    expect((await box.refused("POST", `/containers/${taken.Id}/start`)).message).toContain("port is already allocated");
    await remove(taken.Id);
    await remove(id);
  });

  test("containers of one network reach each other, and not those of another", async () => {
    await box.api("POST", "/networks/create", { Name: "inner" });
    const id = await box.start(sleeper({ HostConfig: { NetworkMode: "inner" } }));
    const { NetworkSettings } = await box.api<{ NetworkSettings: { Networks: { inner: { IPAddress: string } } } }>(
      "GET",
      `/containers/${id}/json`,
    );
    const address = NetworkSettings.Networks.inner.IPAddress;
    const ping = { Cmd: ["ping", "-c", "1", "-W", "1", address] };
    expect((await box.run(sleeper({ ...ping, HostConfig: { NetworkMode: "inner" } }))).exitCode).toBe(0);
    expect((await box.refused("DELETE", "/networks/inner")).status).toBe(403);
    await remove(id);
    await box.api("DELETE", "/networks/inner");
  });
});

test("an engine that is started anew finds the containers that went on without it", async () => {
  const id = await box.start(sleeper({ Cmd: ["sh", "-c", "echo before; sleep 1000"] }), "survivor");
  const { task } = await firstProcess(id);
  box.engine.close();
  const { engineOn } = await import("../../src/node/engine");
  const { REGISTRY_DIRECTORY } = await import("../../images/library/build");
  const next = await engineOn(box.machine, REGISTRY_DIRECTORY);
  const ask = async (method: string, path: string) => {
    const answer = await next.handle(new Request(`http://docker${path}`, { method }));
    if (!(answer instanceof Response)) throw new Error("a connection was not expected");
    return answer;
  };
  const { State } = (await (await ask("GET", "/containers/survivor/json")).json()) as {
    State: { Pid: number; Running: boolean };
  };
  expect(State).toMatchObject({ Running: true, Pid: task.pid });
  const stopped = await ask("POST", "/containers/survivor/stop?t=0");
  expect(stopped.status).toBe(204);
  expect((await ask("DELETE", "/containers/survivor")).status).toBe(204);
  next.close();
});
