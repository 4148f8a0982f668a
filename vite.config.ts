import { createReadStream, readFileSync } from "node:fs";
import { cp, stat } from "node:fs/promises";
import { join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Connect, HtmlTagDescriptor, Plugin } from "vite";
import { defineConfig } from "vite";
import { course } from "./scripts/course";
import type { Manifest } from "./src/protocol/manifest";

const root = fileURLToPath(new URL(".", import.meta.url));

/** Where the build leaves what the machine boots: `manifest.json` and the hash-named files it lists. */
const machineDirectory = join(root, ".cache", "machine");

/** Where the build leaves the registry of the images: a tree of files whose root has `v2/`. */
const registryDirectory = join(root, ".cache", "registry");

/** A name that carries eight or more hex digits of the file's hash never changes its content. */
const HASH_NAMED = /[.-][0-9a-f]{8,64}\./;

/** Answers with the bytes on disk: Vite's own pipeline would transform or mistype them. */
const serve =
  (directory: string): Connect.NextHandleFunction =>
  (request, response, next) => {
    const path = decodeURIComponent((request.url ?? "/").split("?")[0]);
    const file = normalize(join(directory, path));
    if (!file.startsWith(directory + sep)) return next();
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
        response.end(`${path} is not built`);
      },
    );
  };

/** Serves the machine's files and the registry beside the page, and copies them into the built site. */
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
      server.middlewares.use("/machine", serve(machineDirectory));
      server.middlewares.use("/v2", serve(join(registryDirectory, "v2")));
    },
    configurePreviewServer(server) {
      server.middlewares.use("/machine", serve(machineDirectory));
      server.middlewares.use("/v2", serve(join(registryDirectory, "v2")));
    },
    async writeBundle() {
      if (!forSite) return;
      await cp(machineDirectory, join(outDirectory, "machine"), { recursive: true });
      await cp(registryDirectory, outDirectory, { recursive: true });
    },
  };
}

/** The chunks that the page needs for its first prompt, by the name of their entry module. */
const FIRST_CHUNKS = ["page", "xterm"];

/**
 * Writes the machine's manifest into the page, and lets the browser fetch the page's chunks while it still reads the HTML.
 * They are fetched and not yet compiled, since the entry script, which starts the worker, comes first. The worker's own
 * files are left to it: preloaded too, they held up the entry script more than they gained.
 */
function preloadFirst(): Plugin {
  return {
    name: "glassbox:preload-first",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle }) {
        if (!bundle) return html;
        const scripts = new Set<string>();
        const styles = new Set<string>();
        for (const name of FIRST_CHUNKS) {
          const chunk = Object.values(bundle).find((file) => file.type === "chunk" && file.name === name);
          if (chunk?.type !== "chunk") throw new Error(`the chunk "${name}" is missing from the bundle`);
          for (const file of [chunk.fileName, ...chunk.imports]) scripts.add(file);
          for (const file of chunk.viteMetadata?.importedCss ?? []) styles.add(file);
        }
        const manifest = JSON.parse(readFileSync(join(machineDirectory, "manifest.json"), "utf8")) as Manifest;
        return {
          html,
          tags: [
            {
              tag: "script",
              attrs: { type: "application/json", id: "manifest" },
              // As JSON, which may hold "<" only in an escape here.
              children: JSON.stringify(manifest).replace(/</g, "\\u003c"),
              injectTo: "head",
            },
            ...[...scripts].map((file) => preload(file, "script")),
            ...[...styles].map((file) => preload(file, "style")),
          ],
        };
      },
    },
  };
}

function preload(file: string, as: string): HtmlTagDescriptor {
  return { tag: "link", attrs: { rel: "preload", as, crossorigin: true, href: `./${file}` }, injectTo: "head" };
}

/** v86 looks for Node's modules where it runs in Node; in a browser it finds nothing. */
function withoutNode(): Plugin {
  const EMPTY = "\0glassbox:empty";
  return {
    name: "glassbox:without-node",
    enforce: "pre",
    resolveId: (id, importer) =>
      importer?.includes("/v86/") && /^(node:)?(crypto|fs\/promises|perf_hooks)$/.test(id) ? EMPTY : undefined,
    load: (id) => (id === EMPTY ? "export default {}" : undefined),
  };
}

export default defineConfig({
  root,
  base: "./",
  plugins: [svelte(), course(process.env.GLASSBOX_COURSE ?? join(root, "lessons")), machineFiles(), preloadFirst()],
  worker: { format: "es", plugins: () => [withoutNode()] },
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 700 },
  server: { host: "127.0.0.1", watch: { ignored: ["**/.cache/**", "**/images/**", "**/dist/**"] } },
  preview: { host: "127.0.0.1" },
});
