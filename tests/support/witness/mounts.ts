/** The second witness of mounts and layers: mountinfo of every namespace, findmnt, open files, find and stat. */
import { mergeLayers } from "../../../src/kernel/merged";
import { quote } from "../../../src/plan/quote";
import type { Layer, LayerEntry, Mount } from "../../../src/protocol/mount";
import type { KernelView } from "../../../src/protocol/view";

/** A line of mountinfo, unescaped. */
interface WitnessMount {
  id: number;
  parentId: number;
  device: string;
  root: string;
  path: string;
  options: string[];
  shared?: number;
  master?: number;
  unbindable: boolean;
  type: string;
  source: string;
  superOptions: string[];
}

/** What `stat` and `getfattr` say of a name in a directory. */
interface WitnessFile {
  path: string;
  ino: number;
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  links: number;
  device: string;
  /** Microseconds since the epoch. */
  mtimeUs: number;
  target?: string;
  marks: Set<string>;
}

export interface MountWitness {
  /** By namespace; absent for those that nothing in the guest leads to. */
  mounts: Map<number, WitnessMount[]>;
  /** What opening each mount point leads to: `NAMESPACE ID` of a mount of the picture, and the id of the mount that is seen there. */
  seen: Map<string, number>;
  /** Names of each layer, by its address. */
  layers: Map<number, WitnessFile[]>;
  /** Names that each overlay shows, by its address. */
  merged: Map<number, WitnessFile[]>;
  /** findmnt's tree of the host. */
  tree: string[];
}

/** Nothing that a test makes has this in its name. */
const MARK = "@@@@";

const STAT = `stat -c '${MARK}f %i %f %u %g %s %h %t:%T %y|%n'`;
const list = (path: string) => `cd ${quote(path)} && {
find . ! -path . -print0 | xargs -0 -r ${STAT}
echo '${MARK}links'
find . -type l -exec sh -c 'for f; do echo "${MARK}l $f"; echo "${MARK}t"; readlink -n "$f"; echo "${MARK}"; done' sh {} +
echo '${MARK}marks'
find . ! -path . ! -type l -print0 | xargs -0 -r getfattr -h -d
}
cd /`;

/** Prints the whole, for the mounts and layers that the picture has: the witness must be asked where to look. */
export function witnessScript(view: KernelView): string {
  const parts = ["exec 2>/dev/null", "cd /"];
  for (const { inum, kind } of view.namespaces) {
    if (kind !== "mnt") continue;
    const [read, enter] = waysInto(view, inum);
    if (read === undefined) continue;
    parts.push(`echo '${MARK}namespace ${inum}'`, read, `echo '${MARK}seen ${inum}'`);
    const look = view.mounts.flatMap(({ namespace, id, path }) =>
      namespace === inum ? [`at ${id} ${quote(path)}`] : [],
    );
    // Opening a mount point tells which mount is seen there, without a process of its own.
    const at = `at() { { while read -r k v; do case $k in mnt_id:) echo "$1 $v";; esac; done </proc/self/fdinfo/3; } 3<"$2"; }`;
    // Too much for an argument.
    parts.push(`${enter} sh <<'${MARK}EOF'`, at, ...look, `${MARK}EOF`);
  }
  for (const { address, path } of view.layers) {
    if (path !== undefined) parts.push(`echo '${MARK}layer ${address}'`, list(path));
  }
  for (const { mount } of hostOverlays(view)) {
    parts.push(`echo '${MARK}merged ${mount.superBlock}'`, list(mount.path));
  }
  parts.push(
    `echo '${MARK}tree'`,
    "findmnt -n -r -o ID,PARENT,FSTYPE,MAJ:MIN,PROPAGATION,VFS-OPTIONS",
    `echo '${MARK}end'`,
  );
  return parts.join("\n");
}

/** How a namespace's mountinfo is read, and how a command is run in it: by a task in it, or by a file that stands for it. */
function waysInto(view: KernelView, inum: number): [read?: string, enter?: string] {
  const member = view.tasks.find((task) => task.namespaces.mnt === inum && task.state !== "Z");
  if (member) return [`cat /proc/${member.pid}/mountinfo`, `nsenter --mount=/proc/${member.pid}/ns/mnt`];
  const host = view.namespaces.find(({ kind, initial }) => kind === "mnt" && initial)!;
  const file = view.mounts.find(
    (mount) => mount.holds === inum && mount.namespace === host.inum && mount.hiddenBy === undefined,
  );
  const enter = file && `nsenter --mount=${quote(file.path)}`;
  return enter === undefined ? [] : [`${enter} cat /proc/self/mountinfo`, enter];
}

