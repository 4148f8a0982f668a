/** The registry that a page keeps: a real browser's IndexedDB, in which a page that is loaded again finds what was pushed. */
import { chromium, type Browser } from "@playwright/test";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build } from "vite";
import { BROWSER_FLAGS, findBrowser } from "../../scripts/browser.mjs";
import { serveRequests, type RequestServer } from "../../src/node/serve-requests";
import type { indexedDbRegistryStore } from "../../src/engine/registry/store-indexeddb";

let browser: Browser;
let server: RequestServer;
beforeAll(async () => {
  const entry = new URL("../../src/engine/registry/store-indexeddb.ts", import.meta.url).pathname;
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, minify: false, lib: { entry, formats: ["es"], fileName: "store" } },
  });
  const [{ output }] = built as { output: { code: string }[] }[];
  server = await serveRequests(async (request) =>
    new URL(request.url).pathname === "/store.js"
      ? new Response(output[0].code, { headers: { "Content-Type": "text/javascript" } })
      : new Response(PAGE, { headers: { "Content-Type": "text/html" } }),
  );
  browser = await chromium.launch({ executablePath: findBrowser(), args: BROWSER_FLAGS });
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

const PAGE = `<!doctype html><title>store</title>
<script type="module">import * as store from "/store.js"; globalThis.store = store;</script>`;

interface InPage {
  store: { indexedDbRegistryStore: typeof indexedDbRegistryStore };
}

test("keeps blobs and repositories from one page to the next, changed at once and bounded", async () => {
  const page = await browser.newPage();
  const load = () => page.goto(`http://${server.host}/`);
  await load();
  const digest = await page.evaluate(async () => {
    const { indexedDbRegistryStore } = (globalThis as unknown as InPage).store;
    const { blobs, repositories } = indexedDbRegistryStore("test");
    const { digest } = await blobs.put(new TextEncoder().encode("a layer"));
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        repositories.update("me/app", ({ tags }) => tags.set(String(index), digest)),
      ),
    );
    await repositories.update("gone", ({ blobs }) => blobs.add(digest));
    await repositories.update("gone", ({ blobs }) => blobs.delete(digest));
    return digest;
  });
  await load();
  const found = await page.evaluate(async (digest) => {
    const { indexedDbRegistryStore } = (globalThis as unknown as InPage).store;
    const { blobs, repositories } = indexedDbRegistryStore("test", { maxBytes: 10 });
    const refusal = (promise: Promise<unknown>) =>
      promise.then(
        () => "nothing was refused",
        (error: Error) => error.message,
      );
    return {
      names: await repositories.names(),
      tags: (await repositories.get("me/app"))?.tags.size,
      text: await (await blobs.get(digest))?.text(),
      list: await blobs.list(),
      full: await refusal(blobs.put(new Uint8Array(4))),
      changed: await refusal(
        repositories.update("me/app", ({ tags }) => {
          tags.clear();
          throw new Error("changed my mind");
        }),
      ),
      still: (await repositories.get("me/app"))?.tags.size,
      deleted: [await blobs.delete(digest), await blobs.delete(digest)],
      left: await blobs.list(),
    };
  }, digest);
  expect(found).toEqual({
    names: ["me/app"],
    tags: 20,
    text: "a layer",
    list: [{ digest, size: 7 }],
    full: "no space left: the store holds at most 10 bytes; remove images",
    changed: "changed my mind",
    still: 20,
    deleted: [true, false],
    left: [],
  });
});
