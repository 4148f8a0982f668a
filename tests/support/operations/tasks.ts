/** Random changes of what the picture says of tasks and namespaces. Every process ends as `sleep ID` or `/tmp/pID`. */
import type { KernelView } from "../../../src/protocol/view";
import { writeFileCommand } from "../static-program";
import { SYSCALL_PROGRAM, syscall } from "../syscall-program";

/** Once before the first operation. */
export const PREPARE = `${writeFileCommand("/tmp/syscalls", SYSCALL_PROGRAM)}
mkdir -p /sys/fs/cgroup/ops/a/b /sys/fs/cgroup/ops/c /tmp/root/bin /tmp/bound
cp /bin/busybox /tmp/root/bin/sleep
`;

/** Ends everything that operations left. */
export const CLEAN_UP = `for f in /sys/fs/cgroup/ops/*/cgroup.freeze /sys/fs/cgroup/ops/a/b/cgroup.freeze; do echo 0 > $f; done
kill -9 $(grep -lxE 'sleep|p[0-9]{6}' /proc/[0-9]*/comm | cut -d/ -f3) 2>/dev/null
rm -rf /tmp/p[0-9]* /tmp/d[0-9]*; :
`;

// Who enters a frozen cgroup does not come to its `exec`.
const HEAD = `start() { setsid "$@" </dev/null >/dev/null 2>&1 & }
thaw() { for f in /sys/fs/cgroup/ops/*/cgroup.freeze /sys/fs/cgroup/ops/a/b/cgroup.freeze; do echo 0 > $f; done; }
`;
/** Below everything, so that a shell's own needs stay. */
const CAPABILITIES = ["chown", "net_bind_service", "sys_admin", "sys_ptrace", "mknod", "checkpoint_restore"];

/** True for a process that an operation started. */
export function isOperated(task: { comm: string; argv: string[] }, id: string): boolean {
  return (task.comm === "sleep" && task.argv[1] === id) || task.comm === `p${id}`;
}

/** A script of a few operations. `view` tells how many processes there are already. */
export function operations(next: () => number, view: KernelView): string {
  const below = (limit: number) => Math.floor(next() * limit);
  const id = () => String(200_000 + below(800_000));
  const pick = <T>(from: readonly T[]): T => from[below(from.length)];
  const some = <T>(from: readonly T[]): T[] => from.filter(() => next() < 0.4);
  const one = (): string => {
    const number = id();
    const sleep = `sleep ${number}`;
    switch (below(16)) {
      case 0: {
        const directory = `/tmp/d${number}`;
        const gone = next() < 0.5 ? `; rmdir ${directory}` : "";
        return `mkdir ${directory}; start sh -c 'cd ${directory}${gone}; exec ${sleep}'`;
      }
      case 1:
        return `start chroot /tmp/root /bin/${sleep}`;
      case 2:
        return `start unshare -m sh -c 'mount --bind /tmp/root /tmp/bound; cd /tmp/bound/bin; exec ${sleep}'`;
      case 3:
        return idMaps(below, sleep);
      case 4: {
        const dropped = some(CAPABILITIES).map((name) => `,-${name}`);
        // What is no longer in the bounding set cannot be inherited.
        const kept = CAPABILITIES.map((name) => `,+${name}`).filter(
          (_, index) => !dropped.includes(`,-${CAPABILITIES[index]}`),
        );
        const flags = [
          `--ruid ${below(70000)} --euid ${below(3)} --rgid ${below(70000)} --egid ${below(3)} --clear-groups`,
          next() < 0.5 ? "--no-new-privs" : "",
          dropped.length > 0 ? `--bounding-set ${dropped.join("").slice(1)}` : "",
          `--inh-caps=-all${kept.join("")} --ambient-caps=-all${kept.join("")}`,
        ];
        return `start setpriv ${flags.join(" ")} ${sleep}`;
      }
      case 5:
        return `start sh -c 'echo ${below(2001) - 1000} > /proc/self/oom_score_adj; exec ${sleep}'`;
      case 6:
      case 7: {
        const freeze =
          next() < 0.5 ? `; echo 1 > /sys/fs/cgroup${pick(["/ops/a", "/ops/a/b", "/ops/c"])}/cgroup.freeze` : "";
        return `thaw; ${enter(pick(["/ops/a", "/ops/a/b", "/ops/c"]), `exec ${sleep}`)}${freeze}`;
      }
      case 8:
        return `start unshare -T --monotonic ${below(1e6)} --boottime ${below(1e6)} ${sleep}`;
      case 9:
        // Its children would be in another namespace; it has none, or one that is the first there.
        return `start unshare ${pick(["-p", "-p --fork", "-p --fork --mount-proc"])} ${sleep}`;
      case 10:
        return `start env -i ${Array.from({ length: below(9) }, (_, i) => `V${i}=${"x".repeat(below(300))}`).join(" ")} ${sleep}`;
      case 11:
        return `start sh -c '(exit ${below(256)}) & exec ${sleep}'`;
      case 12:
        return `start sh -c 'sleep 1 & kill -${pick([9, 15, 6])} $!; exec ${sleep}'`;
      case 13: {
        const program = `/tmp/p${number}`;
        const wait = `until [ "$(readlink /proc/$!/exe)" = ${program} ]; do :; done`;
        return `cp /tmp/syscalls ${program}; start ${program}; ${wait}${next() < 0.5 ? `; rm ${program}` : ""}`;
      }
      case 14:
        return `thaw; ${enter("/ops/c", `exec unshare -C ${sleep}`)}`;
      default:
        return `/tmp/syscalls ${ipc(below, next)}`;
    }
  };
  const lines = Array.from({ length: 2 + below(4) }, one);
  if (view.tasks.length > 80) lines.unshift(CLEAN_UP);
  return HEAD + lines.join("\n") + "\n:";
}

