/** What happened. */
import type { Change } from "../../protocol/change";
import type { EventMatch } from "../../protocol/match";
import { hasWords, isText } from "./value";

export function matchesEvent(match: EventMatch, change: Change): boolean {
  if (change.type !== match.type) return false;
  const { comm, argv, kind, path, name, limit, before, after } = match;
  if (comm !== undefined && !("task" in change && isText(change.task?.comm, comm))) return false;
  if (argv && !("argv" in change && hasWords(change.argv, argv))) return false;
  if (kind !== undefined && !("namespace" in change && change.namespace.kind === kind)) return false;
  if (path !== undefined && !isText(pathOf(change), path)) return false;
  if (name !== undefined && !("device" in change && isText(change.device.name, name))) return false;
  if (limit !== undefined && !("limit" in change && change.limit === limit)) return false;
  if (before !== undefined && !("before" in change && isText(String(change.before), before))) return false;
  if (after !== undefined && !("after" in change && isText(change.after, after))) return false;
  if (match.exitCode !== undefined && !("exitCode" in change && change.exitCode === match.exitCode)) return false;
  return match.signal === undefined || ("signal" in change && change.signal === match.signal);
}

function pathOf(change: Change): string | undefined {
  if ("mount" in change) return change.mount.path;
  if ("cgroup" in change) return change.cgroup.path;
  return "file" in change ? change.file.path : undefined;
}
