/** Mounts and layers of the picture against mountinfo, findmnt, find, stat and cat, while they change. */
import { expect, test } from "vitest";
import { mergeLayers } from "../../src/kernel/merged";
import type { Machine } from "../../src/machine/machine";
import { quote } from "../../src/plan/quote";
import type { Layer, LayerEntry } from "../../src/protocol/mount";
import type { KernelView } from "../../src/protocol/view";
import { compareMounts } from "../support/compare";
import { sh } from "../support/machine";
import { observedMachine } from "../support/observed-machine";

const guest = await observedMachine();
const { machine, picture, until } = guest;

function layersOf(view: KernelView, path: string): Layer[] {
  const { superBlock } = view.mounts.find((mount) => mount.type === "overlay" && mount.path === path)!;
  const { upper, lowers } = view.overlays.find(({ address }) => address === superBlock)!;
  return [...(upper === undefined ? [] : [upper]), ...lowers].map((layer) =>
    view.layers.find(({ address }) => address === layer)!,
  );
}

async function content(inode: number) {
  const found = await machine.file(inode);
  if (!found.ok) throw new Error(found.failure.what);
  return found.value;
}

async function bytesOf(script: string): Promise<Uint8Array> {
  const result = await machine.run({ script });
  if (!result.ok) throw new Error(result.failure.what);
  return result.value.stdout;
}

test("1,000 mounts in one namespace, and mounts deep on each other", { timeout: 120_000 }, async () => {
  await machine.reset();
  await sh(
    machine,
    `mkdir -p /t/many /t/deep && mount -t tmpfs many /t/many && mount --make-private /t/many && cd /t/many && mkdir $(seq 10)
for n in $(seq 10); do mount --rbind /t/many /t/many/$n; done
cd /t/deep; for n in $(seq 50); do mkdir d; mount -t tmpfs "d$n" d; cd d; done`,
  );
  const view = await compareMounts(guest, "1,000 mounts");
  expect(view.mounts.filter(({ source }) => source === "many").length).toBe(1024);
  expect(view.mounts.find(({ source }) => source === "d50")!.path).toBe(`/t/deep${"/d".repeat(50)}`);
});

test("names that try to break out are names like others", { timeout: 120_000 }, async () => {
  await machine.reset();
  const hostile = ["line\nbreak", "\u001b[31mred", "\u202ertl", "<img src=x>", "a b\\", "-rf", "é ☃", "'\"$(id)`id`"];
  await sh(
    machine,
    `mkdir -p /t/l /t/u /t/w /t/m; cd /t/l
${hostile.map((name) => `echo low > ${quote(`./${name}`)}`).join("\n")}
cd /t; mount -t overlay hostile -o lowerdir=l,upperdir=u,workdir=w m; cd m
${hostile
  .slice(0, 4)
  .map((name) => `echo up >> ${quote(`./${name}`)}`)
  .join("\n")}
${hostile
  .slice(4)
  .map((name) => `rm ${quote(`./${name}`)}`)
  .join("\n")}
cd /
${hostile.map((name) => `mkdir ${quote(`/t/${name}`)}; mount -t tmpfs ${quote(`from ${name}`)} ${quote(`/t/${name}`)}`).join("\n")}`,
  );
  const view = await compareMounts(guest, "hostile names");
  const [upper] = layersOf(view, "/t/m");
  expect(upper.entries.map(({ path, whiteout }) => [path, whiteout]).sort()).toEqual(
    hostile.map((name, index) => [name, index >= 4]).sort(),
  );
  expect(view.mounts.flatMap(({ path, source }) => (source === `from ${path.slice(3)}` ? path.slice(3) : []))).toEqual(
    hostile,
  );
});

