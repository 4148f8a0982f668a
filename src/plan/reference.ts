import { MOUNT_FLAGS, mountArguments } from "./mount";
import { NAMESPACES } from "./namespace";
import type { Privileges, Step } from "./step";

/** The system call behind a step and the manual pages that describe it. */
export interface Reference {
  /** As in C; texts of the step appear by their role: `mount(source, target, "proc", 0, NULL)`. */
  call: string;
  manual: string[];
}

/** What the kernel is asked for by a step (manual sections 2 and 7) and by which program (1 and 8). */
export function reference(step: Step): Reference {
  switch (step.kind) {
    case "mkdir":
      return { call: "mkdir(path, mode)", manual: ["mkdir(1)", "mkdir(2)"] };
    case "write":
      return { call: "open(path, O_WRONLY), write(fd, text, length)", manual: writeManual(step.path) };
    case "writeBytes":
      return { call: "open(path, O_WRONLY | O_CREAT), write(fd, bytes, length)", manual: ["printf(1)", "write(2)"] };
    case "symlink":
      return { call: "symlink(target, path)", manual: ["ln(1)", "symlink(2)"] };
    case "chown":
      return { call: `lchown(path, ${step.uid}, ${step.gid})`, manual: ["chown(1)", "chown(2)"] };
    case "usernsAdd":
      return {
        call: `unshare(CLONE_NEWUSER${step.netns === undefined ? "" : " | CLONE_NEWNET"}), write(uid_map), write(gid_map), mount("/proc/PID/ns/user", path, NULL, MS_BIND, NULL)`,
        manual: ["unshare(1)", "user_namespaces(7)"],
      };
    case "mountIdmapped":
      return {
        call: "open_tree(source, OPEN_TREE_CLONE), mount_setattr(fd, MOUNT_ATTR_IDMAP, userns), move_mount(fd, target)",
        manual: ["mount(8)", "mount_setattr(2)"],
      };
    case "console":
      return { call: "mount(terminal, path, NULL, MS_BIND, NULL)", manual: ["tty(1)", "mount(2)"] };
    case "deviceFilter":
      return { call: "bpf(BPF_PROG_LOAD), bpf(BPF_PROG_ATTACH, BPF_CGROUP_DEVICE)", manual: ["cgroups(7)", "bpf(2)"] };
    case "mknod":
      return {
        call: `mknod(path, ${step.type === "block" ? "S_IFBLK" : "S_IFCHR"}, makedev(${step.major}, ${step.minor}))`,
        manual: ["mknod(1)", "mknod(2)"],
      };
    case "remove":
      return step.what === "directory"
        ? { call: "rmdir(path)", manual: ["rmdir(1)", "rmdir(2)"] }
        : { call: "unlink(path)", manual: ["rm(1)", "unlink(2)"] };
    case "mount":
      return { call: mountCall(step.type, step.options ?? []), manual: ["mount(8)", "mount(2)"] };
    case "propagation": {
      const flags = [`MS_${step.propagation.toUpperCase()}`, ...(step.recursive ? ["MS_REC"] : [])];
      return {
        call: `mount(NULL, target, NULL, ${flags.join(" | ")}, NULL)`,
        manual: ["mount(8)", "mount_namespaces(7)"],
      };
    }
    case "umount":
      return { call: `umount2(target, ${step.lazy ? "MNT_DETACH" : "0"})`, manual: ["umount(8)", "umount(2)"] };
    case "pivotRoot":
      return { call: "pivot_root(new_root, put_old)", manual: ["pivot_root(8)", "pivot_root(2)"] };
    case "chdir":
      return { call: "chdir(path)", manual: ["chdir(2)"] };
    case "sethostname":
      return { call: "sethostname(name, length)", manual: ["hostname(1)", "sethostname(2)"] };
    case "rename":
      return { call: "rename(from, to)", manual: ["mv(1)", "rename(2)"] };
    case "kill":
      return { call: `kill(pid, ${step.signal})`, manual: ["kill(1)", "kill(2)"] };
    case "touch":
      return { call: "open(path, O_CREAT | O_WRONLY, 0666)", manual: ["touch(1)", "open(2)"] };
    case "umask":
      return { call: `umask(0${step.mask.replace(/^0+/, "")})`, manual: ["umask(2)"] };
    case "rlimit":
      return { call: `setrlimit(RLIMIT_${step.resource.toUpperCase()}, limits)`, manual: ["setrlimit(2)"] };
    case "open":
      return { call: `open(path, O_RDONLY), dup2(fd, ${step.fd})`, manual: ["open(2)", "dup2(2)"] };
    case "netnsAdd":
      return {
        call: 'unshare(CLONE_NEWNET), mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL)',
        manual: ["ip-netns(8)", "network_namespaces(7)"],
      };
    case "netnsRemove":
      return { call: "umount2(path, MNT_DETACH), unlink(path)", manual: ["ip-netns(8)"] };
    case "linkAdd":
      return {
        call: netlink("RTM_NEWLINK", `kind "${step.type}"`),
        manual: ["ip-link(8)", step.type === "veth" ? "veth(4)" : "bridge(8)", "rtnetlink(7)"],
      };
    case "linkRemove":
      return { call: netlink("RTM_DELLINK"), manual: ["ip-link(8)", "rtnetlink(7)"] };
    case "linkUp":
      return { call: netlink("RTM_NEWLINK", "IFF_UP"), manual: ["ip-link(8)", "rtnetlink(7)"] };
    case "linkMaster":
      return { call: netlink("RTM_NEWLINK", "IFLA_MASTER"), manual: ["ip-link(8)", "rtnetlink(7)"] };
    case "linkAddress":
      return { call: netlink("RTM_NEWLINK", "IFLA_ADDRESS"), manual: ["ip-link(8)", "rtnetlink(7)"] };
    case "addressAdd":
      return { call: netlink("RTM_NEWADDR"), manual: ["ip-address(8)", "rtnetlink(7)"] };
    case "routeAdd":
      return { call: netlink("RTM_NEWROUTE"), manual: ["ip-route(8)", "rtnetlink(7)"] };
    case "run":
      return { call: step.call, manual: step.manual };
    case "exec":
      return { call: "execve(path, argv, envp)", manual: ["execve(2)"] };
    case "unshare": {
      const flags = step.namespaces.map((kind) => NAMESPACES[kind].flag).join(" | ");
      const call = [`unshare(${flags || "0"})`, ...(step.fork ? ["fork()"] : [])].join(", then ");
      return { call, manual: ["unshare(1)", "unshare(2)"] };
    }
    case "setns": {
      const flags = step.namespaces.map((kind) => NAMESPACES[kind].flag).join(" | ");
      return { call: `setns(pidfd, ${flags || "0"})`, manual: ["nsenter(1)", "setns(2)"] };
    }
    case "netnsExec":
      return { call: "setns(fd, CLONE_NEWNET)", manual: ["nsenter(1)", "setns(2)"] };
    case "usernsExec":
      return { call: "setns(fd, CLONE_NEWUSER), setresuid(0, 0, 0)", manual: ["nsenter(1)", "user_namespaces(7)"] };
    case "chroot":
      return { call: 'chroot(root), chdir("/")', manual: ["chroot(1)", "chroot(2)"] };
    case "setpriv":
      return { call: privilegeCalls(step.privileges).join(", "), manual: ["setpriv(1)", "capabilities(7)"] };
  }
}

