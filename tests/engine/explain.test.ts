/** `--explain`: the plan in a root shell comes to the same as the engine's own hands. The kernel picture is the witness. */
import { beforeAll, expect, test } from "vitest";
import type { KernelView } from "../../src/protocol/view";
import type { Task } from "../../src/protocol/task";
import { engineForTest, type EngineForTest } from "../support/engine";

let box: EngineForTest;
beforeAll(async () => {
  box = await engineForTest();
  await box.pull("busybox");
});

async function shell(script: string): Promise<string> {
  const { stdout, stderr, ...status } = await box.machine.agent.execute({ script });
  const [said, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!("exitCode" in status) || status.exitCode !== 0) throw new Error(`${script}: ${complained || said}`);
  return said;
}

const sleeping = ({ tasks }: KernelView, seconds: string) =>
  tasks.find(({ argv, pids }) => argv.join(" ") === `sleep ${seconds}` && pids.length > 1);

/** What makes a container, without what is chosen by chance. */
function made(view: KernelView, task: Task, id: string): unknown {
  const plain = (text: string) =>
    text
      .replaceAll(id, "ID")
      .replaceAll(id.slice(0, 12), "ID")
      .replace(/veth\w+/g, "veth");
  const host = view.tasks.find(({ pid }) => pid === 1)!;
  const kinds = Object.keys(task.namespaces) as (keyof typeof task.namespaces)[];
  const cgroup = view.cgroups.find(({ path }) => path === task.cgroup)!;
  return {
    own: kinds.filter((kind) => task.namespaces[kind] !== host.namespaces[kind]).toSorted(),
    level: task.pids.length,
    user: [task.uid, task.gid],
    credentials: { ...task.credentials, address: undefined },
    seccomp: task.seccomp,
    mounts: view.mounts
      .filter(({ namespace }) => namespace === task.namespaces.mnt)
      .map(({ path, root, type, source, options, superOptions }) =>
        plain([path, root, type, source, options, superOptions].join(" ")),
      ),
    cgroup: plain(cgroup.path),
    memoryMax: cgroup.memory?.maxBytes,
    pidsMax: cgroup.pids?.max,
    devices: view.devices
      .filter(({ namespace }) => namespace === task.namespaces.net)
      .map(({ name, mac, addresses, up }) => [
        name,
        mac,
        addresses.map(({ local, prefixLength }) => `${local}/${prefixLength}`),
        up,
      ]),
    uts: plain(JSON.stringify(view.namespaces.find(({ inum }) => inum === task.namespaces.uts)?.uts)),
  };
}

test.each([
  ["with nothing asked for", ""],
  [
    "with limits, a user, a tmpfs, a volume, a port and fewer rights",
    "--memory 32m --pids-limit 20 -u 65534:65534 --tmpfs /scratch -v data:/data -p 8080:80 --cap-drop CHOWN --ulimit nofile=64:64",
  ],
  ["with rights of its own", "--cap-add NET_ADMIN --read-only --hostname named"],
])("%s", async (_, options) => {
  const command = `docker run -d ${options} busybox sleep 4321`;
  const id = (await shell(command)).trim();
  const real = await box.until((view) => sleeping(view, "4321") !== undefined);
  const wanted = made(real, sleeping(real, "4321")!, id);
  await shell(`docker rm -f ${id}; docker volume rm data 2>/dev/null; :`);
  await box.until(
    (view) => sleeping(view, "4321") === undefined && !view.cgroups.some(({ path }) => path.includes(id)),
  );

  const text = await shell(command.replace("run", "run --explain"));
  expect(await shell("docker ps -aq")).toBe("");
  const other = /[0-9a-f]{64}/.exec(text)![0];
  await box.machine.agent.execute(
    // Read as it comes, line by line, as what is pasted.
    { argv: ["sh"], stdin: true },
    new TextEncoder().encode(text.replace(/ &$/m, " >/dev/null 2>&1 &")),
  );
  const pasted = await box.until((view) => sleeping(view, "4321") !== undefined);
  expect(made(pasted, sleeping(pasted, "4321")!, other)).toEqual(wanted);
  // The one difference, which the text tells: setpriv cannot set a filter without it.
  expect(text).toContain("no_new_privs");
  expect(sleeping(pasted, "4321")!.noNewPrivs).toBe(true);

  await shell(`
    echo 1 > /sys/fs/cgroup/docker/${other}/cgroup.kill
    umount /var/lib/box/overlay2/${other}/merged
    ip netns delete box-${other.slice(0, 12)}
    iptables -t nat -F PREROUTING; iptables -t nat -F OUTPUT
    rm -r /run/box/${other} /var/lib/box/overlay2/${other} /var/lib/box/containers/${other}`);
});

test("what is wrong with a command is said as if it had been meant", async () => {
  await expect(shell("docker run --explain no-such-image")).rejects.toThrow("pull access denied");
  await expect(shell("docker rm --explain nobody")).rejects.toThrow("No such container: nobody");
});

test("what changes nothing in the kernel says so", async () => {
  await shell("docker create --name idle busybox true");
  expect(await shell("docker rename --explain idle other")).toContain("the kernel has no part in it");
  expect(await shell("docker rm --explain idle")).toContain("rm -rf /var/lib/box/overlay2/");
  expect(await shell("docker ps -a --format '{{.Names}}'")).toBe("idle\n");
  await shell("docker rm idle");
});
