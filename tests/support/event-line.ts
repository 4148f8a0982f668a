/** An event as one line to compare, without addresses and numbers that differ from run to run. */
import type { Change } from "../../src/protocol/change";

/** Undefined for what a process does whose name is not asked for. */
export function eventLine(change: Change, tasks: readonly string[]): string | undefined {
  return words(change, tasks)?.join(" ");
}

function words(change: Change, tasks: readonly string[]): (string | number)[] | undefined {
  const { type } = change;
  switch (type) {
    case "fork":
      return tasks.includes(change.task.comm) ? [type, change.task.comm] : undefined;
    case "exec":
      return tasks.includes(change.task.comm) ? [type, ...change.argv] : undefined;
    case "exit": {
      const how = change.signal === undefined ? change.exitCode : `signal ${change.signal}`;
      return tasks.includes(change.task.comm) ? [type, change.task.comm, how ?? "?"] : undefined;
    }
    // Who made it may have another name by now, or be gone.
    case "namespace-born":
    case "namespace-died":
      return [type, change.namespace.kind];
    case "namespace-joined":
      return tasks.includes(change.task.comm) ? [type, change.namespace.kind, change.task.comm] : undefined;
    case "uts-changed":
      return [type, change.before, change.after];
    case "mounted":
    case "unmounted":
      return [type, change.mount.fsType, change.mount.path];
    case "mount-moved":
      return [type, change.before, change.mount.path];
    case "mount-changed":
      return [type, change.mount.path, change.before, change.after];
    case "cgroup-made":
    case "cgroup-removed":
    case "frozen":
    case "thawed":
      return [type, change.cgroup.path];
    case "cgroup-joined":
      return [type, change.cgroup.path, change.task.comm, change.before];
    case "limit-changed":
      return [type, change.cgroup.path, change.limit, change.before, change.after];
    // How often the picture was looked at meanwhile decides how many are in one event.
    case "throttled":
    case "oom-kill":
    case "fork-refused":
      return [type, change.cgroup.path];
    case "device-renamed":
      return [type, change.before, change.device.name];
    case "address-added":
    case "address-removed":
      return [type, change.device.name, change.ip];
    case "port-changed":
      return [type, change.device.name, change.master ?? "none"];
    case "device-made":
    case "device-removed":
    case "device-moved":
    case "device-up":
    case "device-down":
      return [type, change.device.name];
    case "route-added":
    case "route-removed":
      return [type, change.route.text];
    default:
      return [type, change.file.path];
  }
}
