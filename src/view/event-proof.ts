/** For an event, the shell command that shows the same in the guest. */
import type { Change } from "../protocol/change";
import type { NamespaceKind } from "../protocol/namespace";
import type { KernelView } from "../protocol/view";
import { shellWord } from "./visible-text";

const CGROUP_ROOT = "/sys/fs/cgroup";

/** Undefined when no command can show it any more: the namespace that it would have to look into is gone. */
export function eventProof(change: Change, view: KernelView): string | undefined {
  switch (change.type) {
    case "fork":
      return `awk '/^(Name|NSpid|PPid):/' /proc/${change.task.pid}/status`;
    case "exec":
      return `tr '\\0' ' ' < /proc/${change.task.pid}/cmdline; echo`;
    case "exit":
      return `ls -d /proc/${change.task.pid}`;
    case "namespace-born":
    case "namespace-died":
      return `lsns -t ${change.namespace.kind}`;
    case "namespace-joined":
      return `readlink /proc/${change.task.pid}/ns/${change.namespace.kind}`;
    case "uts-changed":
      return inNamespace(view, "uts", change.namespace.inum, "hostname");
    case "mounted":
    case "unmounted":
    case "mount-moved":
    case "mount-changed":
      return inNamespace(
        view,
        "mnt",
        change.mount.namespace,
        `grep -F ${shellWord(` ${change.mount.path} `)} /proc/self/mountinfo`,
      );
    case "cgroup-made":
    case "cgroup-removed":
      return `ls -d ${cgroupFile(change.cgroup.path)}`;
    case "cgroup-joined":
      return `cat /proc/${change.task.pid}/cgroup`;
    case "limit-changed":
      return `cat ${cgroupFile(change.cgroup.path, change.limit)}`;
    case "throttled":
      return `grep throttled ${cgroupFile(change.cgroup.path, "cpu.stat")}`;
    case "oom-kill":
      return `cat ${cgroupFile(change.cgroup.path, "memory.events")}`;
    case "fork-refused":
      return `cat ${cgroupFile(change.cgroup.path, "pids.events")}`;
    case "frozen":
    case "thawed":
      return `grep frozen ${cgroupFile(change.cgroup.path, "cgroup.events")}`;
    case "device-made":
    case "device-removed":
    case "device-moved":
    case "device-renamed":
    case "device-up":
    case "device-down":
    case "port-changed":
      return inNamespace(view, "net", change.device.namespace, `ip -d link show ${shellWord(change.device.name)}`);
    case "address-added":
    case "address-removed":
      return inNamespace(view, "net", change.device.namespace, `ip addr show ${shellWord(change.device.name)}`);
    case "route-added":
    case "route-removed":
      return inNamespace(view, "net", change.route.namespace, "ip route show table all");
    case "file-created":
    case "file-changed":
    case "copied-up":
    case "whited-out":
    case "made-opaque":
    case "file-removed": {
      const layer = view.layers.find(({ address }) => address === change.file.layer);
      // A file that is gone shows as missing.
      return layer?.path === undefined ? undefined : `ls -ld ${shellWord(`${layer.path}/${change.file.path}`)}`;
    }
  }
}

const FLAG: Partial<Record<NamespaceKind, string>> = { mnt: "-m", net: "-n", uts: "-u" };

/** A command as a member of the namespace would run it. */
function inNamespace(view: KernelView, kind: NamespaceKind, inum: number, command: string): string | undefined {
  const namespace = view.namespaces.find((one) => one.kind === kind && one.inum === inum);
  if (namespace?.initial) return command;
  const member = view.tasks.find((task) => task.namespaces[kind] === inum && task.pid === task.tgid);
  return member && `nsenter -t ${member.pid} ${FLAG[kind]} ${command}`;
}

function cgroupFile(path: string, name = ""): string {
  const directory = path === "/" ? CGROUP_ROOT : `${CGROUP_ROOT}${path}`;
  return shellWord(name === "" ? directory : `${directory}/${name}`);
}