function writeManual(path: string): string[] {
  if (path.startsWith("/sys/fs/cgroup/")) return ["cgroups(7)"];
  if (/\/(uid_map|gid_map|setgroups)$/.test(path)) return ["user_namespaces(7)"];
  if (path.startsWith("/proc/sys/")) return ["proc(5)", "sysctl(8)"];
  return ["write(2)"];
}

function mountCall(type: string | undefined, options: string[]): string {
  const flags = options.flatMap((option) => MOUNT_FLAGS[option]?.name ?? []);
  const data = mountArguments(options).data ? "options" : "NULL";
  return `mount(source, target, ${type === undefined ? "NULL" : `"${type}"`}, ${flags.join(" | ") || "0"}, ${data})`;
}

function netlink(message: string, what?: string): string {
  return `sendto(AF_NETLINK socket, ${[message, ...(what ? [what] : [])].join(", ")})`;
}

function privilegeCalls(asked: Privileges): string[] {
  const { noNewPrivileges, uid, gid, clearGroups, groups, capabilities, bounding, seccompFilter } = asked;
  return [
    ...(capabilities || bounding ? ["prctl(PR_CAPBSET_DROP, capability), capset(header, data)"] : []),
    ...(clearGroups || groups?.length === 0 ? ["setgroups(0, NULL)"] : []),
    ...(groups?.length ? [`setgroups(${groups.length}, groups)`] : []),
    ...(gid === undefined ? [] : [`setresgid(${gid}, ${gid}, ${gid})`]),
    ...(uid === undefined ? [] : [`setresuid(${uid}, ${uid}, ${uid})`]),
    ...(noNewPrivileges ? ["prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)"] : []),
    ...(seccompFilter ? ["seccomp(SECCOMP_SET_MODE_FILTER, 0, program)"] : []),
  ];
}
