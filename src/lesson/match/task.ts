/** Processes. */
import type { TaskMatch } from "../../protocol/match";
import type { NamespaceKind } from "../../protocol/namespace";
import type { Task } from "../../protocol/task";
import type { Scene } from "../scene";
import { hasCapability } from "./capability";
import { hasWords, isNumber, isText } from "./value";

const MAX_ANCESTORS = 4096;

/** True when the task is in a namespace of this kind that is not the host's. A zombie has left its namespaces: neither. */
function isOwn(task: Task, kind: NamespaceKind, { host }: Scene): boolean {
  const inum = namespaceOf(task, kind);
  return inum !== 0 && inum !== host[kind];
}

// A zombie has no nsproxy left, but keeps its pids, and those say which pid namespace it is in.
export function namespaceOf(task: Task, kind: NamespaceKind): number {
  return kind === "pid" && task.namespaces.pid === 0 ? (task.pids.at(-1)?.namespace ?? 0) : task.namespaces[kind];
}

/** True when every field of the match holds for the task. */
export function matchesTask(match: TaskMatch, task: Task, scene: Scene): boolean {
  if (match.comm !== undefined && task.comm !== match.comm) return false;
  if (match.state !== undefined && task.state !== match.state) return false;
  if (match.uid !== undefined && task.uid !== match.uid) return false;
  if (match.innerPid !== undefined && task.pids.at(-1)?.pid !== match.innerPid) return false;
  if (match.pidLevels !== undefined && task.pids.length !== match.pidLevels) return false;
  if (match.insideUid !== undefined && task.credentials.insideUid !== match.insideUid) return false;
  if (match.frozen !== undefined && task.frozen !== match.frozen) return false;
  if (match.noNewPrivs !== undefined && task.noNewPrivs !== match.noNewPrivs) return false;
  if (match.seccomp !== undefined && task.seccomp !== match.seccomp) return false;
  if (match.oomScoreAdj !== undefined && !isNumber(task.oomScoreAdj, match.oomScoreAdj)) return false;
  if (match.cgroup !== undefined && !isText(task.cgroup, match.cgroup)) return false;
  if (match.root !== undefined && !isText(task.root?.path, match.root)) return false;
  if (match.cwd !== undefined && !isText(task.cwd?.path, match.cwd)) return false;
  const { effective } = task.credentials;
  if (match.capabilities && !match.capabilities.every((name) => hasCapability(effective, name))) return false;
  if (match.lacks?.some((name) => hasCapability(effective, name))) return false;
  if (match.startedInStep !== undefined && task.startTimeNs > scene.beganAtNs !== match.startedInStep) return false;
  if (match.ownNamespaces && !match.ownNamespaces.every((kind) => isOwn(task, kind, scene))) return false;
  if (match.hostNamespaces && !match.hostNamespaces.every((kind) => namespaceOf(task, kind) === scene.host[kind])) {
    return false;
  }
  if (match.hostname !== undefined && !isText(scene.nodenames.get(task.namespaces.uts), match.hostname)) return false;
  if (match.argv && !hasWords(task.argv, match.argv)) return false;
  if (match.parent) {
    const parent = scene.byPid.get(task.ppid);
    if (!parent || !matchesTask(match.parent, parent, scene)) return false;
  }
  if (match.ancestor && !ancestors(task, scene).some((ancestor) => matchesTask(match.ancestor!, ancestor, scene))) {
    return false;
  }
  if (match.sharesWith) {
    const { task: other, namespaces } = match.sharesWith;
    const shares = (candidate: Task): boolean =>
      candidate.address !== task.address &&
      namespaces.every(
        (kind) => namespaceOf(task, kind) !== 0 && namespaceOf(candidate, kind) === namespaceOf(task, kind),
      ) &&
      matchesTask(other, candidate, scene);
    if (!scene.processes.some(shares)) return false;
  }
  return !(match.not && matchesTask(match.not, task, scene));
}

function ancestors(task: Task, { byPid }: Scene): Task[] {
  const found: Task[] = [];
  const visited = new Set([task.pid]);
  let current = byPid.get(task.ppid);
  // A torn picture may hold a loop of parents.
  while (current && !visited.has(current.pid) && found.length < MAX_ANCESTORS) {
    visited.add(current.pid);
    found.push(current);
    current = byPid.get(current.ppid);
  }
  return found;
}