/** Starts a process in a cgroup, and waits until it is there and sleeps. */
function enter(cgroup: string, then: string): string {
  return `start sh -c 'echo 0 > /sys/fs/cgroup${cgroup}/cgroup.procs; ${then}'
until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done`;
}

/** A user namespace with ranges of ids: few lie in its structure, many beside it. */
function idMaps(below: (limit: number) => number, sleep: string): string {
  const map = () => {
    const count = [1, 3, 5, 6, 40, 340][below(6)];
    // In the order in which they are written, which is not that of the ids.
    const order = Array.from({ length: count }, (_, index) => (index * 7) % count);
    const used = count % 7 === 0 ? order.map((_, index) => index) : order;
    const lines = used.map((index) => `${index * 3} ${1000 + index * 4} ${1 + below(3)}`);
    return `printf '${lines.join("\\n")}\\n'`;
  };
  return `host=$(readlink /proc/self/ns/user)
start unshare -U ${sleep}
until [ "$(readlink /proc/$!/ns/user)" != $host ]; do :; done
${map()} > /proc/$!/uid_map
${map()} > /proc/$!/gid_map`;
}

const IPC_CREAT = 0o1000;
const O_CREAT_RDWR = 0o102;

/** System V objects and queues of the host's ipc namespace, each with something in it. */
function ipc(below: (limit: number) => number, next: () => number): string {
  const key = 1 + below(1e6);
  const mode = IPC_CREAT | below(0o1000);
  switch (below(4)) {
    case 0:
      return syscall("semget", key, 1 + below(50), mode);
    case 1:
      return syscall("shmget", key, 1 + below(100_000), mode);
    case 2:
      return syscall("msgget", key, mode);
    default: {
      const calls = [syscall("mq_open", `q${key}`, O_CREAT_RDWR, below(0o1000), 0)];
      // The first descriptor that is free.
      while (next() < 0.5) calls.push(syscall("mq_timedsend", 3, "message", 1 + below(7), 0, 0));
      return calls.join(" ");
    }
  }
}
