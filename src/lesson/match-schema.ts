/** What an author may write of an object: the shapes of `src/protocol/match.ts`, with messages that say what is wrong. */
import * as v from "valibot";
import { CONTROLLERS } from "../protocol/cgroup";
import { CHANGE_TYPES } from "../protocol/change";
import type {
  CgroupMatch,
  DeviceMatch,
  EventMatch,
  FileMatch,
  MatchedKind,
  MountMatch,
  NamespaceMatch,
  NumberMatch,
  ObjectMatches,
  OverlayMatch,
  RouteMatch,
  SocketMatch,
  TaskMatch,
} from "../protocol/match";
import { NAMESPACE_KINDS } from "../protocol/namespace";
import { CAPABILITIES } from "./match/capability";
import { CGROUP_FILES } from "./match/cgroup";

/** Words in a list of a match. */
const MAX_WORDS = 16;

const text = v.pipe(v.string(), v.nonEmpty("is empty"));
const yesNo = v.optional(v.boolean());
const texts = v.pipe(v.array(text), v.minLength(1), v.maxLength(MAX_WORDS));
const kinds = v.pipe(v.array(v.picklist(NAMESPACE_KINDS)), v.minLength(1));
const whole = v.pipe(v.number(), v.integer());
const natural = v.pipe(whole, v.minValue(0));

/** How many objects are to match. */
export const count = v.pipe(
  v.strictObject({ min: v.optional(natural), max: v.optional(natural) }),
  v.check(({ min = 0, max = Infinity }) => min <= max, "min is greater than max"),
);

const range = v.pipe(
  v.strictObject({ min: v.optional(v.number()), max: v.optional(v.number()) }),
  v.check(({ min, max }) => min !== undefined || max !== undefined, "is empty: give min, max, or both"),
  v.check(({ min = -Infinity, max = Infinity }) => min <= max, "min is greater than max"),
);

// Chosen by its type, so that a problem inside a range names its own field.
const number: v.GenericSchema<NumberMatch> = v.lazy((input) => (typeof input === "object" ? range : v.number()));
const numberOrMax: v.GenericSchema<NumberMatch | "max"> = v.lazy((input) =>
  typeof input === "string" ? v.literal("max", "expected a number, a range, or max") : number,
);

/** Every field may be left out, but not all of them: that would match everything. */
function match<E extends v.ObjectEntries>(what: string, entries: E) {
  return v.pipe(
    v.strictObject(entries),
    v.check((object) => Object.keys(object).length > 0, `is empty: it would match every ${what}`),
  );
}

const capabilities = v.optional(v.pipe(v.array(v.picklist(CAPABILITIES)), v.minLength(1)));
const task: v.GenericSchema<TaskMatch> = match("task", {
  comm: v.optional(v.pipe(v.string(), v.maxLength(15, "a comm has at most 15 bytes"))),
  argv: v.optional(texts),
  innerPid: v.optional(natural),
  pidLevels: v.optional(v.pipe(natural, v.minValue(1))),
  uid: v.optional(natural),
  insideUid: v.optional(natural),
  state: v.optional(v.picklist(["R", "S", "D", "T", "t", "X", "Z", "P", "I"])),
  frozen: yesNo,
  cgroup: v.optional(text),
  root: v.optional(text),
  cwd: v.optional(text),
  capabilities,
  lacks: capabilities,
  noNewPrivs: yesNo,
  seccomp: v.optional(v.picklist([0, 1, 2])),
  oomScoreAdj: v.optional(number),
  ownNamespaces: v.optional(kinds),
  hostNamespaces: v.optional(kinds),
  hostname: v.optional(text),
  startedInStep: yesNo,
  parent: v.optional(v.lazy(() => task)),
  ancestor: v.optional(v.lazy(() => task)),
  sharesWith: v.optional(v.strictObject({ task: v.lazy(() => task), namespaces: kinds })),
  not: v.optional(v.lazy(() => task)),
});

const namespace: v.GenericSchema<NamespaceMatch> = match("namespace", {
  kind: v.optional(v.picklist(NAMESPACE_KINDS)),
  host: yesNo,
  madeInStep: yesNo,
  member: v.optional(task),
  empty: yesNo,
  heldBy: v.optional(v.picklist(["mount", "descriptor"])),
  level: v.optional(number),
  hostname: v.optional(text),
  uidMap: v.optional(
    match("range", { first: v.optional(natural), hostFirst: v.optional(natural), count: v.optional(number) }),
  ),
  monotonicSeconds: v.optional(number),
  boottimeSeconds: v.optional(number),
  cgroupRoot: v.optional(text),
  ipc: v.optional(
    match("object", {
      kind: v.optional(v.picklist(["shm", "sem", "msg", "mqueue"])),
      key: v.optional(whole),
      name: v.optional(text),
      sizeBytes: v.optional(number),
    }),
  ),
  owner: v.optional(v.lazy(() => namespace)),
  not: v.optional(v.lazy(() => namespace)),
});

