/** What the picture says of tasks and namespaces in detail, against the guest's own files, under seeded changes. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { debugInfo } from "../../src/kernel/debuginfo";
import { PAGE_OFFSET } from "../../src/kernel/memory";
import type { Layout } from "../../src/protocol/layout";
import type { Namespace } from "../../src/protocol/namespace";
import type { Task } from "../../src/protocol/task";
import type { KernelView } from "../../src/protocol/view";
import { compareTasks } from "../support/compare";
import { sh } from "../support/machine";
import { observedMachine } from "../support/observed-machine";
import { isOperated, PREPARE } from "../support/operations/tasks";
import { FILTER_ADDRESS, SYSCALL_PROGRAM, syscall } from "../support/syscall-program";
import { LOAD_ADDRESS } from "../support/static-program";
import { ipcDisagreements, parseQueues, parseSystemV } from "../support/witness/tasks";

const layoutFile = new URL("../../images/machine/layout.json", import.meta.url);
const layout = JSON.parse(readFileSync(layoutFile, "utf8")) as Layout;

const guest = await observedMachine(PREPARE);
const { machine, picture, until } = guest;

const operated = (view: KernelView, id: string): Task | undefined =>
  view.tasks.find((task) => isOperated(task, id) && task.state !== "Z");
const asleep = (task: Task | undefined) => task?.state === "S" || task?.state === "D";

/** Starts a command that outlives the script, and waits until it sleeps by this number. */
async function start(command: string, id: string): Promise<{ view: KernelView; task: Task }> {
  await sh(machine, `setsid ${command} </dev/null >/dev/null 2>&1 &`);
  const view = await until((view) => asleep(operated(view, id)));
  return { view, task: operated(view, id)! };
}

function namespaceOf(view: KernelView, task: Task, kind: Namespace["kind"]): Namespace {
  return view.namespaces.find((namespace) => namespace.kind === kind && namespace.inum === task.namespaces[kind])!;
}

test("places have hostile names, and say when those are gone", async () => {
  const name = "\u001b[31m \u202e<b>é\n\\x";
  const octal = [...new TextEncoder().encode(name)].map((byte) => `\\0${byte.toString(8).padStart(3, "0")}`).join("");
  const enter = `cd /tmp; d="$(printf "%b" "${octal}")"; mkdir "$d"; cd "$d"; rmdir "../$d"; exec sleep 200001`;
  const { task } = await start(`sh -c '${enter}'`, "200001");
  expect(task.cwd).toMatchObject({ path: `/tmp/${name}`, deleted: true });
  expect(task.root).toMatchObject({ path: "/", deleted: false });
  await sh(machine, `kill -9 ${task.pid}`);
});

test("a program in memory alone has a name without a directory", async () => {
  const calls = [
    syscall("memfd_create", "only here", 0),
    syscall("write", 3, LOAD_ADDRESS, SYSCALL_PROGRAM.length),
    syscall("execve", "/proc/self/fd/3", 0, 0),
  ];
  await sh(machine, `setsid /tmp/syscalls ${calls.join(" ")} </dev/null >/dev/null 2>&1 &`);
  const view = await until((view) =>
    view.tasks.some((task) => task.exe?.path.startsWith("/memfd:") && task.state === "S"),
  );
  const { pid, exe } = view.tasks.find((task) => task.exe?.path.startsWith("/memfd:"))!;
  expect(`${exe!.path} (deleted)`).toBe((await sh(machine, `readlink /proc/${pid}/exe`)).trim());
  await sh(machine, `kill -9 ${pid}`);
});

test("the path in another mount namespace is that from its own root", async () => {
  const inside =
    "mount -t tmpfs new /mnt; mkdir -p /mnt/a/b /mnt/old; cp /bin/busybox /mnt/a/sleep; cd /mnt; pivot_root . old; cd /a/b; exec /a/sleep 200002";
  const { task } = await start(`unshare -m sh -c '${inside}'`, "200002");
  expect([task.root?.path, task.cwd?.path, task.exe?.path]).toEqual(["/", "/a/b", "/a/sleep"]);
  expect(task.cwd!.mount).toBe(task.root!.mount);
  await compareTasks(guest, "pivoted", ["200002"]);
});

test("seccomp, no_new_privs and a subreaper show", async () => {
  const [PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS] = [22, 36, 38];
  const pause = syscall("pause");
  const by = async (words: string) => {
    await sh(
      machine,
      `cp /tmp/syscalls /tmp/p200003; setsid /tmp/p200003 ${words} ${pause} </dev/null >/dev/null 2>&1 &`,
    );
    const view = await until((view) => asleep(operated(view, "200003")));
    const task = operated(view, "200003")!;
    const lines = await sh(machine, `grep -E 'Seccomp:|NoNewPrivs' /proc/${task.pid}/status`);
    await sh(machine, `kill -9 ${task.pid}`);
    await until((view) => !operated(view, "200003"));
    return { task, lines };
  };
  const filtered = await by(syscall("prctl", PR_SET_SECCOMP, 2, FILTER_ADDRESS));
  expect(filtered.task).toMatchObject({ seccomp: 2, noNewPrivs: false, childSubreaper: false });
  expect(filtered.lines).toMatch(/NoNewPrivs:\t0\nSeccomp:\t2/);
  const bound = await by(syscall("prctl", PR_SET_NO_NEW_PRIVS, 1));
  expect(bound.task).toMatchObject({ seccomp: 0, noNewPrivs: true, childSubreaper: false });
  expect(bound.lines).toMatch(/NoNewPrivs:\t1\nSeccomp:\t0/);
  const subreaper = await by(syscall("prctl", PR_SET_CHILD_SUBREAPER, 1));
  expect(subreaper.task).toMatchObject({ seccomp: 0, noNewPrivs: false, childSubreaper: true });
});

