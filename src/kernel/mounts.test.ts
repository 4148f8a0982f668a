import { expect, test } from "vitest";
import { loadRecording } from "../../tests/support/recorded-memory";
import type { FactRef } from "../protocol/evidence";
import type { Layer, LayerEntry, Mount, Overlay } from "../protocol/mount";
import { debugInfo } from "./debuginfo";
import { FILE_FACTS } from "./file-facts";
import { PAGE_OFFSET } from "./memory";
import { mergeLayers } from "./merged";
import { MOUNT_FACTS } from "./mount-facts";
import { OVERLAY_FACTS } from "./overlay-facts";
import { createXray } from "./xray";

// The guest of tests/support/scenario.ts.
const recording = loadRecording("bubble");
const info = debugInfo(recording.layout);
const xray = createXray(recording.layout);
const ram = recording.ram();
const view = xray.observe(ram);
const host = view.namespaces.find(({ kind, initial }) => kind === "mnt" && initial)!;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const mounted = (path: string, source: string, namespace = host.inum): Mount => {
  const found = view.mounts.filter((mount) => mount.namespace === namespace && mount.path === path);
  return found.find((mount) => mount.source === source)!;
};
const overlayOf = (source: string): Overlay => {
  const { superBlock } = view.mounts.find((mount) => mount.type === "overlay" && mount.source === source)!;
  return view.overlays.find(({ address }) => address === superBlock)!;
};
const layerOf = (address: number): Layer => view.layers.find((layer) => layer.address === address)!;
const entryOf = (layer: Layer, path: string): LayerEntry => layer.entries.find((entry) => entry.path === path)!;

test("a mount has what mountinfo says of it", () => {
  expect(mounted("/mounts/a b\\n\u001b[31m<i>", "so urce")).toMatchObject({
    type: "tmpfs",
    root: "/",
    options: ["ro", "nosuid", "nodev", "noexec", "noatime"],
    superOptions: ["ro"],
    unbindable: false,
  });
  const first = mounted("/mounts/over", "first");
  expect(first.superOptions).toEqual(["rw", "size=1024k", "nr_inodes=99", "mode=700", "uid=5", "gid=6"]);
  expect(mounted("/layers/merged", "stack").superOptions).toEqual(
    expect.arrayContaining(["lowerdir=/layers/mid:/layers/low", "upperdir=/layers/up", "workdir=/layers/work"]),
  );
  const bound = mounted("/mounts/private", "root");
  expect(bound).toMatchObject({ root: "/layers/low/dir", superBlock: mounted("/", "root").superBlock });
  expect(bound.shared).toBeUndefined();
  expect(mounted("/mounts/held", "held").unbindable).toBe(true);
  expect(mounted("/mounts/slave", "second").master).toBe(mounted("/mounts/over", "second").shared);
});

test("what is mounted over a mount, or over a directory above it, hides it", () => {
  const second = mounted("/mounts/over", "second");
  expect(second.hiddenBy).toBeUndefined();
  expect(mounted("/mounts/over", "first").hiddenBy).toBe(second.id);
  expect(mounted("/mounts/over/below", "below").hiddenBy).toBe(second.id);
  expect(mounted("/", "rootfs").hiddenBy).toBe(mounted("/", "root").id);
});

test("namespaces that only a mount holds are in the picture, with the mounts in them", () => {
  const net = mounted("/mounts/held/net", "nsfs");
  expect(net.root).toBe(`net:[${net.holds}]`);
  expect(view.namespaces.find(({ kind, inum }) => kind === "net" && inum === net.holds)!.holders).toContainEqual({
    by: "mount",
    mount: net.id,
  });
  const { holds } = mounted("/mounts/held/mnt", "nsfs");
  expect(view.tasks.some(({ namespaces }) => namespaces.mnt === holds)).toBe(false);
  expect(mounted("/tmp", "inside", holds)).toMatchObject({ type: "tmpfs" });
  expect(mounted("/tmp", "tmpfs", holds).hiddenBy).toBe(mounted("/tmp", "inside", holds).id);
});