/** Overlays where the host sees them, with their layers, topmost first. */
function hostOverlays(view: KernelView): { mount: Mount; layers: Layer[] }[] {
  const host = view.namespaces.find(({ kind, initial }) => kind === "mnt" && initial)!;
  return view.overlays.flatMap(({ address, upper, lowers }) => {
    const mount = view.mounts.find(
      (mount) =>
        mount.superBlock === address &&
        mount.namespace === host.inum &&
        mount.hiddenBy === undefined &&
        mount.root === "/",
    );
    const addresses = upper === undefined ? lowers : [upper, ...lowers];
    const layers = addresses.map((layer) => view.layers.find(({ address }) => address === layer)!);
    return mount ? [{ mount, layers }] : [];
  });
}

export function parseWitness(output: string): MountWitness {
  const witness: MountWitness = {
    mounts: new Map(),
    seen: new Map(),
    layers: new Map(),
    merged: new Map(),
    tree: [],
  };
  const parts = output.split(new RegExp(`^${MARK}(namespace|seen|layer|merged|tree|end)(?: (\\d+))?\n`, "m"));
  if (parts.at(-2) !== undefined || !output.endsWith(`${MARK}end\n`)) {
    throw new Error(`The witness broke off:\n${output.slice(-2000)}`);
  }
  for (let at = 1; at < parts.length; at += 3) {
    const [section, number, text] = [parts[at], Number(parts[at + 1]), parts[at + 2]];
    if (section === "namespace") witness.mounts.set(number, text.split("\n").filter(Boolean).map(mountLine));
    else if (section === "seen") {
      for (const [, id, seen] of text.matchAll(/^(\d+) (\d+)$/gm)) witness.seen.set(`${number} ${id}`, Number(seen));
    } else if (section === "layer") witness.layers.set(number, files(text));
    else if (section === "merged") witness.merged.set(number, files(text));
    else if (section === "tree") witness.tree = text.split("\n").filter(Boolean);
  }
  return witness;
}

function mountLine(line: string): WitnessMount {
  const [before, after] = line.split(" - ");
  const [id, parentId, device, root, path, options, ...tags] = before.split(" ");
  const [type, source, superOptions] = after.split(" ");
  const group = (name: string) => {
    const tag = tags.find((tag) => tag.startsWith(`${name}:`));
    return tag === undefined ? undefined : Number(tag.slice(name.length + 1));
  };
  return {
    id: Number(id),
    parentId: Number(parentId),
    device,
    root: unescape(root),
    path: unescape(path),
    options: options.split(","),
    shared: group("shared"),
    master: group("master"),
    unbindable: tags.includes("unbindable"),
    type: unescape(type),
    source: unescape(source),
    superOptions: superOptions.split(",").map(unescape),
  };
}

/** `seq_escape()`: octal, for spaces and the like. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
}

function files(text: string): WitnessFile[] {
  const [stats, rest] = text.split(`${MARK}links\n`);
  const [links, marks] = (rest ?? "").split(`${MARK}marks\n`);
  const found = new Map<string, WitnessFile>();
  for (const record of stats.split(`${MARK}f `).slice(1)) {
    const fields = /^(\d+) ([0-9a-f]+) (\d+) (\d+) (\d+) (\d+) (\w+:\w+) ([^|]+)\|\.\/([^]*)\n$/.exec(record);
    if (!fields) throw new Error(`The witness printed ${JSON.stringify(record)}`);
    const [, ino, mode, uid, gid, sizeBytes, count, device, time, path] = fields;
    const [date, fraction] = time.replace(/ \+0000$/, "").split(".");
    found.set(path, {
      path,
      ino: Number(ino),
      mode: parseInt(mode, 16),
      uid: Number(uid),
      gid: Number(gid),
      sizeBytes: Number(sizeBytes),
      links: Number(count),
      device,
      mtimeUs: Date.parse(`${date.replace(" ", "T")}Z`) * 1000 + Math.floor(Number(fraction) / 1000),
      marks: new Set(),
    });
  }
  for (const [, path, target] of (links ?? "").matchAll(
    new RegExp(`^${MARK}l \\./([^]*?)\n${MARK}t\n([^]*?)${MARK}\n`, "gm"),
  )) {
    const file = found.get(path);
    if (file) file.target = target;
  }
  for (const block of (marks ?? "").split(/^# file: \.\//m).slice(1)) {
    const path = [...found.keys()].find(
      (path) => block.startsWith(`${path}\n`) && /^(\w+\.|\n|$)/.test(block.slice(path.length + 1)),
    );
    const file = path === undefined ? undefined : found.get(path);
    if (!file) continue;
    for (const [, name, value] of block.matchAll(/^trusted\.overlay\.(\w+)="(.*)"$/gm))
      file.marks.add(`${name}=${value}`);
  }
  return [...found.values()];
}

/** Filesystems of which the picture has every option that mountinfo prints. */
const WHOLE_OPTIONS = new Set(["tmpfs", "devtmpfs", "overlay", "proc", "devpts", "nsfs", "sysfs", "mqueue", "ramfs"]);