test("a stopped process is frozen only in a frozen cgroup", async () => {
  const cgroup = "/sys/fs/cgroup/ops/c";
  const { task } = await start(`sh -c 'echo 0 > ${cgroup}/cgroup.procs; exec sleep 200004'`, "200004");
  const of = (view: KernelView) => view.tasks.find(({ address }) => address === task.address)!;
  await sh(machine, `kill -STOP ${task.pid}`);
  expect(of(await until((view) => of(view).state === "T")).frozen).toBe(false);
  await sh(machine, `echo 1 > ${cgroup}/cgroup.freeze`);
  expect(of(await until((view) => of(view).frozen)).frozen).toBe(true);
  expect(await sh(machine, `cat ${cgroup}/cgroup.events`)).toContain("frozen 1");
  await sh(machine, `echo 0 > ${cgroup}/cgroup.freeze; kill -CONT ${task.pid}`);
  expect(of(await until((view) => of(view).state === "S")).frozen).toBe(false);
});

test("an ipc namespace has its own objects, with their state", async () => {
  const shmget = syscall("shmget", 77, 12345, 0o1640);
  const semget = syscall("semget", 78, 9, 0o1600);
  const msgget = syscall("msgget", 79, 0o1666);
  // The first identifiers of a namespace are 0.
  const calls = [
    shmget,
    syscall("shmget", 0, 4096, 0o1600),
    semget,
    msgget,
    syscall("msgsnd", 0, "typeHELLO", 5, 0),
    syscall("msgsnd", 0, "typeWORLD!", 6, 0),
    syscall("shmat", 0, 0, 0),
    syscall("mq_open", "jobs", 0o102, 0o640, 0),
    syscall("mq_timedsend", 3, "work", 4, 0, 0),
    syscall("mq_open", "gone", 0o102, 0o600, 0),
    syscall("pause"),
  ];
  await sh(
    machine,
    `cp /tmp/syscalls /tmp/p200005; setsid unshare -i /tmp/p200005 ${calls.join(" ")} </dev/null >/dev/null 2>&1 &`,
  );
  const view = await until((view) => asleep(operated(view, "200005")));
  const task = operated(view, "200005")!;
  const inside = `nsenter -t ${task.pid} -i unshare -m sh -c`;
  const system = await sh(
    machine,
    `nsenter -t ${task.pid} -i cat /proc/sysvipc/sem /proc/sysvipc/msg /proc/sysvipc/shm`,
  );
  const show = 'mkdir -p /tmp/mq; mount -t mqueue mqueue /tmp/mq; ls -ln /tmp/mq; grep -H "" /tmp/mq/*';
  const queues = parseQueues(await sh(machine, `${inside} '${show}'`));
  const { ipc } = namespaceOf(view, task, "ipc");
  expect(ipc!.map(({ kind, key, name, size, use }) => [kind, name ?? key, size, use])).toEqual([
    ["sem", 78, 9, undefined],
    ["msg", 79, 2, 11],
    ["shm", 77, 12345, 1],
    ["shm", 0, 4096, 0],
    ["mqueue", expect.any(String), expect.any(Number), expect.any(Number)],
    ["mqueue", expect.any(String), expect.any(Number), expect.any(Number)],
  ]);
  expect(ipc!.find(({ name }) => name === "jobs")).toMatchObject({ size: 1, use: 4, mode: 0o640 });
  expect(ipcDisagreements(ipc!, { ...parseSystemV(system), mqueue: queues })).toEqual([]);
  // A queue that is removed while somebody has it open has no name any more.
  await sh(machine, `${inside} 'mount -t mqueue mqueue /mnt; rm /mnt/gone'`);
  const later = namespaceOf(await picture(), task, "ipc").ipc!;
  expect(later.filter(({ kind }) => kind === "mqueue").map(({ name }) => name)).toEqual(["jobs"]);
  await sh(machine, `kill -9 ${task.pid}`);
});

