import { expect, test } from "vitest";
import type { Layer } from "../protocol/mount";
import type { KernelView } from "../protocol/view";
import { kernelView } from "../view/kernel-view.fixture";
import { directory, entry, layer, whiteout } from "../view/mount.fixture";
import { baseName, compareLayers, layerCell, OverlayPictures, parentPath } from "./overlay-picture";

function viewOf(layers: Layer[], hasUpper = true): KernelView {
  const addresses = layers.map(({ address }) => address);
  const overlay = {
    address: 0xc8000000,
    device: "0:40",
    upper: hasUpper ? addresses[0] : undefined,
    lowers: hasUpper ? addresses.slice(1) : addresses,
    lowerPaths: [],
    followsRedirects: false,
  };
  return { ...kernelView([]), overlays: [overlay], layers };
}
const take = (layers: Layer[]) => new OverlayPictures().take(viewOf(layers), 0xc8000000)!;

const lower = layer("/low", [directory("etc"), entry("etc/a", { sizeBytes: 4 }), entry("etc/b"), entry("c")]);
const upper = layer("/up", [directory("etc"), entry("etc/a", { sizeBytes: 9 }), whiteout("c"), entry("new")]);

test("a cell says what becomes of a layer's name", () => {
  const picture = take([upper, lower]);
  const cells = (path: string) => [0, 1].map((index) => layerCell(picture, picture.byPath.get(path)!, index)?.is);
  expect(cells("etc")).toEqual(["shows", "joins"]);
  expect(cells("etc/a")).toEqual(["shows", "hidden"]);
  expect(cells("etc/b")).toEqual([undefined, "shows"]);
  expect(cells("c")).toEqual(["whiteout", "hidden"]);
  expect(cells("new")).toEqual(["shows", undefined]);
  expect(picture.names).toEqual(["upper", "lower"]);
  expect(picture.sizeBytes).toEqual([19, 24]);
  expect(picture.wastedBytes).toEqual([0, 14]);
});

test("nothing is merged anew while nothing changes, and then what came is told", () => {
  const pictures = new OverlayPictures();
  const first = pictures.take(viewOf([upper, lower]), 0xc8000000)!;
  expect(pictures.take(viewOf(structuredClone([upper, lower])), 0xc8000000)).toBe(first);
  const more = { ...upper, entries: [...upper.entries, whiteout("etc/b")] };
  const next = pictures.take(viewOf([more, lower]), 0xc8000000)!;
  expect([...next.arrived]).toEqual(["0:etc/b"]);
  expect(next.byPath.get("etc/b")!.visible).toBe(false);
});

test("a layer that is not in the picture is empty, and the rest stands", () => {
  const view = viewOf([upper, lower]);
  view.layers = [lower];
  const picture = new OverlayPictures().take(view, 0xc8000000)!;
  expect(picture.layers[0]).toMatchObject({ complete: false, entries: [] });
  expect(picture.byPath.get("c")!.visible).toBe(true);
});

test("layers are compared with what is below them, or alone", () => {
  const picture = take([upper, lower]);
  const short = (whole: boolean) => compareLayers(picture, 1, 0, whole).map(({ path, change }) => `${change} ${path}`);
  expect(short(true)).toEqual(["removed c", "changed etc/a", "added new"]);
  expect(short(false)).toEqual(["removed c", "changed etc/a", "removed etc/b", "added new"]);
  expect(compareLayers(picture, 1, 0, true)[1].what).toEqual(["content"]);
});

test("a copy that only got another owner has the same content", () => {
  const mtimeNs = 5e9;
  const below = layer("/l", [entry("a", { mtimeNs })]);
  const above = layer("/u", [entry("a", { mtimeNs, uid: 7 })]);
  expect(compareLayers(take([above, below]), 1, 0, true)).toMatchObject([{ change: "changed", what: ["owner"] }]);
});

test("paths come apart", () => {
  expect([parentPath("a/b/c"), baseName("a/b/c")]).toEqual(["a/b", "c"]);
  expect([parentPath("a"), baseName("a")]).toEqual(["", "a"]);
});
