/** The page's first script: starts the machine, then fetches what draws the page. */
import { launch } from "../app/launch";
import type { Manifest } from "../protocol/manifest";

const manifestUrl = new URL("machine/manifest.json", document.baseURI).href;
// The build writes the manifest into the page, which spares the first start a round trip.
const written = document.getElementById("manifest")?.textContent;
const first = launch({ manifestUrl, manifest: written ? (JSON.parse(written) as Manifest) : undefined });
const { draw } = await import("./page");
draw(document.getElementById("page")!, first, manifestUrl);
