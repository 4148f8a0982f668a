/** The docker command line as a witness: it sends what .dockerignore leaves of a context, and we listen. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isIgnored, parseDockerignore } from "./dockerignore";

const hasDocker = spawnSync("docker", ["--version"]).status === 0;

const FILES = [
  "main.c",
  "README.md",
  "notes.txt",
  "docs/guide.md",
  "docs/keep/index.md",
  "docs/keep/logo.png",
  "node_modules/a/index.js",
  "node_modules/a/README.md",
  "src/main.ts",
  "src/main.test.ts",
  "src/deep/er/util.test.ts",
  "temp1/x",
  "tempx",
  ".git/config",
];

let server: Server;
let context: string;
let received: Uint8Array;

beforeAll(async () => {
  context = mkdtempSync(join(tmpdir(), "dockerignore-"));
  for (const file of FILES) {
    mkdirSync(join(context, dirname(file)), { recursive: true });
    writeFileSync(join(context, file), "");
  }
  writeFileSync(join(context, "Dockerfile"), "FROM scratch\n");
  server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", () => {
      response.setHeader("Api-Version", "1.44").setHeader("Ostype", "linux").setHeader("Builder-Version", "1");
      if (request.url?.includes("/build?")) received = Buffer.concat(chunks);
      response.end("{}");
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
});

afterAll(() => {
  server.close();
  rmSync(context, { recursive: true });
});

/** The files that docker sends of the context. */
async function sentFiles(dockerignore: string): Promise<string[]> {
  writeFileSync(join(context, ".dockerignore"), dockerignore);
  const { port } = server.address() as AddressInfo;
  const docker = spawn("docker", ["-H", `tcp://127.0.0.1:${port}`, "build", context], {
    env: { ...process.env, DOCKER_BUILDKIT: "0" },
    stdio: "ignore",
  });
  await new Promise((ended) => docker.on("exit", ended));
  const { stdout } = spawnSync("tar", ["-t"], { input: received, encoding: "utf8" });
  return stdout.split("\n").filter((name) => FILES.includes(name));
}

test
  .skipIf(!hasDocker)
  .each([
    "*.md",
    "**/*.md",
    "*.md\n!README.md",
    "docs\n!docs/keep",
    "docs/*\n!docs/keep/*.png",
    "node_modules\n.git",
    "**/node_modules\n**/*.test.ts",
    "*/main*",
    "*/*/util*\n*/er",
    "temp?",
    "temp?/\n/src/",
    "*\n!src/main.ts",
    "# *\n\n  notes.txt  \n!main.c",
    "[mn]*\n![n]otes.txt",
    "**\n!README.md",
    "src/**/*.ts\n!src/main.ts",
    "*.md\n!*.md\n*.md",
  ])("docker sends what %j leaves", async (dockerignore) => {
  const { patterns } = parseDockerignore(dockerignore);
  const kept = FILES.filter((file) => !isIgnored(patterns, file));
  expect((await sentFiles(dockerignore)).sort()).toEqual(kept.sort());
});
