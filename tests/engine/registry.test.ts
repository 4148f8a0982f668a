/** Push and pull of a real engine, and skopeo, which is not ours, against the registry that `glassbox registry` serves. */
import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REGISTRY_DIRECTORY } from "../../images/library/build";
import type { Transfer } from "../../src/engine/registry/transfer";
import { registryOf } from "../../src/node/registry";
import { serveRequests, type RequestServer } from "../../src/node/serve-requests";
import type { ProgressMessage } from "../../src/protocol/docker";
import { engineForTest, type EngineForTest } from "../support/engine";

const skopeoMissing = Boolean(spawnSync("skopeo", ["--version"]).error);
if (skopeoMissing) console.warn("skopeo is not on this machine: what it would witness is skipped");

const folder = mkdtempSync(join(tmpdir(), "glassbox-registry-"));
const told: Transfer[] = [];
let box: EngineForTest;
let server: RequestServer;

beforeAll(async () => {
  box = await engineForTest();
  await box.pull("busybox");
  server = await serveRequests(
    await registryOf({
      library: REGISTRY_DIRECTORY,
      data: join(folder, "data"),
      onTransfer: (transfer) => told.push(transfer),
    }),
  );
});
afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

/** The lines of a push, without how far each layer was on its way. */
async function push(name: string, tag: string): Promise<ProgressMessage[]> {
  const text = await box.api<string>("POST", `/images/${name}/push?tag=${tag}`);
  const lines = text
    .trim()
    .split("\r\n")
    .map((line) => JSON.parse(line) as ProgressMessage);
  return lines.filter(({ status }) => status !== "Pushing");
}
const statuses = (lines: ProgressMessage[]) => lines.map(({ status }) => status).filter((status) => status);
const tag = (from: string, repository: string, as: string) =>
  box.api("POST", `/images/${from}/tag?repo=${repository}&tag=${as}`);

describe("push to the registry in the tab", () => {
  test("tells of each layer as docker does, and what is there is not sent again", async () => {
    await tag("busybox", "registry.box/me/app", "1");
    const lines = await push("registry.box/me/app", "1");
    const { RootFS } = await box.api<{ RootFS: { Layers: string[] } }>("GET", "/images/busybox/json");
    const digest = /sha256:[0-9a-f]{64}/.exec(lines.at(-2)!.status!)![0];
    const size = Number(/size: (\d+)$/.exec(lines.at(-2)!.status!)![1]);
    const id = RootFS.Layers[0].slice(7, 19);
    expect(lines).toEqual([
      { status: "The push refers to repository [registry.box/me/app]" },
      { status: "Preparing", progressDetail: {}, id },
      { status: "Pushed", progressDetail: {}, id },
      { status: `1: digest: ${digest} size: ${size}` },
      { progressDetail: {}, aux: { Tag: "1", Digest: digest, Size: size } },
    ]);
    expect(statuses(await push("registry.box/me/app", "1"))[2]).toBe("Layer already exists");
  });

  test("into another repository mounts what the first has", async () => {
    await tag("busybox", "registry.box/you/copy", "2");
    expect(statuses(await push("registry.box/you/copy", "2"))[2]).toBe("Mounted from me/app");
  });

  test("what was pushed is pulled again after it was removed, and runs", async () => {
    await box.api("DELETE", "/images/registry.box/me/app:1");
    await box.api("POST", "/images/create?fromImage=registry.box/me/app&tag=1");
    const { output } = await box.run({ Image: "registry.box/me/app:1", Cmd: ["echo", "back"] });
    expect(output).toBe("back\n");
  });

  test.each([
    ["nobody/nothing", "1", "An image does not exist locally with the tag: nobody/nothing"],
    ["registry.box/me/app", "9", "tag does not exist: registry.box/me/app:9"],
    ["busybox", "latest", "denied: requested access to the resource is denied"],
  ])("%s:%s is refused in docker's words", async (name, as, message) => {
    expect((await push(name, as)).at(-1)).toEqual({ errorDetail: { message }, error: message });
  });

  test("a registry that there is not", async () => {
    await tag("busybox", "nowhere.example/app", "1");
    expect((await push("nowhere.example/app", "1")).at(-1)?.error).toContain("lookup nowhere.example: no such host");
  });
});

