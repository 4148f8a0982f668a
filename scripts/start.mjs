// `npm start`: installs, builds what is missing, serves, prints the address.
import { install, tsx } from "./install.mjs";

install();
process.exit(tsx(["scripts/serve.ts", ...process.argv.slice(2)]));
