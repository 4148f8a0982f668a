/** A fact as a picture: what its objects would look like if it held. */
import type { Fact } from "../protocol/lesson";
import type { MatchedKind, NumberMatch, ObjectMatches, TaskMatch } from "../protocol/match";
import { NAMESPACE_KINDS, type NamespaceKind } from "../protocol/namespace";

/** An object as the goal draws it. Only what the fact asks for is drawn. */
export interface Sketch {
  object: MatchedKind;
  /** Pid inside, before the name. */
  number?: string;
  /** In monospace: a program, a path, a device. */
  name: string;
  /** Further marks, a few words each. */
  marks: string[];
  /** Of a task: the sides of its pane, where the fact says so. */
  walls: { kind: NamespaceKind; own: boolean }[];
  /** How many of them. */
  count?: string;
  /** It shall not be there. */
  absent: boolean;
}

/** What a fact asks for, in its order; events, and what says nothing about an object, are left out. */
export function sketches(fact: Fact, absent = false): Sketch[] {
  if ("all" in fact) return fact.all.flatMap((part) => sketches(part, absent));
  if ("any" in fact) return fact.any.slice(0, 1).flatMap((part) => sketches(part, absent));
  if ("not" in fact) return sketches(fact.not, !absent);
  if ("event" in fact) return [];
  const match = "seen" in fact ? { task: fact.seen } : fact;
  const [object] = Object.keys(match).filter((key) => key !== "count") as MatchedKind[];
  const drawn = DRAW[object]((match as unknown as ObjectMatches)[object] as never);
  const count = "count" in fact ? countText(fact.count) : undefined;
  return [{ object, marks: [], walls: [], absent, ...drawn, ...(count ? { count } : {}) }];
}

type Drawn = Pick<Sketch, "name"> & Partial<Sketch>;

const DRAW: { [Kind in MatchedKind]: (match: ObjectMatches[Kind]) => Drawn } = {
  task: (match) => ({
    number: match.innerPid?.toString(),
    name: match.comm ?? match.argv?.join(" ") ?? "a process",
    marks: taskMarks(match),
    walls: NAMESPACE_KINDS.filter(
      (kind) => match.ownNamespaces?.includes(kind) || match.hostNamespaces?.includes(kind),
    ).map((kind) => ({ kind, own: match.ownNamespaces?.includes(kind) ?? false })),
  }),
  namespace: ({ kind, hostname, empty, heldBy, member }) => ({
    name: kind ?? "namespace",
    marks: texts(hostname && `called ${hostname}`, empty && "empty", heldBy && `held by a ${heldBy}`, of(member)),
    walls: kind ? [{ kind, own: true }] : [],
  }),
  mount: ({ path, type, options, propagation, hidden, of: task }) => ({
    name: path ?? "a mount",
    marks: texts(type, options?.join(","), propagation, hidden && "hidden", of(task)),
  }),
  overlay: ({ mount, upperPath, lowerPath, lowers }) => ({
    name: mount?.path ?? "overlay",
    marks: texts(
      upperPath && `upper ${upperPath}`,
      lowerPath && `lower ${lowerPath}`,
      lowers !== undefined && `${numberText(lowers)} lower layers`,
    ),
  }),
  file: ({ layer, path, whiteout, opaque, copiedUp }) => ({
    name: path ?? "a file",
    marks: texts(`in the ${layer} layer`, whiteout && "whiteout", opaque && "opaque", copiedUp && "copied up"),
  }),
  cgroup: ({ path, member, files, frozen }) => ({
    name: path ?? "a cgroup",
    marks: texts(
      ...Object.entries(files ?? {}).map(([file, value]) => `${file} ${value === "max" ? value : numberText(value)}`),
      frozen && "frozen",
      of(member),
    ),
  }),
  device: ({ name, kind, up, address, master, of: task }) => ({
    name: name ?? kind ?? "a device",
    marks: texts(
      name && kind,
      up !== undefined && (up ? "up" : "down"),
      address,
      master?.name && `port of ${master.name}`,
      of(task),
    ),
  }),
  route: ({ destination, gateway, of: task }) => ({
    name: destination ?? "a route",
    marks: texts(gateway && `via ${gateway}`, of(task)),
  }),
  socket: ({ protocol, state, local, of: task, holder }) => ({
    name: local ?? protocol ?? "a socket",
    marks: texts(local && protocol, state, of(task ?? holder)),
  }),
};

function taskMarks(match: TaskMatch): string[] {
  return texts(
    match.hostname && `on ${match.hostname}`,
    match.cgroup && `in ${match.cgroup}`,
    match.root && `root ${match.root}`,
    match.uid !== undefined && `uid ${match.uid}`,
    match.insideUid !== undefined && `uid ${match.insideUid} inside`,
    match.lacks?.length && `without ${match.lacks.map(shortCapability).join(", ")}`,
    match.capabilities?.length && `with ${match.capabilities.map(shortCapability).join(", ")}`,
    match.noNewPrivs && "no new privileges",
    match.seccomp === 2 && "seccomp filter",
    match.frozen && "frozen",
  );
}

const shortCapability = (name: string): string => name.replace(/^CAP_/, "");

function of(task: TaskMatch | undefined): string | undefined {
  const name = task?.comm ?? task?.argv?.[0];
  return name && `of ${name}`;
}

function texts(...words: (string | false | undefined | 0)[]): string[] {
  return words.filter((word): word is string => Boolean(word));
}

function numberText(match: NumberMatch): string {
  if (typeof match === "number") return String(match);
  const { min, max } = match;
  if (min !== undefined && max !== undefined) return min === max ? String(min) : `${min} to ${max}`;
  return min !== undefined ? `at least ${min}` : `at most ${max}`;
}

function countText(count: NumberMatch | undefined): string | undefined {
  return count === undefined ? undefined : numberText(count);
}