test("a cgroup namespace is rooted where its first member was", async () => {
  const enter = "echo 0 > /sys/fs/cgroup/ops/a/b/cgroup.procs; exec unshare -C sleep 200006";
  const { task } = await start(`sh -c '${enter}'`, "200006");
  await sh(machine, `echo ${task.pid} > /sys/fs/cgroup/ops/c/cgroup.procs`);
  const view = await picture();
  const root = namespaceOf(view, task, "cgroup").cgroupRoot;
  expect([root, operated(view, "200006")!.cgroup]).toEqual(["/ops/a/b", "/ops/c"]);
  // From inside, init's cgroup is so far up, and the task's own a way round.
  const seen = await sh(machine, `nsenter -t ${task.pid} -C cat /proc/1/cgroup /proc/${task.pid}/cgroup`);
  expect(seen).toBe("0::/../../..\n0::/../../c\n");
});

test("the reaper of a pid namespace is its first process, and nobody before and after", async () => {
  const { view, task } = await start("unshare -p sleep 200007", "200007");
  const next = task.forChildren!.pid!;
  expect(next).not.toBe(task.namespaces.pid);
  const empty = view.namespaces.find(({ kind, inum }) => kind === "pid" && inum === next)!;
  expect([empty.childReaper, empty.level]).toEqual([undefined, 1]);
  expect(namespaceOf(view, task, "pid").childReaper).toBe(1);

  const child = await start("unshare -pf sh -c 'sleep 200008; :'", "200008");
  const first = child.view.tasks.find(({ pid }) => pid === child.task.ppid)!;
  expect(namespaceOf(child.view, child.task, "pid").childReaper).toBe(first.pid);
  expect(first.pids.at(-1)!.pid).toBe(1);
  const above = child.view.tasks.find(({ pid }) => pid === first.ppid)!;
  await sh(machine, `kill -STOP ${above.pid}; kill -9 ${first.pid}`);
  const zombie = await until((view) => view.tasks.find(({ address }) => address === first.address)?.state === "Z");
  expect(zombie.tasks.find(({ address }) => address === first.address)!.exitStatus).toBe(9);
  await sh(machine, `kill -9 ${task.pid} ${above.pid}`);

  // The parent's nsproxy keeps the namespace when its first process is long gone, and the kernel's pointer leads nowhere.
  const late = await start("unshare -p sh -c 'sleep 0 & wait; exec sleep 200012'", "200012");
  const dead = late.view.namespaces.find(({ kind, inum }) => kind === "pid" && inum === late.task.forChildren!.pid)!;
  const { child_reaper } = debugInfo(layout).fields.pid_namespace;
  const at = dead.address - PAGE_OFFSET + child_reaper.offset;
  expect(new DataView(machine.emulator.ram().buffer).getUint32(machine.emulator.ram().byteOffset + at, true)).not.toBe(
    0,
  );
  expect(dead.childReaper).toBeUndefined();
});

test("offsets of clocks may be negative", async () => {
  const { view, task } = await start("unshare -T --monotonic 100 --boottime -1 sleep 200009", "200009");
  const inside = namespaceOf(view, task, "time");
  expect(inside.timeOffsets).toEqual({ monotonicNs: 100e9, boottimeNs: -1e9 });
  expect((await sh(machine, `cat /proc/${task.pid}/timens_offsets`)).replace(/ +/g, " ")).toBe(
    "monotonic 100 0\nboottime -1 0\n",
  );
});

test("threads share credentials, and the name of a terminal is that of its device", async () => {
  const view = await picture();
  const shells = view.tasks.filter((task) => task.tty !== undefined);
  expect(shells.length).toBeGreaterThan(0);
  for (const { tty, sid } of shells) {
    expect(tty).toMatch(/^hvc\d$/);
    expect(sid).toBeGreaterThan(0);
    await sh(machine, `test -c /dev/${tty}`);
  }
  const byAddress = new Map(view.tasks.map(({ credentials }) => [credentials.address, credentials]));
  for (const { credentials } of view.tasks) expect(byAddress.get(credentials.address)).toBe(credentials);
});

test("evidence names a command that shows the same", async () => {
  const command =
    "unshare -U --map-root-user setpriv --no-new-privs sh -c 'echo 55 > /proc/self/oom_score_adj; cd /tmp; exec sleep 200010'";
  const { task } = await start(command, "200010");
  const facts = [
    "tgid",
    "pgid",
    "sid",
    "environmentBytes",
    "exe",
    "root",
    "cwd",
    "uids",
    "gids",
    "inheritable",
    "permitted",
  ];
  facts.push("effective", "bounding", "ambient", "insideUid", "insideGid", "seccomp", "oomScoreAdj", "exitStatus");
  for (const fact of facts) {
    const found = await machine.evidence({ object: "task", address: task.address, fact });
    if (!found.ok) throw new Error(found.failure.what);
    const { command, value } = found.value;
    const shown = (await sh(machine, command!)).trim();
    const wanted = value.replace(/^"|"$/g, "").replace("none", "0");
    const words = shown.split(/\s+/);
    for (const word of wanted.split(" ")) expect(words, `${fact}: ${command}`).toContain(word);
  }
  const rss = await machine.evidence({ object: "task", address: task.address, fact: "rssBytes" });
  if (!rss.ok) throw new Error(rss.failure.what);
  expect(await sh(machine, rss.value.command!)).toContain(` ${Number(rss.value.value) / 1024} kB`);
});