describe.skipIf(skopeoMissing)("skopeo and the registry over HTTP", () => {
  async function skopeo(...args: string[]): Promise<string> {
    const options = ["--insecure-policy", "--override-arch", "386", "--override-os", "linux"];
    return (await promisify(execFile)("skopeo", [...options, ...args], { cwd: folder, timeout: 60_000 })).stdout;
  }
  const plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
  const at = (name: string) => `docker://${server.host}/${name}`;

  test("takes an image of the library", async () => {
    await skopeo("copy", ...plain, at("library/web:latest"), "oci:web:latest");
    const inspected = JSON.parse(await skopeo("inspect", "oci:web:latest")) as object;
    expect(inspected).toMatchObject({ Architecture: "386", Os: "linux" });
  });

  test("brings our save, which the engine then runs", async () => {
    const archive = await box.engine.handle(new Request("http://docker/images/busybox:latest/get"));
    writeFileSync(join(folder, "saved.tar"), new Uint8Array(await (archive as Response).arrayBuffer()));
    await skopeo("copy", ...plain, "docker-archive:saved.tar", at("from/archive:1"));
    await box.api("POST", `/images/create?fromImage=${server.host}/from/archive&tag=1`);
    const { output } = await box.run({ Image: `${server.host}/from/archive:1`, Cmd: ["echo", "from skopeo"] });
    expect(output).toBe("from skopeo\n");
  });

  test("finds what the engine pushed there, with the digest that push said", async () => {
    await tag("busybox", `${server.host}/ours/app`, "1");
    told.length = 0;
    const lines = await push(`${server.host}/ours/app`, "1");
    expect(lines.at(-1)?.error).toBeUndefined();
    const { Digest } = lines.at(-1)!.aux as { Digest: string };
    const inspected = JSON.parse(await skopeo("inspect", "--tls-verify=false", at("ours/app:1"))) as object;
    expect(inspected).toMatchObject({ Digest, RepoTags: ["1"] });
    expect(told.filter(({ direction }) => direction === "push").map(({ outcome }) => outcome)).toContain("stored");
  });

  test("what is kept in the folder is there for the next server", async () => {
    const next = await serveRequests(await registryOf({ library: REGISTRY_DIRECTORY, data: join(folder, "data") }));
    const listed = JSON.parse(
      await skopeo("list-tags", "--tls-verify=false", `docker://${next.host}/from/archive`),
    ) as object;
    expect(listed).toMatchObject({ Tags: ["1"] });
    await next.close();
  });
});

describe("glassbox registry", () => {
  const glassbox = join(import.meta.dirname, "../../bin/glassbox.mjs");

  test("listens on loopback, serves the library, and ends when asked to", async () => {
    const child = spawn(process.execPath, [glassbox, "registry", "--listen", "0"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const host = await new Promise<string>((resolve, reject) => {
      let said = "";
      child.stdout.on("data", (bytes: Buffer) => {
        said += bytes.toString();
        const match = /listens on (127\.0\.0\.1:\d+)/.exec(said);
        if (match) resolve(match[1]);
      });
      child.once("exit", (code) => reject(new Error(`it ended with ${code}: ${said}`)));
    });
    const answer = await fetch(`http://${host}/v2/library/busybox/tags/list`);
    expect(await answer.json()).toMatchObject({
      name: "library/busybox",
      tags: expect.arrayContaining(["latest"]) as string[],
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  });

  test("says who has the port, and what to do", async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const { port } = holder.address() as AddressInfo;
    const { status, stderr } = spawnSync(process.execPath, [glassbox, "registry", "--listen", String(port)], {
      encoding: "utf8",
      timeout: 60_000,
    });
    holder.close();
    expect(status).toBe(125);
    expect(stderr).toContain(`127.0.0.1:${port} is in use by another program`);
    expect(stderr).toContain("--listen");
  });
});