/** Where picture and witness differ, one sentence each. */
export function disagreements(view: KernelView, witness: MountWitness): string[] {
  const found: string[] = [];
  const compare = (what: string, ours: unknown, theirs: unknown) => {
    const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)];
    if (a !== b) found.push(`${what} is ${a} in the picture and ${b} in the guest`);
  };
  for (const [namespace, lines] of witness.mounts) {
    const ours = view.mounts.filter((mount) => mount.namespace === namespace);
    compareMounts(namespace, ours, lines, compare);
    compareSeen(ours, witness.seen, compare);
  }
  for (const layer of view.layers) {
    if (layer.path === undefined) continue;
    compareLayer(layer, witness.layers.get(layer.address) ?? [], compare);
  }
  for (const { mount, layers } of hostOverlays(view)) {
    compareMerged(mount, layers, witness.merged.get(mount.superBlock) ?? [], compare);
  }
  const host = view.namespaces.find(({ kind, initial }) => kind === "mnt" && initial)!;
  compare(
    "findmnt's list",
    findmntLines(view.mounts.filter(({ namespace }) => namespace === host.inum)),
    [...witness.tree].sort(),
  );
  return found;
}

type Compare = (what: string, ours: unknown, theirs: unknown) => void;

function compareMounts(namespace: number, ours: Mount[], lines: WitnessMount[], compare: Compare): void {
  // A mount beneath the root that its tasks have is in no list of theirs.
  const visible = ours.filter((mount) => mount.id !== mount.parentId || mount.hiddenBy === undefined);
  compare(
    `the mounts of mnt:[${namespace}], in order,`,
    visible.map(({ id }) => id),
    lines.map(({ id }) => id),
  );
  const byId = new Map(lines.map((line) => [line.id, line]));
  for (const mount of visible) {
    const line = byId.get(mount.id);
    if (!line) continue;
    const { id, parentId, device, root, path, options, shared, master, unbindable, type, source } = mount;
    const superOptions = WHOLE_OPTIONS.has(type)
      ? line.superOptions
      : line.superOptions.slice(0, mount.superOptions.length);
    // A path with a comma in it is one option in the picture.
    const joined = type === "overlay" ? [mount.superOptions.join(",")] : mount.superOptions;
    compare(
      `mount ${id} (${path})`,
      { id, parentId, device, root, path, options, shared, master, unbindable, type, source, superOptions: joined },
      {
        id: line.id,
        parentId: line.parentId,
        device: line.device,
        root: line.root,
        path: line.path,
        options: line.options,
        shared: line.shared,
        master: line.master,
        unbindable: line.unbindable,
        type: line.type,
        source: line.source,
        superOptions: type === "overlay" ? [superOptions.join(",")] : superOptions,
      },
    );
  }
}

