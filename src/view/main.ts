/** The page's first script: starts the machine, then fetches what draws the page. */
import { launch } from "../app/launch";

const manifestUrl = new URL("machine/manifest.json", document.baseURI).href;
const first = launch({ manifestUrl });
const { draw } = await import("./page");
draw(document.getElementById("page")!, first, manifestUrl);
