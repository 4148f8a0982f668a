/** `cp` against docker's own: the same copies have to make the same trees here, and the same archives for the engine. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testCli } from "../../../tests/support/engine/cli-io";
import { DOCKER, runDocker } from "../../../tests/support/engine/docker";
import { startRecorder } from "../../../tests/support/engine/recorder";
import type { Recorded, Recorder, Reply, Routes } from "../../../tests/support/engine/recorder";
import { run } from "../main";

const skipped = DOCKER === undefined ? "there is no docker on this machine" : "";

let recorder: Recorder;
let root: string;
let container: string;

const shell = (line: string, cwd: string): string => spawnSync("sh", ["-c", line], { cwd, encoding: "utf8" }).stdout;

/** A fresh directory with something to copy in it. */
const workplace = async (): Promise<string> => {
  const place = await mkdtemp(join(root, "work-"));
  await mkdir(join(place, "tree/inner"), { recursive: true });
  await mkdir(join(place, "there"));
  await writeFile(join(place, "file"), "file\n");
  await writeFile(join(place, "existing"), "old\n");
  await writeFile(join(place, "tree/one"), "one\n");
  await writeFile(join(place, "tree/inner", "n".repeat(140)), "a long name\n");
  return place;
};

beforeAll(async () => {
  recorder = await startRecorder();
  root = await mkdtemp(join(tmpdir(), "glassbox-cp-"));
  container = join(root, "container");
  await mkdir(join(container, "etc/deep"), { recursive: true });
  await writeFile(join(container, "etc/passwd"), "root\n");
  await writeFile(join(container, "etc/deep", "x".repeat(120)), "long\n");
  shell("ln -s /etc/passwd link; ln -s etc dirlink", container);
});
afterAll(async () => {
  await recorder?.close();
  if (root) await rm(root, { recursive: true });
});

const statHeader = (name: string, mode: number, linkTarget = ""): Record<string, string> => ({
  "Content-Type": "application/x-tar",
  "X-Docker-Container-Path-Stat": Buffer.from(
    JSON.stringify({ name, size: 5, mode, mtime: "2024-01-02T03:04:05Z", linkTarget }),
  ).toString("base64"),
});

const DIRECTORY = 0x80000000 + 0o755;

/** The archive calls, as an engine answers them for the tree in `container`. */
const archive: Routes = Object.fromEntries(
  ["HEAD", "GET"].map((method) => [
    `${method} /containers/web/archive`,
    (request: Recorded): Reply => {
      const path = String(request.query.path);
      const plain = path.replace(/\/\.?$/, "").replace(/^\//, "");
      const kind = shell(`stat -c %F "${plain || "."}"`, container).trim();
      if (kind === "") return { status: 404, json: { message: `Could not find the file ${path} in container web` } };
      const name = plain.split("/").at(-1) || "/";
      const link = shell(`readlink "${plain}"`, container).trim();
      const isContents = path.endsWith("/.");
      const tarred = spawnSync(
        "tar",
        isContents ? ["-C", plain || ".", "-c", "."] : ["-C", join(plain, ".."), "-c", name],
        {
          cwd: container,
        },
      ).stdout;
      return {
        headers: statHeader(
          name,
          kind === "directory" ? DIRECTORY : link ? 0x08000000 + 0o777 : 0o644,
          link && (link.startsWith("/") ? link : `/${link}`),
        ),
        chunks: method === "GET" ? [tarred] : [],
      };
    },
  ]),
);
archive["PUT /containers/web/archive"] = {};

const listing = (bytes: unknown): string =>
  bytes instanceof Uint8Array
    ? spawnSync("tar", ["-tvf", "-", "--numeric-owner"], { input: bytes, encoding: "utf8" })
        .stdout.split("\n")
        .map((line) =>
          line
            .replace(/^(\S+)\s+\S+\s+(\d+) \S+ \S+ /, "$1 $2 ")
            .replace(/\/$/, "")
            .replace(/ \.\/(?=.)/, " "),
        )
        .sort()
        .join("\n")
    : "";

const tree = (place: string): string =>
  shell("find . -printf '%P %y %m %l ' -a \\( -type f -exec cat {} \\; -o -printf '\\n' \\) | sort", place);

const both = async (argv: string[], stdin?: string) => {
  recorder.say(archive);
  const summary = (requests: Recorded[]) =>
    requests.map(({ method, path, query, body }) => ({ method, path, query, archive: listing(body) }));
  const [theirs, mine] = [await workplace(), await workplace()];
  const ran = await runDocker(recorder.port, ["cp", ...argv], { stdin, cwd: theirs, home: root });
  const say = (text: string, place: string): string => text.replaceAll(place, "PLACE").replace(/^time=.*\n/gm, "");
  const docker = {
    status: ran.status,
    stdout: ran.stdout.length,
    stderr: say(ran.stderr, theirs),
    tree: tree(theirs),
    requests: summary(recorder.take()),
  };
  const io = testCli(recorder.port, { stdin, cwd: mine });
  const status = await run(["docker", "cp", ...argv], io);
  const ours = {
    status,
    stdout: io.stdoutText().length,
    stderr: say(io.stderrText(), mine),
    tree: tree(mine),
    requests: summary(recorder.take()),
  };
  return { docker, ours };
};

describe.skipIf(skipped)(`the same as docker cp${skipped && ` (skipped: ${skipped})`}`, () => {
  test.each([
    "web:/etc/passwd .", "web:/etc/passwd there", "web:/etc/passwd there/", "web:/etc/passwd new", "web:/etc/passwd existing", "web:/etc/passwd nowhere/x", "web:/etc/passwd new/",
    "web:/etc .", "web:/etc there", "web:/etc new", "web:/etc existing", "web:/etc/. there", "web:/etc/. new", "web:/nope .", "web:/etc -", "-L web:/link .", "web:/link .", "-L web:/dirlink new",
    "file web:/etc", "file web:/etc/", "file web:/etc/new", "file web:/etc/passwd", "file web:/nope/", "file web:/new", "tree web:/etc", "tree web:/etc/new", "tree/. web:/etc", "tree/. web:/etc/new", "tree web:/etc/passwd",
    "nothere web:/etc", "file/ web:/etc", "file web:/dirlink", "-a file web:/etc", "file there", "web:/a web:/b", "./file web:/etc", ". web:/etc",
  ])("docker cp %s", async (line) => {
    const { docker, ours } = await both(line.split(" "));
    expect(ours).toEqual(docker);
  }); // prettier-ignore

  test("an archive from stdin goes into a directory, and into nothing else", async () => {
    for (const to of ["web:/etc", "web:/etc/passwd", "web:/nope"]) {
      const { docker, ours } = await both(["-", to], "an archive, for all we know");
      expect(ours).toEqual(docker);
    }
  });
});