test("an overlay names its layers, and two overlays share one", () => {
  const [stack, second] = [overlayOf("stack"), overlayOf("second")];
  expect(stack).toMatchObject({
    upperPath: "/layers/up",
    workPath: "/layers/work",
    lowerPaths: ["/layers/mid", "/layers/low"],
  });
  expect(second).not.toHaveProperty("upper");
  expect(second.lowers).toEqual([...stack.lowers].reverse());
  expect(view.layers.map(({ path }) => path).sort()).toEqual(["/layers/low", "/layers/mid", "/layers/up"]);
  for (const layer of view.layers) expect(layer).toMatchObject({ type: "tmpfs", complete: true, omitted: 0 });
});

test("a layer has every name with what overlayfs wrote down about it", () => {
  const { upper, lowers } = overlayOf("stack");
  const [up, mid, low] = [upper!, ...lowers].map(layerOf);
  expect(entryOf(up, "dir/copied")).toMatchObject({ sizeBytes: 10, whiteout: false });
  // The kernel does not note the origin of a file with several names.
  expect(entryOf(up, "dir/copied").origin).toBe(false);
  expect(entryOf(up, "dir/middle").origin).toBe(true);
  expect(entryOf(up, "dir/removed")).toMatchObject({ whiteout: true });
  expect(entryOf(up, "gone")).toMatchObject({ whiteout: true });
  expect(entryOf(up, "replaced")).toMatchObject({ opaque: true, origin: false });
  expect(entryOf(up, "dir")).toMatchObject({ opaque: false, origin: true });
  expect(entryOf(low, "kept")).toMatchObject({ uid: 1000, gid: 100, mode: 0o104750, sizeBytes: 3, links: 1 });
  expect(entryOf(low, "hard")).toMatchObject({ inode: entryOf(low, "dir/copied").inode, links: 2 });
  expect(entryOf(low, "link").target).toBe("dir/copied");
  expect(entryOf(low, "long").target).toBe(Array.from({ length: 80 }, (_, i) => i + 1).join("/"));
  expect(entryOf(mid, "dir/middle").mtimeNs).toBe(981173106e9);
  expect(entryOf(mid, "dir/new\nline \u001b[31m").sizeBytes).toBe(3);
});

test("the layers merge to what the overlay shows", () => {
  const { upper, lowers } = overlayOf("stack");
  const merged = mergeLayers([upper!, ...lowers].map(layerOf));
  const at = (path: string) => merged.find((entry) => entry.path === path)!;
  expect(at("dir")).toMatchObject({ visible: true, layers: [0, 1, 2] });
  expect(at("dir/copied")).toMatchObject({ layer: 0, copiedUp: true });
  expect(at("dir/removed")).toMatchObject({ visible: false, hidden: [{ layer: 2, by: "whiteout" }] });
  expect(at("replaced/file")).toMatchObject({ visible: false, hidden: [{ layer: 1, by: "opaque" }] });
  expect(at("kept")).toMatchObject({ layer: 2, copiedUp: false });
});

test("a file is read from the page cache", () => {
  const up = layerOf(overlayOf("stack").upper!);
  const low = layerOf(overlayOf("stack").lowers[1]);
  const content = (layer: Layer, path: string) => xray.file(ram, entryOf(layer, path).inode);
  const numbers = Array.from({ length: 3000 }, (_, i) => `${i + 1}\n`).join("");
  const found = content(up, "numbers")!;
  expect(text(found.bytes)).toBe(numbers);
  expect(found).toMatchObject({ sizeBytes: numbers.length, missingPages: 0 });
  expect(text(content(up, "dir/copied")!.bytes)).toBe("low and up");
  expect(content(up, "hole")).toEqual({ bytes: new Uint8Array(20_000), sizeBytes: 20_000, missingPages: 5 });
  expect(text(content(low, "link")!.bytes)).toBe("dir/copied");
  expect(content(up, "dir/removed")).toBeUndefined();
  expect(content(up, "dir")).toBeUndefined();
  expect(xray.file(ram, view.tasks[0].address)).toBeUndefined();
});

