import type { ObjectRef } from "../protocol/evidence";
import type { Layer, LayerEntry, Overlay } from "../protocol/mount";
import type { KernelView } from "../protocol/view";
import { formatMode, isRegular, typeWord } from "./file-text";
import { formatBytes, formatCount } from "./format";
import { type FactText, textRows } from "./mount-facts";
import type { ObjectDescription } from "./object-description";

/** What is known about an overlay. */
export function overlayFacts(view: KernelView, overlay: Overlay): FactText[] {
  const places = view.mounts.filter(({ superBlock }) => superBlock === overlay.address).map(({ path }) => path);
  const layer = (address: number | undefined, option: string | undefined) => {
    if (address === undefined) return "none: it is read-only";
    const found = view.layers.find((one) => one.address === address);
    const path = found?.path ?? option ?? "a directory with no path here";
    return found ? `${path}, ${formatCount(found.entries.length + found.omitted, "name")} on ${found.type}` : path;
  };
  return [
    { label: "device", fact: "device", value: overlay.device },
    { label: "mounted at", value: places.length ? places.join(", ") : "nowhere in sight" },
    { label: "upper", fact: "upper", value: layer(overlay.upper, overlay.upperPath) },
    ...overlay.lowers.map((address, index) => ({
      label: overlay.lowers.length === 1 ? "lower" : `lower ${index + 1}`,
      fact: "lowers",
      value: layer(address, overlay.lowerPaths.at(index)),
    })),
    ...(overlay.upperPath === undefined ? [] : [{ label: "upperdir=", fact: "upperPath", value: overlay.upperPath }]),
    { label: "lowerdir=", fact: "lowerPaths", value: overlay.lowerPaths.join(":") },
    ...(overlay.workPath === undefined ? [] : [{ label: "workdir=", fact: "workPath", value: overlay.workPath }]),
    { label: "redirects", value: overlay.followsRedirects ? "followed" : "not followed" },
  ];
}

/** The names of a file in the layers of a picture, and the layers. */
export function findFile(view: KernelView, inode: number): { layer: Layer; entry: LayerEntry }[] {
  return view.layers.flatMap((layer) =>
    layer.entries.filter((entry) => entry.inode === inode).map((entry) => ({ layer, entry })),
  );
}

/** Date and time in UTC; a time that no calendar has, as seconds. */
function formatInstant(timeNs: number): string {
  const date = new Date(timeNs / 1e6);
  return Number.isNaN(date.getTime()) ? `${timeNs / 1e9} s` : `${date.toISOString().slice(0, 19)}Z`;
}

/** What is known about a name in a layer. */
export function fileFacts(layer: Layer, entry: LayerEntry): FactText[] {
  const facts: FactText[] = [
    { label: "path", value: entry.path },
    { label: "layer", value: layer.path ?? "a directory with no path here" },
    { label: "inode", fact: "ino", value: String(entry.ino) },
    { label: "mode", fact: "mode", value: `${formatMode(entry.mode)}, ${typeWord(entry)}` },
    { label: "uid", fact: "uid", value: String(entry.uid) },
    { label: "gid", fact: "gid", value: String(entry.gid) },
    {
      label: "size",
      fact: "sizeBytes",
      value: isRegular(entry.mode)
        ? `${entry.sizeBytes} bytes, ${formatBytes(entry.sizeBytes)}`
        : String(entry.sizeBytes),
    },
    { label: "changed", fact: "mtimeNs", value: formatInstant(entry.mtimeNs) },
    { label: "names", fact: "links", value: String(entry.links) },
    { label: "whiteout", fact: "whiteout", value: entry.whiteout ? "yes: the name is gone in the merged view" : "no" },
    { label: "opaque", fact: "opaque", value: entry.opaque ? "yes: nothing of the layers below shows" : "no" },
  ];
  if (entry.redirect !== undefined) facts.push({ label: "redirect", fact: "redirect", value: entry.redirect });
  if (entry.origin !== undefined) {
    facts.push({ label: "copied up", fact: "origin", value: entry.origin ? "yes" : "no: made in this layer" });
  }
  if (entry.target !== undefined) facts.push({ label: "leads to", fact: "target", value: entry.target });
  return facts;
}

export function describeOverlay(view: KernelView, ref: ObjectRef): ObjectDescription | undefined {
  const overlay = view.overlays.find(({ address }) => address === ref.address);
  if (!overlay) return undefined;
  return {
    identity: `overlay:${overlay.address}:${overlay.device}`,
    number: overlay.device,
    title: "overlay",
    meaning: "An overlay filesystem: directories stacked, each name shown from the topmost that has it.",
    rows: textRows(ref, overlayFacts(view, overlay)),
  };
}

export function describeFile(view: KernelView, ref: ObjectRef): ObjectDescription | undefined {
  const names = findFile(view, ref.address);
  const first = names.at(0);
  if (!first) return undefined;
  const { layer, entry } = first;
  const others = names.slice(1).map(({ entry }) => ({ label: "also named", value: entry.path }));
  return {
    identity: `file:${ref.address}:${entry.ino}`,
    number: String(entry.ino),
    title: entry.path,
    meaning: entry.whiteout
      ? "A whiteout: the name is gone in the merged view, whatever the layers below have."
      : "A file in a layer, by the inode that holds it.",
    rows: textRows(ref, [...fileFacts(layer, entry), ...others]),
  };
}
