/** `npm run build`: the machine and the page, into `dist/`. */
import { buildSite } from "./site";

await buildSite();