test("1,000 nested directories in a layer are read to the last", { timeout: 120_000 }, async () => {
  await machine.reset();
  await sh(
    machine,
    `mkdir -p /t/l /t/u /t/w /t/m; cd /t/l; nested=$(printf 'd/%.0s' $(seq 1000)); mkdir -p $nested; echo bottom > $nested/f
mount -t overlay nested -o lowerdir=/t/l,upperdir=/t/u,workdir=/t/w /t/m; echo more >> /t/m/$nested/f`,
  );
  const [upper, lower] = layersOf(await picture(), "/t/m");
  const names = (await sh(machine, "cd /t/l; find . ! -path . | sed 's:^./::'")).trim().split("\n");
  expect(names.length).toBe(1001);
  for (const layer of [upper, lower]) expect(layer.entries.map(({ path }) => path)).toEqual(names);
  const [old, copy] = [lower, upper].map(({ entries }) => entries.at(-1)!);
  const text = async ({ inode }: LayerEntry) => new TextDecoder().decode((await content(inode)).bytes);
  expect([await text(old), await text(copy)]).toEqual(["bottom\n", "bottom\nmore\n"]);
  const found = await machine.evidence({ object: "file", address: copy.inode, fact: "sizeBytes" });
  expect(found.ok && found.value.value).toBe("12");
});

test("an overlay that is mounted nowhere any more stays while somebody uses it", async () => {
  await machine.reset();
  await sh(
    machine,
    `mkdir -p /t/l /t/u /t/w /t/m; echo low > /t/l/f; mount -t overlay lazy -o lowerdir=/t/l,upperdir=/t/u,workdir=/t/w /t/m
cd /t/m; setsid sleep 1001 </dev/null >/dev/null 2>&1 & cd /; umount -l /t/m`,
  );
  const held = await until((view) => view.tasks.some(({ comm, argv }) => comm === "sleep" && argv[1] === "1001"));
  expect(held.overlays.map(({ upperPath }) => upperPath)).toEqual(["/t/u"]);
  expect(held.mounts.some(({ type }) => type === "overlay")).toBe(false);
  await sh(machine, "kill $(pidof sleep)");
  await until(({ overlays, layers }) => overlays.length === 0 && layers.length === 0);
});

test("a directory that is renamed in an overlay shows what it is redirected to", async () => {
  await machine.reset();
  await sh(
    machine,
    `mkdir -p /t/l/old/in /t/l/beside/a /t/l/beside/c /t/l/moved /t/u /t/w /t/m; echo x > /t/l/old/in/x; echo y > /t/l/beside/a/y; echo v > /t/l/beside/c/v
mount -t overlay redirected -o redirect_dir=on,lowerdir=/t/l,upperdir=/t/u,workdir=/t/w /t/m
cd /t/m; mv old new; mv beside/a beside/b; mv beside/c moved/c; mkdir old; echo other > old/z`,
  );
  const view = await picture();
  const [overlay] = view.overlays;
  expect(overlay.followsRedirects).toBe(true);
  const layers = layersOf(view, "/t/m");
  expect(layers[0].entries.map(({ path, redirect }) => [path, redirect]).filter(([, redirect]) => redirect)).toEqual(
    expect.arrayContaining([
      ["new", "old"],
      ["beside/b", "a"],
      ["moved/c", "/beside/c"],
    ]),
  );
  const shown = mergeLayers(layers, { followRedirects: true }).filter(({ visible }) => visible);
  const listed = (await sh(machine, "cd /t/m; find . ! -path . | sed 's:^./::' | sort")).trim().split("\n");
  expect(shown.map(({ path }) => path).sort()).toEqual(listed.sort());
  expect(listed).toEqual(expect.arrayContaining(["new/in/x", "beside/b/y", "moved/c/v", "old/z"]));
});

test("a layer that is not in memory whole says so, and so does one that a bound cut", async () => {
  await machine.reset();
  await sh(
    machine,
    `mkdir -p /t/disk /t/big /t/m; truncate -s 1M /t/image; mke2fs -F -q /t/image 2>/dev/null; mount -o loop /t/image /t/disk
echo on disk > /t/disk/f; mount -t overlay disk -o lowerdir=/t/disk:/t/big /t/m
cd /t/big; seq 17000 | xargs touch`,
  );
  const view = await machine.view();
  if (!view.ok) throw new Error(view.failure.what);
  const [disk, big] = layersOf(view.value, "/t/m");
  expect(disk).toMatchObject({ type: "ext2", complete: false, path: "/t/disk" });
  expect(big).toMatchObject({ type: "tmpfs", complete: true, omitted: 17_000 - 16_384 });
  expect(view.value.omitted).toEqual([expect.stringContaining("616 or more names of the layer /t/big")]);
});