const mount: v.GenericSchema<MountMatch> = match("mount", {
  path: v.optional(text),
  type: v.optional(text),
  source: v.optional(text),
  root: v.optional(text),
  options: v.optional(texts),
  propagation: v.optional(v.picklist(["private", "shared", "slave", "unbindable"])),
  hidden: yesNo,
  madeInStep: yesNo,
  of: v.optional(task),
  host: yesNo,
  on: v.optional(v.lazy(() => mount)),
  peer: v.optional(v.lazy(() => mount)),
  sameFilesystemAs: v.optional(v.lazy(() => mount)),
  not: v.optional(v.lazy(() => mount)),
});

const overlay: v.GenericSchema<OverlayMatch> = match("overlay", {
  writable: yesNo,
  upperPath: v.optional(text),
  lowerPath: v.optional(text),
  lowers: v.optional(number),
  mount: v.optional(mount),
  madeInStep: yesNo,
  sharesLowerWith: v.optional(v.lazy(() => overlay)),
  not: v.optional(v.lazy(() => overlay)),
});

const file: v.GenericSchema<FileMatch> = v.strictObject({
  layer: v.picklist(["upper", "lower"]),
  path: v.optional(v.pipe(text, v.regex(/^[^/]/, "is a path from the layer's root, without a slash before it"))),
  type: v.optional(v.picklist(["file", "directory", "symlink", "other"])),
  whiteout: yesNo,
  opaque: yesNo,
  copiedUp: yesNo,
  sizeBytes: v.optional(number),
  madeInStep: yesNo,
  overlay: v.optional(overlay),
  not: v.optional(v.lazy(() => file)),
});

const cgroup: v.GenericSchema<CgroupMatch> = match("cgroup", {
  path: v.optional(v.pipe(text, v.regex(/^\//, "is a path from the root of the hierarchy: it begins with a slash"))),
  controllers: v.optional(v.pipe(v.array(v.picklist(CONTROLLERS)), v.minLength(1))),
  member: v.optional(task),
  files: v.optional(
    v.record(
      v.picklist(Object.keys(CGROUP_FILES), `expected one of ${Object.keys(CGROUP_FILES).join(", ")}`),
      numberOrMax,
    ),
  ),
  frozen: yesNo,
  madeInStep: yesNo,
  not: v.optional(v.lazy(() => cgroup)),
});

const device: v.GenericSchema<DeviceMatch> = match("device", {
  name: v.optional(text),
  kind: v.optional(text),
  up: yesNo,
  address: v.optional(text),
  of: v.optional(task),
  host: yesNo,
  master: v.optional(v.lazy(() => device)),
  peer: v.optional(v.lazy(() => device)),
  sentPackets: v.optional(number),
  receivedPackets: v.optional(number),
  madeInStep: yesNo,
  not: v.optional(v.lazy(() => device)),
});

const route: v.GenericSchema<RouteMatch> = match("route", {
  destination: v.optional(text),
  gateway: v.optional(text),
  device: v.optional(device),
  of: v.optional(task),
  host: yesNo,
  madeInStep: yesNo,
  not: v.optional(v.lazy(() => route)),
});

const socket: v.GenericSchema<SocketMatch> = match("socket", {
  family: v.optional(v.picklist(["inet", "unix", "packet", "netlink", "other"])),
  protocol: v.optional(text),
  state: v.optional(text),
  local: v.optional(text),
  remote: v.optional(text),
  holder: v.optional(task),
  of: v.optional(task),
  host: yesNo,
  not: v.optional(v.lazy(() => socket)),
});

export const eventMatch: v.GenericSchema<EventMatch> = v.strictObject({
  type: v.picklist(CHANGE_TYPES),
  comm: v.optional(text),
  argv: v.optional(texts),
  kind: v.optional(v.picklist(NAMESPACE_KINDS)),
  path: v.optional(text),
  name: v.optional(text),
  limit: v.optional(text),
  before: v.optional(v.string()),
  after: v.optional(v.string()),
  exitCode: v.optional(natural),
  signal: v.optional(natural),
});

export const objectMatch: { readonly [K in MatchedKind]: v.GenericSchema<ObjectMatches[K]> } = {
  task,
  namespace,
  mount,
  overlay,
  file,
  cgroup,
  device,
  route,
  socket,
};
