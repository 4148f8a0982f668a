import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ArchivedImage } from "../../src/engine/image/archive";
import { writeArchive } from "../../src/engine/image/archive";
import { memoryBlobStore } from "../../src/engine/image/blob-store";
import { readAll } from "../../src/engine/image/bytes";
import { openLayer } from "../../src/engine/image/image";
import { readLayer } from "../../src/engine/image/layer";
import { registryClient } from "../../src/engine/registry/client";
import { pullImage } from "../../src/engine/registry/pull";
import { appletsOf } from "./busybox";
import { helloProgram } from "./hello-program";
import { buildLibrary } from "./library";
import { writeLibrary } from "./write";

const BUSYBOX = fileURLToPath(new URL("../machine/bin/busybox", import.meta.url));
const MAX_LIBRARY_BYTES = 4 * 2 ** 20;
const cannotRun386 = spawnSync(BUSYBOX, ["true"]).status !== 0;
const cannotUnpack =
  Boolean(spawnSync("skopeo", ["--version"]).error) || Boolean(spawnSync("umoci", ["--version"]).error);
const isRoot = process.getuid?.() === 0;

const folder = mkdtempSync(join(tmpdir(), "library-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const store = memoryBlobStore();
let images: ArchivedImage[];
beforeAll(async () => {
  images = await buildLibrary(store);
}, 60_000);
const imageOf = (name: string) => images.find(({ names }) => names.includes(`docker.io/library/${name}:latest`))!;

test("all images together are small enough", () => {
  const sizes = new Map(
    images.flatMap(({ image }) => image.layers.map(({ descriptor }) => [descriptor.digest, descriptor.size])),
  );
  expect([...sizes.values()].reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_LIBRARY_BYTES);
});

test("the same recipes give the same images", async () => {
  const again = await buildLibrary(memoryBlobStore());
  expect(again.map(({ image }) => image.descriptor.digest)).toEqual(images.map(({ image }) => image.descriptor.digest));
}, 60_000);

test("images for linux/386, most of them on one layer that is shared", () => {
  expect(images.every(({ image }) => image.config.os === "linux" && image.config.architecture === "386")).toBe(true);
  const [base] = imageOf("busybox").image.layers;
  const shared = images.filter(({ image }) => image.layers[0].chainId === base.chainId);
  expect(shared.map(({ names }) => names[0].replace(/.*\/|:.*/g, ""))).toEqual([
    "busybox",
    "web",
    "counter",
    "stress",
    "toolbox",
  ]);
});

test("each layer can be read, and each entry's parent comes before it", async () => {
  for (const { image } of images) {
    const folders = new Set([""]);
    for (const layer of image.layers) {
      for await (const { path, type } of readLayer(await openLayer(store, layer))) {
        expect(folders).toContain(path.split("/").slice(0, -1).join("/"));
        if (type === "directory") folders.add(path);
      }
    }
  }
});

test.skipIf(cannotRun386)("the commands read from busybox are those it lists itself", () => {
  const listed = execFileSync(BUSYBOX, ["--list"], { encoding: "utf8" }).trim().split("\n");
  expect(appletsOf(readFileSync(BUSYBOX)).sort()).toEqual(listed.sort());
});

test.skipIf(cannotRun386)("the hand-made program runs, says its text and exits well", () => {
  const path = join(folder, "hello");
  writeFileSync(path, helloProgram("glass ☃\n"));
  chmodSync(path, 0o755);
  expect(spawnSync(path, { encoding: "utf8" })).toMatchObject({ status: 0, stdout: "glass ☃\n", stderr: "" });
});

/** Unpacked by umoci, which is not ours. */
async function unpacked(name: string, imageName = name): Promise<string> {
  const { image, names } = imageOf(imageName);
  writeFileSync(
    join(folder, `${name}.tar`),
    await readAll(writeArchive(store, [{ image, names: [names[0]] }]), MAX_LIBRARY_BYTES * 2),
  );
  const run = (command: string, ...args: string[]) => promisify(execFile)(command, args, { cwd: folder });
  await run(
    "skopeo",
    "--insecure-policy",
    "--override-arch",
    "386",
    "copy",
    `oci-archive:${name}.tar`,
    `oci:${name}-layout:x`,
  );
  await run("umoci", "unpack", "--image", `${name}-layout:x`, `${name}-bundle`);
  const root = join(folder, `${name}-bundle/rootfs`);
  // Every container has it, and a shell wants it for what runs in the background.
  mkdirSync(join(root, "dev"));
  await run("mknod", "-m", "666", join(root, "dev/null"), "c", "1", "3");
  return root;
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

// What runs in a root of its own needs root here; what unpacks it must not be ours.
/** Finds chroot here, and the commands in the images. */
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
const cannotEnter = cannotRun386 || cannotUnpack || !isRoot;

test.skipIf(cannotEnter)("the shell of busybox finds its commands", async () => {
  const root = await unpacked("busybox");
  const { stdout } = await promisify(execFile)("chroot", [
    root,
    "/bin/sh",
    "-c",
    "PATH=/usr/bin:/bin; id -un; ls -d /tmp; echo $((6 * 7)) | cat",
  ]);
  expect(stdout).toBe("root\n/tmp\n42\n");
});

test.skipIf(cannotEnter)(
  "web serves its pages, and counter counts and remembers",
  async ({ signal }) => {
    for (const name of ["web", "counter"]) {
      const root = await unpacked(name);
      const port = await freePort();
      const command = imageOf(name).image.config.config!.Cmd!.map((word) =>
        word === "80" ? `127.0.0.1:${port}` : word,
      );
      const server = spawn("chroot", [root, ...command], { env: { PATH }, stdio: "ignore" });
      try {
        const get = async (path: string) =>
          (await until(() => fetch(`http://127.0.0.1:${port}/${path}`), signal)).text();
        if (name === "web") {
          expect(await get("")).toContain("served from a container");
          expect(await get("about.html")).toContain("process 1");
        } else {
          expect(await get("cgi-bin/count")).toMatch(/^Visit 1, counted by /);
          expect(await get("cgi-bin/count")).toMatch(/^Visit 2, /);
          expect(readFileSync(join(root, "data/count"), "utf8")).toBe("2\n");
        }
      } finally {
        server.kill();
      }
    }
  },
  60_000,
);

/** Asks again until there is an answer: a server says by accepting that it is ready. The test's end is the bound. */
async function until<Result>(attempt: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (;;) {
    try {
      return await attempt();
    } catch {
      signal.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

test.skipIf(cannotEnter)("stress says what it can do, and what it does not know", async () => {
  const root = await unpacked("stress");
  const run = (...args: string[]) =>
    spawnSync("chroot", [root, "/bin/stress", ...args], { encoding: "utf8", env: { PATH } });
  expect(run("--help")).toMatchObject({ status: 0, stdout: expect.stringContaining("stress memory [MB]") });
  expect(run("cpu", "many")).toMatchObject({ status: 2, stderr: expect.stringContaining("'many' is no number") });
  expect(run("sleep")).toMatchObject({ status: 2 });
});

test.skipIf(cannotEnter)("stress ends with all its processes when it is told to", async ({ signal }) => {
  const root = await unpacked("stress-pids", "stress");
  // A group of its own: the script ends its whole group.
  const script = spawn("chroot", [root, "/bin/stress", "pids", "3"], {
    env: { PATH },
    stdio: "ignore",
    detached: true,
  });
  const ended = new Promise((resolve) => script.once("exit", resolve));
  const children = await until(async () => {
    const pids = readFileSync(`/proc/${script.pid}/task/${script.pid}/children`, "utf8").trim().split(" ");
    // Until it has become sleep, a child is a shell, which would note the signal and then forget it.
    const isReady = (pid: string) => readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n";
    if (pids.length < 3 || !pids.every(isReady)) throw new Error("not yet");
    return pids;
  }, signal);
  script.kill("SIGTERM");
  expect(await ended).toBe(143);
  await until(async () => {
    for (const pid of children) if (isAlive(pid)) throw new Error(`${pid} is still there`);
  }, signal);
});

/** A zombie has ended; only nobody has asked about it. */
function isAlive(pid: string): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

test.skipIf(cannotEnter)("the tools of toolbox come before busybox's smaller ones", async () => {
  const root = await unpacked("toolbox");
  const path = imageOf("toolbox").image.config.config!.Env![0].replace("PATH=", "");
  const { stdout } = await promisify(execFile)(
    "chroot",
    [root, "/bin/sh", "-c", "which unshare; strace -V | head -n 1; iptables --version; lsns --version"],
    { env: { PATH: path } },
  );
  expect(stdout).toMatch(/^\/usr\/local\/bin\/unshare\nstrace -- version .*\niptables v.*\nlsns from util-linux/);
});

test("the written tree is a registry for whoever serves it", async () => {
  const target = join(folder, "site");
  const sizes = await writeLibrary(target);
  expect(sizes.has("v2/library/busybox/manifests/latest")).toBe(true);
  const client = registryClient({
    baseUrl: "http://site.test",
    fetch: async (url) => {
      try {
        return new Response(readFileSync(join(target, decodeURIComponent(new URL(url).pathname))));
      } catch {
        return new Response("not found", { status: 404 });
      }
    },
  });
  for (const { image, names } of images) {
    const repository = names[0].replace(/^docker\.io\/|:.*/g, "");
    expect((await pullImage({ client, store: memoryBlobStore(), repository, reference: "1" })).image).toEqual(image);
  }
}, 60_000);