test("the content of a file is what cat prints, up to a bound, and only files of layers have it", async () => {
  await machine.reset();
  await sh(
    machine,
    `mkdir -p /t/l/d /t/u /t/m; seq 100000 > /t/l/large; printf '\\000\\377\\033[31m' > /t/l/binary; : > /t/l/empty
ln -s "$(seq -s / 1 200)" /t/l/long; mount -t overlay files -o lowerdir=/t/l:/t/u /t/m`,
  );
  const [lower] = layersOf(await picture(), "/t/m");
  const inode = (name: string) => lower.entries.find(({ path }) => path === name)!.inode;
  const large = await content(inode("large"));
  const whole = await bytesOf("cat /t/l/large");
  expect([large.bytes.length, large.sizeBytes, large.missingPages]).toEqual([256 << 10, whole.length, 0]);
  expect(Buffer.compare(large.bytes, whole.subarray(0, 256 << 10))).toBe(0);
  expect([...(await content(inode("binary"))).bytes]).toEqual([...(await bytesOf("cat /t/l/binary"))]);
  expect(await content(inode("empty"))).toEqual({ bytes: new Uint8Array(0), sizeBytes: 0, missingPages: 0 });
  expect(new TextDecoder().decode((await content(inode("long"))).bytes)).toBe(
    await sh(machine, "readlink -n /t/l/long"),
  );
  const gone = inode("large");
  await sh(machine, "umount /t/m; rm /t/l/large");
  for (const address of [gone, 0, 12, 0xc0000000]) {
    const found = await machine.file(address);
    expect(found.ok ? "content" : found.failure).toMatchObject({ code: "bad-request" });
  }
});

test("evidence names commands that show the same", async () => {
  await machine.reset();
  await sh(
    machine,
    `mkdir -p /t/l/d /t/u /t/w "/t/it's m"; echo low > /t/l/d/f; ln -s f /t/l/d/link; touch /t/ns; mount --bind /proc/1/ns/net /t/ns
mount -t overlay shown -o lowerdir=/t/l,upperdir=/t/u,workdir=/t/w "/t/it's m"; cd "/t/it's m"; rm d/link; rm -r d; mkdir d; echo up > d/f`,
  );
  const view = await picture();
  const shows = async (ref: Parameters<Machine["evidence"]>[0]) => {
    const found = await machine.evidence(ref);
    if (!found.ok) throw new Error(found.failure.what);
    return [found.value.value, await sh(machine, found.value.command!)];
  };
  const mount = view.mounts.find(({ source }) => source === "shown")!;
  const object = { object: "mount", address: mount.address } as const;
  for (const fact of ["id", "parentId", "type", "source", "device", "options", "superOptions", "shared"]) {
    const [value, shown] = await shows({ ...object, fact });
    expect(shown, fact).toContain(value.replace(/^"|"$/g, ""));
  }
  const [upper, lower] = layersOf(view, mount.path);
  const file = (layer: Layer, path: string) => layer.entries.find((entry) => entry.path === path)!.inode;
  const of = (address: number, fact: string) => shows({ object: "file", address, fact });
  for (const fact of ["ino", "uid", "gid", "sizeBytes", "links"]) {
    const [value, shown] = await of(file(lower, "d/f"), fact);
    expect(shown.trim(), fact).toBe(value);
  }
  expect(parseInt((await of(file(lower, "d"), "mode"))[1], 16).toString(8)).toBe("40755");
  expect((await of(file(lower, "d/link"), "target"))[1].trim()).toBe("f");
  expect(await of(file(upper, "d"), "opaque")).toEqual(["true", expect.stringContaining('trusted.overlay.opaque="y"')]);
  const overlay = { object: "overlay", address: mount.superBlock } as const;
  for (const fact of ["upperPath", "workPath", "device"]) {
    const [value, shown] = await shows({ ...overlay, fact });
    expect(shown, fact).toContain(value.replace(/^"|"$/g, ""));
  }
});
