import { expect, test } from "vitest";
import { layerCell, OverlayPictures } from "../app/overlay-picture";
import type { Layer } from "../protocol/mount";
import { kernelView } from "./kernel-view.fixture";
import { cellWord, whereFrom } from "./layer-words";
import { directory, entry, layer, whiteout } from "./mount.fixture";

function picture(layers: Layer[]) {
  const [upper, ...lowers] = layers.map(({ address }) => address);
  const overlay = { address: 1, device: "0:40", upper, lowers, lowerPaths: [], followsRedirects: false };
  return new OverlayPictures().take({ ...kernelView([]), overlays: [overlay], layers }, 1)!;
}

const seen = picture([
  layer("/up", [
    directory("d", { opaque: true }),
    directory("e"),
    entry("changed", { origin: true }),
    entry("made", { origin: false }),
    whiteout("gone"),
    whiteout("nothing"),
  ]),
  layer("/l1", [directory("d"), entry("d/x"), directory("e"), entry("changed"), entry("made"), entry("gone")]),
  layer("/l2", [directory("e"), entry("gone"), entry("low")]),
]);

test.each([
  ["d", "Only upper shows here. Opaque in upper: nothing of the layers below shows."],
  ["d/x", "Gone with its directory; lower 1 still has it."],
  ["e", "Merged of upper, lower 1 and lower 2."],
  ["changed", "Copied up: somebody changed it, so upper has a copy of its own and hides that of lower 1."],
  ["made", "Shown from upper; it hides that of lower 1."],
  ["gone", "Removed: a whiteout in upper hides that of lower 1 and lower 2."],
  ["nothing", "A whiteout in upper, with nothing below."],
  ["low", "Shown from lower 2."],
])("%s: %s", (path, sentence) => {
  expect(whereFrom(seen, seen.byPath.get(path)!)).toBe(sentence);
});

test("a cell in words", () => {
  const words = (path: string) => {
    const merged = seen.byPath.get(path)!;
    return [0, 1, 2].map((index) => {
      const cell = layerCell(seen, merged, index);
      return cell && cellWord(cell, merged, index);
    });
  };
  expect(words("d")).toEqual(["shown, opaque", "hidden by an opaque directory", undefined]);
  expect(words("changed")).toEqual(["shown, copied up", "hidden by the name above", undefined]);
  expect(words("gone")).toEqual(["whiteout: the name is gone", "hidden by a whiteout", "hidden by a whiteout"]);
  expect(words("e")).toEqual(["merged", "merged", "merged"]);
});
