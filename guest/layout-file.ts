/** The struct layout of a built machine. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Layout } from "../src/protocol/layout";
import type { Manifest } from "../src/protocol/manifest";

/** `manifestPath` names `manifest.json`. */
export async function layoutOf(manifestPath: string): Promise<Layout> {
  const manifest = JSON.parse(await readFile(manifestPath, "utf8")) as Manifest;
  return JSON.parse(await readFile(join(dirname(manifestPath), manifest.files.layout.path), "utf8")) as Layout;
}
