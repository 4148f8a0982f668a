/** Events in words: a verb, what it is about, and what more there is to say. */
import type { Change } from "../protocol/change";
import type { IconName } from "./icons";
import { markLabel } from "./namespace-mark";
import { formatCount } from "./format";
import { signalName } from "./signal";

/** What one filters a timeline by. */
export const EVENT_KINDS = ["tasks", "namespaces", "mounts", "cgroups", "network", "files"] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Parts hold guest text as raw as the guest wrote it: escape before showing. */
export interface EventText {
  kind: EventKind;
  icon: IconName;
  /** `mounted`. */
  verb: string;
  /** What it is about, in monospace: `overlay at /merged`. */
  object: string;
  /** `code 1`, `max → 20971520`. */
  detail?: string;
  /** Something that a limit did, or that went wrong. */
  alarm?: boolean;
}

export function eventText(change: Change): EventText {
  switch (change.type) {
    case "fork":
      return task(change, "fork", change.thread ? "started thread" : "forked", { detail: `child of ${change.parent}` });
    case "exec":
      return { kind: "tasks", icon: "play", verb: `${change.task.pid} executes`, object: change.argv.join(" ") };
    case "exit":
      return exit(change);
    case "namespace-born":
      return namespace(change, "made", change.task && `by ${change.task.pid} ${change.task.comm}`);
    case "namespace-died":
      return namespace(change, "ended");
    case "namespace-joined":
      return namespace(change, `${change.task.pid} ${change.task.comm} entered`);
    case "uts-changed":
      return namespace(change, "host name in", `${change.before} → ${change.after}`);
    case "mounted":
      return { ...mount(change), verb: "mounted", object: `${change.mount.fsType} at ${change.mount.path}` };
    case "unmounted":
      return { ...mount(change), verb: "unmounted" };
    case "mount-moved":
      return { ...mount(change), verb: "moved", object: change.before, detail: `to ${change.mount.path}` };
    case "mount-changed":
      return { ...mount(change), verb: "changed", detail: difference(change.before, change.after) };
    case "cgroup-made":
      return { ...cgroup(change), verb: "made" };
    case "cgroup-removed":
      return { ...cgroup(change), verb: "removed" };
    case "cgroup-joined":
      return {
        ...cgroup(change),
        verb: `${change.task.pid} ${change.task.comm} entered`,
        detail: `from ${change.before}`,
      };
    case "limit-changed":
      return {
        ...cgroup(change),
        verb: "set",
        object: `${change.limit} of ${change.cgroup.path}`,
        detail: `${change.before || "nothing"} → ${change.after || "nothing"}`,
      };
    case "throttled":
      return { ...cgroup(change), verb: "throttled", detail: formatCount(change.periods, "period"), alarm: true };
    case "oom-kill":
      return { ...cgroup(change), verb: "out of memory in", detail: formatCount(change.count, "kill"), alarm: true };
    case "fork-refused":
      return { ...cgroup(change), verb: "pids.max refused in", detail: formatCount(change.count, "fork"), alarm: true };
    case "frozen":
      return { ...cgroup(change), verb: "froze" };
    case "thawed":
      return { ...cgroup(change), verb: "thawed" };
    case "device-made":
      return { ...device(change), verb: "made" };
    case "device-removed":
      return { ...device(change), verb: "removed" };
    case "device-moved":
      return {
        ...device(change),
        verb: "moved",
        detail: `to ${markLabel({ kind: "net", inum: change.device.namespace })}`,
      };
    case "device-renamed":
      return { ...device(change), verb: "renamed", object: change.before, detail: `to ${change.device.name}` };
    case "device-up":
      return { ...device(change), verb: "set up" };
    case "device-down":
      return { ...device(change), verb: "set down" };
    case "port-changed":
      return {
        ...device(change),
        verb: change.master === undefined ? "unplugged" : "plugged",
        detail: change.master === undefined ? "from its bridge" : `into ${change.master}`,
      };
    case "address-added":
      return { ...device(change), verb: "address added", object: change.ip, detail: `on ${change.device.name}` };
    case "address-removed":
      return { ...device(change), verb: "address removed", object: change.ip, detail: `from ${change.device.name}` };
    case "route-added":
      return { kind: "network", icon: "right", verb: "route added", object: change.route.text };
    case "route-removed":
      return { kind: "network", icon: "right", verb: "route removed", object: change.route.text };
    case "file-created":
      return { ...file(change), verb: "created" };
    case "file-changed":
      return { ...file(change), verb: "changed" };
    case "copied-up":
      return { ...file(change), icon: "up", verb: "copied up" };
    case "whited-out":
      return { ...file(change), icon: "close", verb: "whited out" };
    case "made-opaque":
      return { ...file(change), verb: "made opaque" };
    case "file-removed":
      return { ...file(change), verb: change.whiteout ? "whiteout removed of" : "removed" };
  }
}

type Of<T extends Change["type"]> = Extract<Change, { type: T }>;

function task(change: Of<"fork" | "exit">, icon: IconName, verb: string, more: Partial<EventText> = {}): EventText {
  return { kind: "tasks", icon, verb, object: `${change.task.pid} ${change.task.comm}`, ...more };
}

function exit(change: Of<"exit">): EventText {
  if (change.signal !== undefined) {
    return task(change, "close", "killed", { detail: `by ${signalName(change.signal)}`, alarm: true });
  }
  return task(change, "stopped", "exited", {
    ...(change.exitCode !== undefined && { detail: `code ${change.exitCode}` }),
  });
}

function namespace(
  { namespace }: Of<"namespace-born" | "namespace-died" | "namespace-joined" | "uts-changed">,
  verb: string,
  detail?: string,
): EventText {
  return { kind: "namespaces", icon: "glass", verb, object: markLabel(namespace), ...(detail && { detail }) };
}

function mount({ mount }: { mount: Of<"mounted">["mount"] }): Omit<EventText, "verb"> {
  return { kind: "mounts", icon: "mounts", object: mount.path };
}

function cgroup({ cgroup }: { cgroup: Of<"cgroup-made">["cgroup"] }): Omit<EventText, "verb"> {
  return { kind: "cgroups", icon: "vessel", object: cgroup.path };
}

/** `ro → rw` of `ro,relatime rw` and `rw,relatime rw`: options that stayed would only hide those that did not. */
function difference(before: string, after: string): string {
  const options = (text: string) => text.split(/[ ,]/).filter(Boolean);
  const without = (some: string[], others: string[]) => {
    const left = [...others];
    return some.filter((one) => {
      const at = left.indexOf(one);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  };
  const words = (some: string[]) => some.join(",") || "nothing";
  const [was, is] = [options(before), options(after)];
  return `${words(without(was, is))} → ${words(without(is, was))}`;
}

function device({ device }: { device: Of<"device-made">["device"] }): Omit<EventText, "verb"> {
  return { kind: "network", icon: "link", object: device.name };
}

function file({ file }: { file: Of<"file-created">["file"] }): Omit<EventText, "verb"> {
  return { kind: "files", icon: "sheet", object: file.path };
}
