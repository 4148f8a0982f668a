/** The second half of `npm start`: builds what is missing, serves it, prints the address. `-- --port N` picks a port. */
import { parseArgs } from "node:util";
import { buildSite, serveSite } from "./site";

const { values } = parseArgs({ options: { port: { type: "string" } } });
const port = Number(values.port ?? 4173);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`--port takes a number from 0 to 65535, not ${JSON.stringify(values.port)}.`);
  process.exit(2);
}
await buildSite();
try {
  const { url } = await serveSite(port);
  console.log(`Glassbox is at ${url}  (Ctrl-C ends it)`);
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
  console.error(`Port ${port} is taken; pick another: npm start -- --port ${port + 1}`);
  process.exit(1);
}
