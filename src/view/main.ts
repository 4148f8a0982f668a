/** The page's first script: starts the machine, then fetches what draws the page. */
import { launch } from "../app/launch";

const manifestUrl = new URL("machine/manifest.json", document.baseURI).href;
const first = launch({ manifestUrl });

const [{ mount }, { default: Page }, { Glassbox }, { Settings }] = await Promise.all([
  import("svelte"),
  import("./Page.svelte"),
  import("../app/glassbox.svelte"),
  import("../app/settings.svelte"),
]);
const settings = new Settings();
mount(Page, { target: document.getElementById("page")!, props: { glassbox: new Glassbox(first, manifestUrl, settings) } });