/** A mount that is not hidden is what its mount point leads to; of a hidden one, what hides it is, or something on that. */
function compareSeen(ours: Mount[], seen: ReadonlyMap<string, number>, compare: Compare): void {
  // The namespace of a kernel thread has no shell that could ask.
  if (!ours.some(({ namespace, id }) => seen.has(`${namespace} ${id}`))) return;
  const byId = new Map(ours.map((mount) => [mount.id, mount]));
  for (const mount of ours) {
    const found = seen.get(`${mount.namespace} ${mount.id}`);
    compare(`mount ${mount.id} (${mount.path}) being seen`, mount.hiddenBy === undefined, found === mount.id);
    if (mount.hiddenBy === undefined || found === undefined) continue;
    let hider = byId.get(mount.hiddenBy);
    while (hider?.hiddenBy !== undefined) hider = byId.get(hider.hiddenBy);
    const above: number[] = [];
    for (let at = byId.get(found); at; at = at.id === at.parentId ? undefined : byId.get(at.parentId))
      above.push(at.id);
    compare(`mount ${mount.id} (${mount.path}) hidden by ${hider?.id}`, above.includes(hider?.id ?? 0), true);
  }
}

/** The facts of an entry that a directory listing has, too. */
function facts(entry: LayerEntry): Partial<WitnessFile> {
  const { ino, mode, uid, gid, sizeBytes, links, mtimeNs, target } = entry;
  return { ino, mode, uid, gid, sizeBytes, links, mtimeUs: Math.floor(Math.round(mtimeNs / 1000)), target };
}

function compareLayer(layer: Layer, listed: WitnessFile[], compare: Compare): void {
  compareNames(`layer ${layer.path}`, layer.entries, listed, compare);
  const byPath = new Map(listed.map((file) => [file.path, file]));
  const seen = new Set<string>([""]);
  for (const entry of layer.entries) {
    const parent = entry.path.slice(0, Math.max(0, entry.path.lastIndexOf("/")));
    compare(`${entry.path} of ${layer.path} after its directory`, seen.has(parent), true);
    seen.add(entry.path);
    const file = byPath.get(entry.path);
    if (!file) continue;
    const { ino, mode, uid, gid, sizeBytes, links, mtimeUs, target, device, marks } = file;
    compare(`${entry.path} of ${layer.path}`, facts(entry), { ino, mode, uid, gid, sizeBytes, links, mtimeUs, target });
    compare(`whiteout ${entry.path} of ${layer.path}`, entry.whiteout, (mode & 0xf000) === 0x2000 && device === "0:0");
    // Without -h, busybox cannot read those of symbolic links.
    if (target !== undefined) continue;
    compare(
      `marks of ${entry.path} of ${layer.path}`,
      [entry.opaque, entry.origin],
      [marks.has("opaque=y"), [...marks].some((mark) => mark.startsWith("origin="))],
    );
  }
}

/** What the overlay shows must be what the layers merge to. */
function compareMerged(mount: Mount, layers: Layer[], listed: WitnessFile[], compare: Compare): void {
  const visible = mergeLayers(layers).filter((entry) => entry.visible);
  compareNames(`overlay ${mount.path}`, visible, listed, compare);
  const byPath = new Map(listed.map((file) => [file.path, file]));
  for (const { path, entry } of visible) {
    const file = byPath.get(path);
    if (!file) continue;
    const directory = (entry.mode & 0xf000) === 0x4000;
    const { mode, uid, gid, mtimeUs, target } = facts(entry);
    compare(
      `${path} of ${mount.path}`,
      { mode, uid, gid, mtimeUs, target, sizeBytes: directory ? 0 : entry.sizeBytes },
      {
        mode: file.mode,
        uid: file.uid,
        gid: file.gid,
        mtimeUs: file.mtimeUs,
        target: file.target,
        sizeBytes: directory ? 0 : file.sizeBytes,
      },
    );
  }
}

function compareNames(what: string, ours: { path: string }[], listed: WitnessFile[], compare: Compare): void {
  const sorted = (names: { path: string }[]) => names.map(({ path }) => path).sort();
  compare(`the names of ${what}`, sorted(ours), sorted(listed));
}

/** `findmnt -r` of the mounts that tasks see. */
function findmntLines(mounts: Mount[]): string[] {
  return mounts
    .filter((mount) => mount.id !== mount.parentId)
    .map(({ id, parentId, type, device, options, shared, master, unbindable }) => {
      const propagation = [
        shared === undefined ? "private" : "shared",
        ...(master === undefined ? [] : ["slave"]),
        ...(unbindable ? ["unbindable"] : []),
      ].join(",");
      return `${id} ${parentId} ${type} ${device} ${propagation} ${options.join(",")}`;
    })
    .sort();
}
