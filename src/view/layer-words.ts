/** What becomes of a name in an overlay, in sentences. */
import type { HiddenBy, LayerCell, MergedEntry, OverlayPicture } from "../app/overlay-picture";
import { isDirectory } from "./file-text";

export const HIDDEN_WORD: Record<HiddenBy, string> = {
  file: "hidden by the name above",
  whiteout: "hidden by a whiteout",
  opaque: "hidden by an opaque directory",
};

export function cellWord({ is, by, entry }: LayerCell, merged: MergedEntry, layer: number): string {
  if (is === "whiteout") return "whiteout: the name is gone";
  if (is === "hidden") return by ? HIDDEN_WORD[by] : "hidden with its directory";
  if (is === "joins") return entry.opaque ? "merged, opaque" : "merged";
  if (merged.copiedUp && merged.layer === layer) return "shown, copied up";
  const word = merged.layers.length > 1 ? "merged" : "shown";
  return entry.opaque ? `${word}, opaque` : word;
}

const list = (words: readonly string[]) =>
  words.length < 3 ? words.join(" and ") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

/** Which layer a path comes from and what it hides. */
export function whereFrom({ names }: OverlayPicture, merged: MergedEntry): string {
  const { entry, layer, layers, hidden, visible, copiedUp } = merged;
  const top = names[layer];
  const below = list([...new Set(hidden.filter((one) => !one.entry.whiteout).map((one) => names[one.layer]))]);
  if (!visible) {
    if (entry.whiteout) {
      return below
        ? `Removed: a whiteout in ${top} hides that of ${below}.`
        : `A whiteout in ${top}, with nothing below.`;
    }
    return `Gone with its directory; ${names[layer]} still has it.`;
  }
  if (isDirectory(entry.mode)) {
    const from = layers.length > 1 ? `Merged of ${list(layers.map((one) => names[one]))}.` : `Only ${top} shows here.`;
    const opaque = entry.opaque ? ` Opaque in ${top}: nothing of the layers below shows.` : "";
    return from + (opaque || (below ? ` What ${below} has is hidden.` : ""));
  }
  if (copiedUp) return `Copied up: somebody changed it, so ${top} has a copy of its own and hides that of ${below}.`;
  return below ? `Shown from ${top}; it hides that of ${below}.` : `Shown from ${top}.`;
}
