/** The site as files: built into `dist/`, compressed beside itself, served on loopback. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import sirv from "sirv";
import { build } from "vite";
import { buildMachine } from "../guest/build";
import { buildRegistry } from "../images/library/build";

const TOP = fileURLToPath(new URL("../", import.meta.url));
export const DIST = join(TOP, "dist");
const STAMP = join(DIST, ".sources");

/** Builds `dist/` unless it was made from the very same sources. */
export async function buildSite(progress: (line: string) => void = console.log): Promise<void> {
  const manifest = await buildMachine({ snapshot: true, progress });
  await buildRegistry();
  const inputs = [
    "src",
    "images/library",
    "lessons",
    "scripts",
    "public",
    "index.html",
    "vite.config.ts",
    "package-lock.json",
  ];
  const sources = hashOf([...inputs.map((name) => join(TOP, name)), manifest]);
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === sources) return;
  progress("building the page");
  await build({ root: TOP, logLevel: "error" });
  compressBeside(DIST);
  writeFileSync(STAMP, sources);
}

/** Serves `dist/` on 127.0.0.1, compressed as the browser asks; `port` 0 takes a free one. */
export async function serveSite(port: number): Promise<{ url: string; server: Server }> {
  const handler = sirv(DIST, {
    brotli: true,
    gzip: true,
    etag: true,
    setHeaders(response, pathname) {
      const hashed = /-[\w-]{8,}\.\w+(\.\w+)?$/.test(pathname);
      response.setHeader("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
    },
  });
  const server = createServer((request, response) =>
    handler(request, response, () => {
      response.statusCode = 404;
      response.end("There is no such file.\n");
    }),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

/** Static hosts and `sirv` serve `file.br` and `file.gz` in place of `file`. What is compressed already stays alone. */
function compressBeside(directory: string): void {
  for (const path of filesIn(directory)) {
    if (!/\.(js|css|html|json|wasm|svg|bin|webmanifest)$/.test(path)) continue;
    const bytes = readFileSync(path);
    if (bytes.length < 1024) continue;
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }));
  }
}

function filesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesIn(join(path, name)));
}

function hashOf(paths: string[]): string {
  const hash = createHash("sha256");
  for (const path of paths.flatMap(filesIn)) hash.update(path).update(readFileSync(path));
  return hash.digest("hex");
}
