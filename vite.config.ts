import { createReadStream } from "node:fs";
import { cp, stat } from "node:fs/promises";
import { join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Connect, Plugin } from "vite";
import { defineConfig } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));

/** Where the build leaves what the machine boots: `manifest.json` and the hash-named files it lists. */
const machineDirectory = join(root, ".cache", "machine");

/** A name that carries eight or more hex digits of the file's hash never changes its content. */
const HASH_NAMED = /[.-][0-9a-f]{8,64}\./;

/** Answers `machine/*` with the bytes on disk: Vite's own pipeline would transform or mistype them. */
const serveMachine: Connect.NextHandleFunction = (request, response, next) => {
  const path = decodeURIComponent((request.url ?? "/").split("?")[0]);
  const file = normalize(join(machineDirectory, path));
  if (!file.startsWith(machineDirectory + sep)) return next();
  stat(file).then(
    (found) => {
      if (!found.isFile()) throw new Error("not a file");
      response.writeHead(200, {
        "Content-Type": path.endsWith(".json") ? "application/json" : "application/octet-stream",
        "Content-Length": found.size,
        "Cache-Control": HASH_NAMED.test(path) ? "public, max-age=31536000, immutable" : "no-cache",
      });
      if (request.method === "HEAD") response.end();
      else createReadStream(file).pipe(response);
    },
    () => {
      response.writeHead(404, { "Content-Type": "text/plain" });
      response.end(`machine${path} is not built`);
    },
  );
};

/** Serves the machine's files beside the page, and copies them into the built site. */
function machineFiles(): Plugin {
  let outDirectory = "";
  let forSite = false;
  return {
    name: "glassbox:machine-files",
    configResolved(config) {
      outDirectory = join(config.root, config.build.outDir);
      forSite = config.command === "build";
    },
    configureServer(server) {
      server.middlewares.use("/machine", serveMachine);
    },
    configurePreviewServer(server) {
      server.middlewares.use("/machine", serveMachine);
    },
    async writeBundle() {
      if (forSite) await cp(machineDirectory, join(outDirectory, "machine"), { recursive: true });
    },
  };
}

/** Lets the browser fetch the page's chunk and style while the entry, which starts the machine, still runs. */
function preloadPage(): Plugin {
  return {
    name: "glassbox:preload-page",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle }) {
        if (!bundle) return html;
        const page = Object.values(bundle).find((file) => file.type === "chunk" && file.name === "Page");
        if (page?.type !== "chunk") throw new Error("the page's chunk is missing from the bundle");
        const chunks = [page.fileName, ...page.imports];
        const styles = [...(page.viteMetadata?.importedCss ?? [])];
        return {
          html,
          tags: [
            ...chunks.map((file) => ({ tag: "link", attrs: { rel: "modulepreload", href: `./${file}` } })),
            ...styles.map((file) => ({ tag: "link", attrs: { rel: "stylesheet", href: `./${file}` } })),
          ],
        };
      },
    },
  };
}

export default defineConfig({
  root,
  base: "./",
  plugins: [svelte(), machineFiles(), preloadPage()],
  worker: { format: "es" },
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 700 },
  server: { host: "127.0.0.1", watch: { ignored: ["**/.cache/**", "**/images/**", "**/dist/**"] } },
  preview: { host: "127.0.0.1" },
});
