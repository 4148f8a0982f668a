import { expect, test } from "vitest";
import { kernelView } from "./kernel-view.fixture";
import { mountFacts } from "./mount-facts";
import { entry, layer, mount } from "./mount.fixture";
import { fileFacts, findFile, overlayFacts } from "./overlay-facts";

const valueOf = (facts: { label: string; value: string }[], label: string) =>
  facts.find((fact) => fact.label === label)?.value;

test("a mount names what it lies on and what hides it", () => {
  const root = mount({ id: 1 });
  const below = mount({ id: 2, parentId: 1, path: "/mnt", hiddenBy: 3, superBlock: root.superBlock });
  const above = mount({ id: 3, parentId: 2, path: "/mnt", shared: 9 });
  const view = { ...kernelView([]), mounts: [root, below, above] };
  const facts = mountFacts(view, below);
  expect(valueOf(facts, "mounted on")).toBe("1, at /");
  expect(valueOf(facts, "hidden by")).toBe("3, at /mnt");
  expect(valueOf(facts, "device")).toBe("0:2, mounted 2 times");
  expect(valueOf(mountFacts(view, root), "mounted on")).toBe("nothing");
  expect(valueOf(mountFacts(view, above), "peer group")).toBe("9");
});

test("a mount says which namespace it keeps alive", () => {
  const file = mount({ id: 4, type: "nsfs", root: "net:[4026532000]", holds: 4026532000 });
  expect(valueOf(mountFacts({ ...kernelView([]), mounts: [file] }, file), "keeps alive")).toBe("namespace 4026532000");
});

test("an overlay names its layers by their paths", () => {
  const up = layer("/up", [entry("a")]);
  const low = layer("/low", [], { path: undefined });
  const overlay = {
    address: 0xc8000000,
    device: "0:40",
    upper: up.address,
    lowers: [low.address],
    lowerPaths: ["low"],
    followsRedirects: false,
  };
  const view = { ...kernelView([]), overlays: [overlay], layers: [up, low] };
  expect(valueOf(overlayFacts(view, overlay), "upper")).toBe("/up, 1 name on tmpfs");
  expect(valueOf(overlayFacts(view, overlay), "lower")).toBe("low, 0 names on tmpfs");
  expect(valueOf(overlayFacts(view, overlay), "mounted at")).toBe("nowhere in sight");
  expect(valueOf(overlayFacts(view, { ...overlay, upper: undefined }), "upper")).toBe("none: it is read-only");
});

test("a file is found by its inode, under each of its names", () => {
  const one = entry("a", { links: 2 });
  const up = layer("/up", [one, { ...one, path: "b" }]);
  const found = findFile({ ...kernelView([]), layers: [up] }, one.inode);
  expect(found.map((name) => name.entry.path)).toEqual(["a", "b"]);
  const facts = fileFacts(up, one);
  expect(valueOf(facts, "mode")).toBe("-rw-r--r--, file");
  expect(valueOf(facts, "changed")).toBe("2023-11-14T22:13:20Z");
  expect(valueOf(facts, "names")).toBe("2");
  // A torn inode may have any time.
  expect(valueOf(fileFacts(up, { ...one, mtimeNs: 9e27 }), "changed")).toBe("9000000000000000000 s");
});
