/** Builds the site when its sources changed and serves it on loopback: `npm start [-- --port N]`. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build, preview } from "vite";
import { buildMachine } from "../guest/build";

const TOP = fileURLToPath(new URL("../", import.meta.url));
const STAMP = join(TOP, "dist/.sources");

/** Builds `dist/` unless it was made from the very same sources. */
export async function buildSite(): Promise<void> {
  const manifest = await buildMachine({ snapshot: true, progress: (line) => console.log(line) });
  const sources = hashOf(["src", "lessons", "public", "index.html", "vite.config.ts", "package-lock.json"].map((name) => join(TOP, name)), [
    manifest,
  ]);
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === sources) return;
  console.log("building the page");
  await build({ root: TOP, logLevel: "warn" });
  writeFileSync(STAMP, sources);
}

function hashOf(paths: string[], more: string[]): string {
  const hash = createHash("sha256");
  const visit = (path: string) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    else hash.update(path).update(readFileSync(path));
  };
  [...paths, ...more].forEach(visit);
  return hash.digest("hex");
}

export async function serve(port: number, strictPort = false) {
  return preview({ root: TOP, logLevel: "warn", preview: { host: "127.0.0.1", port, strictPort } });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: "string", default: "4173" } } });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    console.error(`--port takes a number from 0 to 65535, not ${JSON.stringify(values.port)}.`);
    process.exit(2);
  }
  await buildSite();
  const server = await serve(port);
  console.log(`Glassbox is at ${server.resolvedUrls?.local[0]}  (Ctrl-C ends it)`);
}