/** Every fact of the tables, with the value that the picture has, written the way evidence writes it. */
function facts(): [FactRef, string][] {
  const quoted = (value: string) => JSON.stringify(value);
  const orNone = (value: unknown) => (value === undefined ? "none" : String(value));
  const hex = (address: number) => `0x${address.toString(16)}`;
  const found: [FactRef, string][] = [];
  const add = (object: "mount" | "overlay" | "file", address: number, values: Record<string, string>) => {
    for (const [fact, value] of Object.entries(values)) found.push([{ object, address, fact }, value]);
  };
  for (const mount of view.mounts) {
    const kind = view.namespaces.find(({ inum }) => inum === mount.holds)?.kind;
    add("mount", mount.address, {
      id: String(mount.id),
      parentId: String(mount.parentId),
      namespace: `mnt:[${mount.namespace}]`,
      path: quoted(mount.path),
      root: quoted(mount.root),
      type: quoted(mount.type),
      source: quoted(mount.source),
      superBlock: hex(mount.superBlock),
      device: mount.device,
      options: mount.options.join(","),
      superOptions: mount.superOptions.join(","),
      shared: orNone(mount.shared),
      master: orNone(mount.master),
      unbindable: String(mount.unbindable),
      hiddenBy: orNone(mount.hiddenBy),
      holds: kind ? `${kind}:[${mount.holds}]` : "none",
    });
  }
  for (const overlay of view.overlays) {
    add("overlay", overlay.address, {
      device: overlay.device,
      upper: overlay.upper === undefined ? "none" : hex(overlay.upper),
      lowers: overlay.lowers.map(hex).join(" "),
      upperPath: overlay.upperPath === undefined ? "none" : quoted(overlay.upperPath),
      workPath: overlay.workPath === undefined ? "none" : quoted(overlay.workPath),
      lowerPaths: overlay.lowerPaths.map(quoted).join(" "),
    });
  }
  for (const entry of view.layers.flatMap(({ entries }) => entries)) {
    add("file", entry.inode, {
      ino: String(entry.ino),
      mode: entry.mode.toString(8),
      uid: String(entry.uid),
      gid: String(entry.gid),
      sizeBytes: String(entry.sizeBytes),
      mtimeNs: String(entry.mtimeNs),
      links: String(entry.links),
      whiteout: String(entry.whiteout),
      opaque: String(entry.opaque),
      redirect: entry.redirect === undefined ? "none" : quoted(entry.redirect),
      origin: String(entry.origin),
      target: entry.target === undefined ? "none" : quoted(entry.target),
    });
  }
  return found;
}

test("the evidence of every fact comes to the value of the picture, with the bytes that are there", () => {
  const all = facts();
  const tables = { mount: MOUNT_FACTS, overlay: OVERLAY_FACTS, file: FILE_FACTS };
  for (const [object, table] of Object.entries(tables)) {
    const asked = new Set(all.filter(([ref]) => ref.object === object).map(([ref]) => ref.fact));
    expect([...asked].sort()).toEqual(Object.keys(table.facts).sort());
  }
  for (const [ref, value] of all) {
    const found = xray.evidence(ram, ref);
    expect(found?.value, JSON.stringify(ref)).toBe(value);
    for (const step of found!.steps) {
      const at = step.address - PAGE_OFFSET;
      expect(step.bytes, step.path).toEqual([...ram.subarray(at, at + step.bytes.length)]);
    }
  }
});

test("evidence goes the kernel's way", () => {
  const { address } = mounted("/mounts/over", "second");
  const type = xray.evidence(ram, { object: "mount", address, fact: "type" })!;
  expect(type.steps.map(({ path }) => path)).toEqual([
    "mnt_ns_tree (entry 1)",
    expect.stringMatching(/^mnt_ns->mounts \(entry \d+\)$/),
    "mount->mnt.mnt_sb",
    "mount->mnt.mnt_sb->s_type",
    // The pointer, and the text that it leads to.
    "mount->mnt.mnt_sb->s_type->name",
    "mount->mnt.mnt_sb->s_type->name",
    "mount->mnt.mnt_sb->s_subtype",
  ]);
  const { inode } = entryOf(layerOf(overlayOf("stack").upper!), "dir/copied");
  const size = xray.evidence(ram, { object: "file", address: inode, fact: "sizeBytes" })!;
  expect(size.steps.map(({ path }) => path).filter((path) => path.includes("d_"))).toEqual([
    expect.stringMatching(/^layer->mnt->mnt_root->d_children \(entry \d+\)$/),
    expect.stringMatching(/^dentry->d_children \(entry \d+\)$/),
    "dentry->d_inode",
    "dentry->d_inode->i_size",
  ]);
  expect(size.command).toBe("stat -c %s '/layers/up/dir/copied'");
});

/** A copy of the recorded memory with words overwritten. */
function tampered(...writes: [address: number, value: number][]): Uint8Array {
  const copy = recording.ram();
  const words = new DataView(copy.buffer);
  for (const [address, value] of writes) words.setUint32(address - PAGE_OFFSET, value, true);
  return copy;
}

test("a fact of a mount that cannot be read is listed, and its others stand", () => {
  const mount = mounted("/mounts/private", "root");
  const damaged = xray.observe(tampered([mount.address + info.fields.mount.mnt_devname.offset, 0x10]));
  expect(damaged.problems.map(({ where }) => where)).toEqual([expect.stringMatching(/^mount\(0x\w+\)->mnt_devname$/)]);
  const same = damaged.mounts.find(({ address }) => address === mount.address);
  expect(same).toEqual({ ...mount, source: "" });
  expect(damaged.mounts.length).toBe(view.mounts.length);
});

test("a tree of mounts that leads back to itself ends", () => {
  const { mnt_node } = info.fields.mount;
  const { rb_left } = info.fields.rb_node;
  const node = mounted("/", "rootfs").address + mnt_node.offset;
  const damaged = xray.observe(tampered([node + rb_left.offset, node]));
  expect(damaged.problems.some(({ what }) => what.includes("deeper than"))).toBe(true);
  expect(damaged.tasks.length).toBe(view.tasks.length);
});

test("a directory whose list of names is broken is listed, and the rest of the layer stands", () => {
  const up = layerOf(overlayOf("stack").upper!);
  const damaged = xray.observe(tampered([up.address + info.fields.dentry.d_children.offset, 0xfffffff0]));
  expect(damaged.problems).toEqual([
    expect.objectContaining({ where: expect.stringContaining("d_children") as string }),
  ]);
  expect(damaged.layers.find(({ address }) => address === up.address)!.entries).toEqual([]);
  expect(damaged.layers.length).toBe(view.layers.length);
});

test("a layer in which nothing changed is the same object, and one name that did change is another", () => {
  const twice = createXray(recording.layout);
  const before = twice.observe(ram);
  const again = twice.observe(ram);
  expect(again.layers.map((layer, index) => layer === before.layers[index])).toEqual(before.layers.map(() => true));
  const up = before.layers.findIndex(({ address }) => address === overlayOf("stack").upper);
  const { inode } = entryOf(before.layers[up], "numbers");
  const changed = twice.observe(tampered([inode + info.fields.inode.i_size.offset, 5]));
  expect(changed.layers[up]).not.toBe(before.layers[up]);
  expect(entryOf(changed.layers[up], "numbers").sizeBytes).toBe(5);
  const differs = changed.layers[up].entries.filter((entry, index) => entry !== before.layers[up].entries[index]);
  expect(differs.map(({ path }) => path)).toEqual(["numbers"]);
  expect(changed.layers.filter((layer, index) => layer !== before.layers[index]).length).toBe(1);
});
