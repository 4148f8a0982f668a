/**
 * docker cp, diff, export, stats, system df and health checks on a real machine. Witnesses: GNU tar, the guest's own view of
 * its files, and the unmodified docker command line (its tests are skipped where there is none).
 */
import { execFileSync, spawn } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { concat, readAll } from "../../src/engine/image/bytes";
import type { TarInput } from "../../src/engine/image/tar/entry";
import { writeTar } from "../../src/engine/image/tar/writer";
import { engineOn, listen } from "../../src/node/engine";
import type {
  ContainerPathStat,
  ContainerStats,
  ContainerSummary,
  DiskUsageResponse,
  EventMessage,
  FilesystemChange,
  Health,
} from "../../src/protocol/docker";
import { REGISTRY_DIRECTORY } from "../../images/library/build";
import { demultiplexed, engineForTest, type EngineForTest } from "../support/engine";
import { DOCKER } from "../support/engine/docker";

let box: EngineForTest;
const folder = mkdtempSync(join(tmpdir(), "glassbox-verbs-"));

beforeAll(async () => {
  box = await engineForTest();
  await box.pull("busybox");
});
afterEach(async () => {
  // One that failed must not spoil what comes after it.
  for (const { Id } of await box.api<ContainerSummary[]>("GET", "/containers/json?all=1")) await remove(Id);
});
afterAll(() => rmSync(folder, { recursive: true }));

const MS = 1e6;
const utf8 = new TextEncoder();
const sleeper = (more: object = {}) => ({ Image: "busybox", Cmd: ["sleep", "1000"], ...more });
const remove = (id: string) => box.api("DELETE", `/containers/${id}?force=1&v=1`);
const create = async (config: object) => (await box.api<{ Id: string }>("POST", "/containers/create", config)).Id;

/** What a shell in the container prints. */
async function inside(id: string, script: string): Promise<string> {
  const exec = { Cmd: ["sh", "-c", script], AttachStdout: true, AttachStderr: true };
  const { Id } = await box.api<{ Id: string }>("POST", `/containers/${id}/exec`, exec);
  const answer = await box.engine.handle(new Request(`http://docker/exec/${Id}/start`, { method: "POST", body: "{}" }));
  if (!("hijack" in answer)) throw new Error(await answer.text());
  const pieces: Uint8Array[] = [];
  const writable = new WritableStream<Uint8Array>({ write: (bytes) => void pieces.push(bytes) });
  await answer.hijack.serve({ readable: new Blob([]).stream(), writable });
  return demultiplexed(concat(pieces));
}

/** What a shell of the guest prints, outside of all containers. */
async function outside(script: string): Promise<string> {
  return new TextDecoder().decode((await box.machine.agent.execute({ script })).stdout);
}

async function raw(method: string, path: string, body?: Uint8Array<ArrayBuffer>): Promise<Response> {
  const answer = await box.engine.handle(new Request(`http://docker${path}`, { method, body }));
  if ("hijack" in answer) throw new Error("no answer");
  return answer;
}

const archivePath = (id: string, path: string, more = "") =>
  `/containers/${id}/archive?path=${encodeURIComponent(path)}${more}`;

async function copyOut(id: string, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await raw("GET", archivePath(id, path));
  if (!response.ok) throw new Error(await response.text());
  return readAll(response.body!, 1 << 26);
}

const pathStat = (response: Response) =>
  JSON.parse(atob(response.headers.get("X-Docker-Container-Path-Stat")!)) as ContainerPathStat;

async function stat(id: string, path: string): Promise<ContainerPathStat> {
  const response = await raw("HEAD", archivePath(id, path));
  if (!response.ok) throw new Error(String(response.status));
  return pathStat(response);
}

const tarOf = (...entries: TarInput[]) => readAll(writeTar(entries), 1 << 26);

/** Copies an archive in; the status and what was said of an error. */
async function copyIn(id: string, path: string, archive: Uint8Array<ArrayBuffer>, more = "") {
  const response = await raw("PUT", archivePath(id, path, more), archive);
  const text = await response.text();
  return { status: response.status, message: text === "" ? "" : (JSON.parse(text) as { message: string }).message };
}

/** Names and kinds as GNU tar lists them: `drwxr-xr-x 0/0 etc/`. */
function listed(archive: Uint8Array): string[] {
  const text = execFileSync("tar", ["-tvf-", "--numeric-owner"], { input: archive }).toString();
  return text
    .trim()
    .split("\n")
    .map((line) => line.replace(/^(\S+) (\S+) +\S+ \S+ \S+ /, "$1 $2 "));
}

/** One file of an archive, by GNU tar. */
const contentOf = (archive: Uint8Array, name: string) =>
  execFileSync("tar", ["-xOf-", name], { input: archive }).toString();

const file = (path: string, text: string, more: Partial<TarInput> = {}): TarInput => ({
  path,
  type: "file",
  content: utf8.encode(text),
  ...more,
});

describe("out of a container", () => {
  test("files, directories and links arrive as the container has them", async () => {
    const id = await box.start(sleeper());
    await inside(
      id,
      `mkdir -p /d/sub; echo one > /d/f; chmod 640 /d/f; chown 7:8 /d/f; ln -s f /d/link; ln /d/f /d/sub/hard; mkfifo /d/pipe; : > '/d/${"n".repeat(120)}'`,
    );
    const archive = await copyOut(id, "/d");
    expect(listed(archive).toSorted()).toEqual(
      [
        "drwxr-xr-x 0/0 d/",
        "-rw-r----- 7/8 d/f",
        "lrwxrwxrwx 0/0 d/link -> f",
        "drwxr-xr-x 0/0 d/sub/",
        "hrw-r----- 7/8 d/sub/hard link to d/f",
        "prw-r--r-- 0/0 d/pipe",
        `-rw-r--r-- 0/0 d/${"n".repeat(120)}`,
      ]
        .map((line) => line)
        .toSorted(),
    );
    expect(contentOf(archive, "d/f")).toBe("one\n");
    expect(listed(await copyOut(id, "/d/f"))).toEqual(["-rw-r----- 7/8 f"]);
    expect(listed(await copyOut(id, "/d/link"))).toEqual(["lrwxrwxrwx 0/0 link -> f"]);
    await remove(id);
  });

  test("the names begin as clients expect to replace them", async () => {
    const id = await box.start(sleeper());
    await inside(id, "mkdir /d; echo 1 > /d/f");
    const names = async (path: string) =>
      execFileSync("tar", ["-tPf-"], { input: await copyOut(id, path) })
        .toString()
        .trim()
        .split("\n");
    expect(await names("/d/")).toEqual(["d/", "d/f"]);
    expect(await names("/d/.")).toEqual(["./", "./f"]);
    expect((await names("/")).slice(0, 1)).toEqual(["/"]);
    expect(await names("/")).toContain("/d/f");
    await remove(id);
  });

  test("HEAD says what a path is, and where a link leads in the container", async () => {
    const id = await box.start(sleeper());
    await inside(
      id,
      "mkdir /d; ln -s ../../../etc/passwd /d/up; ln -s /nowhere/x /d/dangling; ln -s /d /dir; chmod 4755 /d",
    );
    expect(await stat(id, "/d")).toMatchObject({ name: "d", mode: 2 ** 31 + 2 ** 23 + 0o755, linkTarget: "" });
    expect(await stat(id, "/d/up")).toMatchObject({ name: "up", mode: 2 ** 27 + 0o777, linkTarget: "/etc/passwd" });
    expect(await stat(id, "/d/dangling")).toMatchObject({ linkTarget: "/nowhere/x" });
    expect((await stat(id, "/dir")).mode).toBe(2 ** 27 + 0o777);
    expect((await stat(id, "/dir/")).mode).toBe(2 ** 31 + 2 ** 23 + 0o755);
    const { size, mtime } = await stat(id, "/etc/passwd");
    expect(`${size} ${Math.floor(Date.parse(mtime) / 1000)}`).toBe(
      (await inside(id, "stat -c '%s %Y' /etc/passwd")).trim(),
    );
    const link = await raw("GET", archivePath(id, "/d/up"));
    expect(pathStat(link).linkTarget).toBe("/etc/passwd");
    await link.body!.cancel();
    await remove(id);
  });

  test("what is not there is said in Docker's words", async () => {
    const id = await box.start(sleeper(), "gaps");
    const missing = { status: 404, message: "Could not find the file /nope in container gaps" };
    expect(await box.refused("GET", archivePath("gaps", "/nope"))).toEqual(missing);
    expect((await raw("HEAD", archivePath("gaps", "/nope"))).status).toBe(404);
    expect((await box.refused("GET", archivePath("gaps", "/etc/passwd/x"))).message).toBe(
      "lstat /etc/passwd/x: not a directory",
    );
    expect((await box.refused("GET", "/containers/gaps/archive")).status).toBe(400);
    await remove(id);
  });

  test("neither dots nor links of the container lead out of it", async () => {
    await outside("echo secret > /secret");
    const id = await box.start(sleeper());
    await inside(
      id,
      "ln -s / /root-link; ln -s /secret /to-secret; ln -s ../../../../secret /etc/up; echo own > /secret-not",
    );
    for (const path of ["/../../secret", "/root-link/secret", "/to-secret/", "/root-link/root-link/../secret"])
      expect((await box.refused("GET", archivePath(id, path))).status).toBe(404);
    expect(contentOf(await copyOut(id, "/root-link/../root-link/secret-not"), "secret-not")).toBe("own\n");
    expect(listed(await copyOut(id, "/etc/up"))).toEqual(["lrwxrwxrwx 0/0 up -> ../../../../secret"]);
    await remove(id);
  });

  test("volumes and binds are seen, whether the container runs or not", async () => {
    await outside("mkdir -p /shared; echo host > /shared/h");
    const id = await box.start(sleeper({ HostConfig: { Binds: ["pool:/data", "/shared:/mnt/shared:ro"] } }));
    await inside(id, "echo fish > /data/f");
    const look = async () => [contentOf(await copyOut(id, "/data/f"), "f"), listed(await copyOut(id, "/mnt"))];
    const running = await look();
    expect(running).toEqual([
      "fish\n",
      ["drwxr-xr-x 0/0 mnt/", "drwxr-xr-x 0/0 mnt/shared/", "-rw-r--r-- 0/0 mnt/shared/h"],
    ]);
    await box.api("POST", `/containers/${id}/stop?t=0`);
    expect(await look()).toEqual(running);
    await remove(id);
    await box.api("DELETE", "/volumes/pool");
  });
});

describe("into a container", () => {
  test("owners, permissions, links and times arrive; what was there before is replaced", async () => {
    const id = await box.start(sleeper());
    await inside(id, "mkdir /in; echo old > /in/f; echo old > /in/absolute; ln -s /etc/passwd /in/was-link");
    const mtime = 1_000_000_000;
    const archive = await tarOf(
      { path: "", type: "directory", mode: 0o700, mtime },
      { path: "d", type: "directory", mode: 0o750, uid: 3, mtime },
      file("d/script", "#!", { mode: 0o4755, uid: 5, gid: 6, mtime }),
      file("f", "new", { mtime }),
      file("was-link", "a file", { mtime }),
      { path: "link", type: "symlink", linkname: "../../../etc", mtime },
      { path: "absolute", type: "symlink", linkname: "/etc/passwd", mtime },
      { path: "hard", type: "hardlink", linkname: "f", mtime },
    );
    expect(await copyIn(id, "/in", archive, "&noOverwriteDirNonDir=1")).toEqual({ status: 200, message: "" });
    const said = await inside(
      id,
      "cd /in; stat -c '%n %a %u:%g %h %Y' d d/script f hard; cat f was-link; readlink link; readlink absolute; stat -c %a .",
    );
    expect(said.split("\n")).toEqual([
      `d 750 3:0 2 ${mtime}`,
      `d/script 4755 5:6 1 ${mtime}`,
      `f 644 0:0 2 ${mtime}`,
      `hard 644 0:0 2 ${mtime}`,
      "newa file../../../etc",
      "/etc/passwd",
      "755",
      "",
    ]);
    expect(await inside(id, "grep -c root /etc/passwd")).toBe("1\n");
    await remove(id);
  });

  test("GNU tar's archives, also compressed", async () => {
    const source = join(folder, "source");
    mkdirSync(join(source, "deep/er"), { recursive: true });
    writeFileSync(join(source, "deep/er/file"), "x".repeat(100_000));
    writeFileSync(join(source, `${"long".repeat(40)}ü`), "name");
    const id = await box.start(sleeper());
    for (const [index, flags] of [["-c"], ["-cz"]].entries()) {
      const archive = new Uint8Array(execFileSync("tar", [...flags, "-f-", "-C", source, "."]));
      await inside(id, `mkdir /t${index}`);
      expect((await copyIn(id, `/t${index}`, archive)).status).toBe(200);
      expect(await inside(id, `cd /t${index}; wc -c < deep/er/file; cat long*`)).toBe("100000\nname");
    }
    await remove(id);
  });

  test("a directory and something else do not take each other's place unless that was said", async () => {
    const id = await box.start(sleeper());
    const prepare = "rm -rf /in; mkdir -p /in/dir/sub /in/a/b; echo file > /in/file; echo deep > /in/a/b/c";
    const strict = "&noOverwriteDirNonDir=true";
    const overDirectory = await tarOf(file("dir", "now a file"));
    const overFile = await tarOf({ path: "file", type: "directory" }, file("file/x", "in it"));
    const overDeep = await tarOf(
      { path: "a", type: "directory" },
      { path: "a/b", type: "directory" },
      { path: "a/b/c", type: "directory" },
    );
    await inside(id, prepare);
    expect(await copyIn(id, "/in", overDirectory, strict)).toEqual({
      status: 400,
      message: 'cannot overwrite directory "/in/dir" with non-directory "/in"',
    });
    expect((await copyIn(id, "/in", overFile, strict)).message).toBe(
      'cannot overwrite non-directory "/in/file" with directory "/in"',
    );
    expect((await copyIn(id, "/in", overDeep, strict)).message).toBe(
      'cannot overwrite non-directory "/in/a/b/c" with directory "/in"',
    );
    expect(await inside(id, "cat /in/file /in/a/b/c; ls /in/dir")).toBe("file\ndeep\nsub\n");
    expect((await copyIn(id, "/in", overDirectory)).status).toBe(200);
    expect((await copyIn(id, "/in", overFile)).status).toBe(200);
    expect(await inside(id, "cat /in/dir /in/file/x")).toBe("now a filein it");
    await remove(id);
  });

  test("hostile archives are refused or stay within the root", async () => {
    await outside("echo secret > /secret");
    const id = await box.start(sleeper());
    const evil = join(folder, "evil");
    mkdirSync(evil);
    writeFileSync(join(evil, "f"), "x");
    const climbing = new Uint8Array(execFileSync("tar", ["-cPf-", "-C", evil, "--transform=s,^,../../,", "f"]));
    expect((await copyIn(id, "/tmp", climbing)).message).toContain('".."');
    const device = await copyIn(id, "/tmp", await tarOf({ path: "mem", type: "character", device: [1, 1] }));
    expect(device).toEqual({
      status: 400,
      message: 'tar: entry "mem": it is a device; make the archive without devices',
    });
    expect((await copyIn(id, "/tmp", utf8.encode("no archive at all".repeat(100)))).status).toBe(400);
    expect((await copyIn(id, "/tmp", (await tarOf(file("cut", "y".repeat(5000)))).slice(0, 2000))).message).toContain(
      "the archive ends",
    );
    const through = await tarOf({ path: "out", type: "symlink", linkname: "/" }, file("out/secret", "changed"));
    expect((await copyIn(id, "/tmp", through)).message).toContain("is a symbolic link of this archive, not a folder");
    // A link that the container has made leads to the container's file of that name, and nowhere else.
    await inside(id, "ln -s / /tmp/root; ln -s ../../../../../.. /tmp/up");
    expect(
      (await copyIn(id, "/tmp", await tarOf(file("root/secret", "changed"), file("up/secret2", "x")))).status,
    ).toBe(200);
    expect(await outside("cat /secret; ls /secret2 2>&1 | grep -c 'No such'")).toBe("secret\n1\n");
    expect(await inside(id, "cd /tmp; ls mem out f 2>&1 | grep -c 'No such'; cat /secret /secret2")).toBe(
      "3\nchangedx",
    );
    await remove(id);
  });

  test("where the container must not write, nobody writes for it", async () => {
    const id = await create(sleeper({ HostConfig: { ReadonlyRootfs: true, Binds: ["ro:/ro:ro", "rw:/rw"] } }));
    const archive = await tarOf(file("f", "x"));
    const at = async (path: string) => (await copyIn(id, path, archive)).message;
    expect(await at("/tmp")).toBe("container rootfs is marked read-only");
    expect(await at("/ro")).toBe("mounted volume is marked read-only");
    expect(await at("/rw")).toBe("");
    expect(await at("/etc/passwd")).toBe("extraction point is not a directory");
    expect(await at("/nope")).toMatch(/^Could not find the file \/nope in container/);
    await remove(id);
    for (const name of ["ro", "rw"]) await box.api("DELETE", `/volumes/${name}`);
  });

  test("copyUIDGID gives the files to the container's user, as moby does", async () => {
    const id = await box.start(sleeper({ User: "1000:1001" }));
    const archive = await tarOf(file("mine", "x", { uid: 5, gid: 5 }));
    await copyIn(id, "/tmp", archive, "&copyUIDGID=1");
    expect(await inside(id, "stat -c %u:%g /tmp/mine")).toBe("1000:1001\n");
    await remove(id);
  });

  test("a container that never ran finds the files at its start, beside those that its volume has from the image", async () => {
    const id = await create({
      Image: "busybox",
      Cmd: ["sh", "-c", "cat /etc/added /etc/passwd"],
      HostConfig: { Binds: ["etc:/etc"] },
    });
    await copyIn(id, "/etc", await tarOf(file("added", "added\n"), file("passwd", "mine\n")));
    await box.api("POST", `/containers/${id}/start`);
    await box.api("POST", `/containers/${id}/wait`);
    const logs = await raw("GET", `/containers/${id}/logs?stdout=1&stderr=1`);
    expect(demultiplexed(new Uint8Array(await logs.arrayBuffer()))).toBe("added\nmine\n");
    await remove(id);
    await box.api("DELETE", "/volumes/etc");
  });
});

describe("the view of a container's files", () => {
  test("leaves nothing mounted, also when the client goes in the middle", async () => {
    const mounts = () => outside("cut -d ' ' -f 2 /proc/mounts; ls /run/box/view");
    const id = await create(sleeper());
    const before = await mounts();
    await copyOut(id, "/bin");
    const half = await raw("GET", archivePath(id, "/"));
    expect(await mounts()).not.toBe(before);
    await half.body!.cancel();
    await box.refused("GET", archivePath(id, "/nope"));
    await copyIn(id, "/home", await tarOf());
    expect(await mounts()).toBe(before);
    expect(await box.api("GET", `/containers/${id}/changes`)).toBeNull();
    await remove(id);
  });

  test("is one for all who copy at once, and the container starts when they are done", async () => {
    const id = await create(sleeper());
    const [first, second] = await Promise.all([
      raw("GET", archivePath(id, "/bin")),
      raw("GET", archivePath(id, "/etc")),
    ]);
    const started = box.api("POST", `/containers/${id}/start`);
    expect(listed(await readAll(second.body!, 1 << 26))[0]).toBe("drwxr-xr-x 0/0 etc/");
    const { State } = await box.api<{ State: { Running: boolean } }>("GET", `/containers/${id}/json`);
    expect(State.Running).toBe(false);
    await first.body!.cancel();
    await started;
    expect(await inside(id, "echo runs")).toBe("runs\n");
    await remove(id);
  });
});

describe("diff", () => {
  const changes = async (id: string) => {
    const list = await box.api<FilesystemChange[] | null>("GET", `/containers/${id}/changes`);
    return (list ?? []).map(({ Kind, Path }) => `${"CAD"[Kind]} ${Path}`);
  };

  test("a container that only ran has changed nothing", async () => {
    const id = await box.start(sleeper());
    expect(await changes(id)).toEqual([]);
    await remove(id);
  });

  test("added, changed and deleted files, and the directories above them", async () => {
    const id = await box.start(sleeper());
    await inside(
      id,
      `mkdir -p /new/deep; echo x > /new/deep/f; echo more >> /etc/passwd; rm /bin/ls; mknod /new/null c 1 3;
       ln -sf /nowhere /etc/group; touch '/new/odd
name'; echo h > /etc/hosts`,
    );
    const expected = [
      "C /bin",
      "D /bin/ls",
      "C /etc",
      "C /etc/group",
      "C /etc/passwd",
      "A /new",
      "A /new/deep",
      "A /new/deep/f",
      "A /new/null",
      "A /new/odd\nname",
    ];
    expect(await changes(id)).toEqual(expected);
    await box.api("POST", `/containers/${id}/stop?t=0`);
    expect(await changes(id)).toEqual(expected);
    await remove(id);
  });

  test("a directory made anew hides what the image had in it; one that is gone is named alone", async () => {
    const id = await box.start(sleeper());
    const had = (await inside(id, "ls -A /bin /etc | grep -v : | sort")).split("\n");
    expect(had.length).toBeGreaterThan(3);
    const inBin = (await inside(id, "mkdir /tmp/b; cp /bin/busybox /tmp/b; cd /bin; ls -A")).trim().split("\n");
    await inside(id, "B=/tmp/b/busybox; $B rm -rf /bin; $B mkdir /bin; $B cp $B /bin/busybox; $B rm -rf /home /tmp/b");
    const found = await changes(id);
    expect(found.filter((line) => line.includes("/bin/")).map((line) => line.slice(2))).toEqual(
      inBin.map((name) => `/bin/${name}`).toSorted(),
    );
    expect(found.filter((line) => line.startsWith("D /bin/")).length).toBe(inBin.length - 1);
    expect(found).toContain("C /bin/busybox");
    expect(found).toContain("C /bin");
    await remove(id);
  });
});

describe("export", () => {
  test("is what the container sees, without volumes, by GNU tar", async () => {
    const id = await box.start(sleeper({ HostConfig: { Binds: ["pool2:/data"] } }));
    await inside(id, "echo in-volume > /data/f; echo mine > /tmp/mine; rm /bin/ls");
    const response = await raw("GET", `/containers/${id}/export`);
    const names = execFileSync("tar", ["-tf-"], { input: await readAll(response.body!, 1 << 27) })
      .toString()
      .trim()
      .split("\n")
      .map((name) => name.replace(/\/$/, ""));
    const seen = (
      await inside(id, "find / -xdev ! -path / ! -path '/proc/*' ! -path '/sys/*' ! -path '/dev/*' ! -path '/data/*'")
    )
      .trim()
      .split("\n");
    expect(names.toSorted()).toEqual(seen.map((path) => path.slice(1)).toSorted());
    expect(names).not.toContain("bin/ls");
    await remove(id);
    await box.api("DELETE", "/volumes/pool2");
  });
});

describe("stats", () => {
  const once = (id: string, more = "&one-shot=1") =>
    box.api<ContainerStats>("GET", `/containers/${id}/stats?stream=0${more}`);

  test("are what the cgroup's files and the network say", async () => {
    const id = await box.start(sleeper({ HostConfig: { Memory: 48 << 20, PidsLimit: 30 } }));
    await inside(id, "ping -c 2 -w 2 172.17.0.1 > /dev/null");
    const stats = await once(id);
    const limits = (await outside(`cd /sys/fs/cgroup/docker/${id}; cat memory.max pids.max pids.current`)).trim();
    expect([stats.memory_stats.limit, stats.pids_stats.limit, stats.pids_stats.current].join("\n")).toBe(limits);
    const counters = await outside(`ip netns exec box-${id.slice(0, 12)} cat /proc/net/dev | grep eth0`);
    const [, rxBytes, rxPackets] = counters.trim().split(/[: ]+/).map(Number);
    expect(stats.networks!.eth0).toMatchObject({ rx_bytes: rxBytes, rx_packets: rxPackets });
    expect(rxPackets).toBeGreaterThan(0);
    expect(stats.memory_stats.usage).toBeGreaterThan(0);
    expect(stats.memory_stats.stats).toHaveProperty("inactive_file");
    expect(stats.cpu_stats.cpu_usage.total_usage).toBeGreaterThan(0);
    expect(stats.cpu_stats.online_cpus).toBe(1);
    expect(stats).toMatchObject({ id, precpu_stats: { cpu_usage: { total_usage: 0 } } });
    await remove(id);
  });

  test("two looks tell how busy it is; a stream begins at once and ends with the container", async () => {
    const id = await box.start(sleeper({ Cmd: ["sh", "-c", "while :; do :; done"] }));
    const { cpu_stats: now, precpu_stats: before, preread, read } = await once(id, "");
    expect(Date.parse(read)).toBeGreaterThan(Date.parse(preread));
    const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
    const had = now.system_cpu_usage! - before.system_cpu_usage!;
    expect(used / had).toBeGreaterThan(0.3);
    const response = await raw("GET", `/containers/${id}/stats`);
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    expect((JSON.parse(new TextDecoder().decode(value)) as ContainerStats).id).toBe(id);
    await remove(id);
    expect((await reader.read()).done).toBe(true);
  });

  test("of one that does not run there are none", async () => {
    const id = await create(sleeper());
    expect(await once(id, "")).toMatchObject({ id, pids_stats: {}, memory_stats: {}, read: "0001-01-01T00:00:00Z" });
    await remove(id);
  });
});

describe("disk usage", () => {
  test("what containers and volumes hold is counted once, and told by prunes", async () => {
    const id = await box.start(sleeper({ HostConfig: { Binds: ["sized:/data"] } }));
    await inside(
      id,
      "head -c 1000 /dev/zero > /a; ln /a /b; head -c 50000 /dev/zero > /data/v; touch '/tmp/x\n1 1 9999 /y'",
    );
    const df = await box.api<DiskUsageResponse>("GET", "/system/df");
    expect(df.Containers).toMatchObject([{ Id: id, SizeRw: 1000 }]);
    expect(df.Volumes).toMatchObject([{ Name: "sized", UsageData: { Size: 50_000, RefCount: 1 } }]);
    expect(df.Images).toMatchObject([{ Containers: 1, SharedSize: 0, Size: df.LayersSize }]);
    expect(df.Containers![0].SizeRootFs).toBe(1000 + df.LayersSize);
    const some = await box.api<DiskUsageResponse>("GET", "/system/df?type=volume");
    expect(some).toMatchObject({ Containers: null, Images: null, Volumes: [{ Name: "sized" }] });
    expect(await box.refused("GET", "/system/df?type=moon")).toEqual({
      status: 400,
      message: "unknown object type: moon",
    });
    const [{ SizeRw }] = await box.api<ContainerSummary[]>("GET", "/containers/json?size=1");
    expect(SizeRw).toBe(1000);
    await box.api("POST", `/containers/${id}/stop?t=0`);
    expect(await box.api("POST", "/containers/prune")).toEqual({ ContainersDeleted: [id], SpaceReclaimed: 1000 });
    expect(await box.api("POST", `/volumes/prune?filters=${encodeURIComponent('{"all":["true"]}')}`)).toEqual({
      VolumesDeleted: ["sized"],
      SpaceReclaimed: 50_000,
    });
  });
});

/** Resolves with the events of a container once there are as many of its health, and the last one is as awaited. */
async function healthEvents(id: string, count: number, last?: string): Promise<string[]> {
  const by = encodeURIComponent(JSON.stringify({ container: [id], event: ["health_status"] }));
  const response = await raw("GET", `/events?since=1&filters=${by}`);
  const reader = response.body!.getReader();
  const actions: string[] = [];
  let text = "";
  while (actions.length < count || (last !== undefined && actions.at(-1) !== last)) {
    const { value, done } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
    const lines = text.split("\n");
    text = lines.pop()!;
    actions.push(...lines.map((line) => (JSON.parse(line) as EventMessage).Action));
  }
  await reader.cancel();
  return actions;
}

const health = async (id: string) =>
  (await box.api<{ State: { Health?: Health } }>("GET", `/containers/${id}/json`)).State.Health;
const status = async (id: string) =>
  (
    await box.api<ContainerSummary[]>("GET", `/containers/json?all=1&filters=${encodeURIComponent(`{"id":["${id}"]}`)}`)
  )[0].Status;

describe("health checks", () => {
  test("healthy while the probe succeeds, unhealthy after as many failures as were allowed", async () => {
    const Healthcheck = { Test: ["CMD-SHELL", "echo seen; test -e /well"], Interval: 50 * MS, Retries: 2 };
    const id = await box.start(sleeper({ Healthcheck, Cmd: ["sh", "-c", "touch /well; exec sleep 1000"] }));
    expect(await healthEvents(id, 1)).toEqual(["health_status: healthy"]);
    expect(await status(id)).toMatch(/^Up .* \(healthy\)$/);
    expect(await health(id)).toMatchObject({ Status: "healthy", FailingStreak: 0 });
    const [first] = (await health(id))!.Log!;
    expect(first).toMatchObject({ ExitCode: 0, Output: "seen\n" });
    expect(Date.parse(first.End)).toBeGreaterThanOrEqual(Date.parse(first.Start));
    const listedBy = async (value: string) =>
      (
        await box.api<ContainerSummary[]>(
          "GET",
          `/containers/json?filters=${encodeURIComponent(`{"health":["${value}"]}`)}`,
        )
      ).map(({ Id }) => Id);
    expect(await listedBy("healthy")).toEqual([id]);
    expect(await listedBy("none")).toEqual([]);
    expect(
      (await box.refused("GET", `/containers/json?filters=${encodeURIComponent('{"health":["fine"]}')}`)).status,
    ).toBe(400);
    await inside(id, "rm /well");
    expect(await healthEvents(id, 2)).toEqual(["health_status: healthy", "health_status: unhealthy"]);
    const ill = (await health(id))!;
    expect(ill.FailingStreak).toBeGreaterThanOrEqual(2);
    expect(ill.Log!.length).toBeLessThanOrEqual(5);
    await remove(id);
  });

  test("a probe that takes too long is killed, one that cannot be run says why", async () => {
    const slow = await box.start(
      sleeper({ Healthcheck: { Test: ["CMD", "sleep", "77"], Interval: 1 * MS, Timeout: 100 * MS, Retries: 1 } }),
    );
    expect(await healthEvents(slow, 1)).toEqual(["health_status: unhealthy"]);
    expect((await health(slow))!.Log![0]).toMatchObject({
      ExitCode: -1,
      Output: "Health check exceeded timeout (100ms)",
    });
    await remove(slow);
    const shell = await box.start(
      sleeper({
        Healthcheck: { Test: ["CMD-SHELL", "sleep 77; true"], Interval: 1 * MS, Timeout: 100 * MS, Retries: 2 },
      }),
    );
    expect(await healthEvents(shell, 1)).toEqual(["health_status: unhealthy"]);
    await remove(shell);
    const absent = await box.start(
      sleeper({ Healthcheck: { Test: ["CMD", "no-such-probe"], Interval: 1 * MS, Retries: 1 } }),
    );
    expect(await healthEvents(absent, 1)).toEqual(["health_status: unhealthy"]);
    expect((await health(absent))!.Log![0].Output).toContain("executable file not found");
    await remove(absent);
    await box.until(({ tasks }) => !tasks.some(({ argv }) => argv.join(" ") === "sleep 77"));
  });

  test("NONE asks for none; what was asked for is checked", async () => {
    const id = await box.start(sleeper({ Healthcheck: { Test: ["NONE"] } }));
    expect(await health(id)).toBeUndefined();
    await remove(id);
    const short = sleeper({ Healthcheck: { Test: ["CMD", "true"], Interval: 10 } });
    expect(await box.refused("POST", "/containers/create", short)).toEqual({
      status: 400,
      message: "Interval in Healthcheck cannot be less than 1ms",
    });
  });
});

describe.skipIf(!DOCKER)("the docker command line", () => {
  let server: Server;
  let host: string;

  beforeAll(async () => {
    server = await listen({ ...box.engine, serve: (connection) => box.engine.serve(connection) }, "127.0.0.1", 0);
    host = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server?.close());

  /** docker ignores SIGTERM. */
  function run(...command: string[]): Promise<{ code: number | null; stdout: Buffer; stderr: string }> {
    const env = { PATH: process.env.PATH, HOME: folder, DOCKER_HOST: host, DOCKER_CONFIG: folder, TZ: "UTC" };
    const child = spawn("timeout", ["-s", "KILL", "60", DOCKER!, ...command], { env });
    const out: Buffer[] = [];
    let stderr = "";
    child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
    child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
    child.stdin.end();
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout: Buffer.concat(out), stderr })));
  }

  async function ok(...command: string[]): Promise<string> {
    const { code, stdout, stderr } = await run(...command);
    if (code !== 0) throw new Error(`docker ${command.join(" ")}: ${code}: ${stderr}`);
    return stdout.toString().trimEnd();
  }

  test("cp in both directions: files, directories, their contents, links, a tar", async () => {
    const source = join(folder, "cp");
    mkdirSync(join(source, "sub"), { recursive: true });
    writeFileSync(join(source, "file"), "from here\n");
    writeFileSync(join(source, "sub/inner"), "inner\n");
    symlinkSync("file", join(source, "link"));
    await ok("run", "-d", "--name", "cp", "busybox", "sleep", "1000");
    await ok("cp", join(source, "file"), "cp:/tmp/renamed");
    await ok("cp", join(source, "file"), "cp:/tmp/");
    await ok("cp", source, "cp:/whole");
    await ok("cp", `${source}/.`, "cp:/tmp");
    expect(
      await ok(
        "exec",
        "cp",
        "sh",
        "-c",
        "cat /tmp/renamed /tmp/file /tmp/sub/inner /whole/sub/inner; readlink /whole/link",
      ),
    ).toBe("from here\nfrom here\ninner\ninner\nfile");
    const back = join(folder, "back");
    await ok("cp", "cp:/whole", back);
    expect(readFileSync(join(back, "sub/inner"), "utf8")).toBe("inner\n");
    expect(readlinkSync(join(back, "link"))).toBe("file");
    await ok("cp", "cp:/whole/link", join(folder, "as-link"));
    expect(lstatSync(join(folder, "as-link")).isSymbolicLink()).toBe(true);
    await ok("cp", "-L", "cp:/whole/link", join(folder, "followed"));
    expect(readFileSync(join(folder, "followed"), "utf8")).toBe("from here\n");
    expect(listed((await run("cp", "cp:/whole/sub", "-")).stdout).map((line) => line.split(" ")[2])).toEqual([
      "sub/",
      "sub/inner",
    ]);
    const whole = join(folder, "root");
    await ok("cp", "cp:/", whole);
    expect(readFileSync(join(whole, "tmp/renamed"), "utf8")).toBe("from here\n");
    expect((await run("cp", "cp:/nope", folder)).stderr).toContain("Could not find the file /nope in container cp");
    expect((await run("cp", join(source, "file"), "cp:/no/such/dir/")).code).toBe(1);
    await ok("stop", "-t", "0", "cp");
    await ok("cp", join(source, "file"), "cp:/tmp/stopped");
    await ok("cp", "cp:/tmp/stopped", join(folder, "stopped"));
    expect(readFileSync(join(folder, "stopped"), "utf8")).toBe("from here\n");
    expect((await ok("diff", "cp")).split("\n").filter((line) => line.includes("/whole"))).toEqual([
      "A /whole",
      "A /whole/file",
      "A /whole/link",
      "A /whole/sub",
      "A /whole/sub/inner",
    ]);
    const exported = join(folder, "exported.tar");
    await ok("export", "-o", exported, "cp");
    expect(contentOf(readFileSync(exported), "whole/sub/inner")).toBe("inner\n");
    await ok("rm", "cp");
  });

  test("stats --no-stream, system df, ps --size and the state of health", async () => {
    const options = ["--health-cmd", "true", "--health-interval", "50ms", "-m", "20m"];
    const id = await ok(
      "run",
      "-d",
      "--name",
      "well",
      ...options,
      "busybox",
      "sh",
      "-c",
      "head -c 1234 /dev/zero > /z; exec sleep 1000",
    );
    const line = await ok(
      "stats",
      "--no-stream",
      "--format",
      "{{.Name}} {{.MemUsage}} {{.PIDs}} {{.CPUPerc}} {{.NetIO}}",
      "well",
    );
    expect(line).toMatch(/^well [\d.]+[KM]iB \/ 20MiB 1 [\d.]+% /);
    await healthEvents(id, 1, "health_status: healthy");
    expect(await ok("ps", "--filter", "health=healthy", "--format", "{{.Names}} {{.Status}}")).toMatch(
      /^well Up .* \(healthy\)$/,
    );
    expect(await ok("inspect", "-f", "{{.State.Health.Status}} {{(index .State.Health.Log 0).ExitCode}}", "well")).toBe(
      "healthy 0",
    );
    expect(await ok("ps", "-s", "--format", "{{.Size}}")).toMatch(/^1\.23kB \(virtual /);
    const df = await ok("system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}}");
    expect(df.split("\n")[1]).toBe("Containers 1 1 1.234kB");
    expect(await ok("system", "df", "-v")).toContain("Containers space usage:");
    await ok("rm", "-f", "well");
  });
});

// Last: what else an engine keeps, the one after it need not know.
describe("an engine that starts anew", () => {
  test("goes on with the probes, and takes away what was mounted for a copy", async () => {
    const Healthcheck = { Test: ["CMD", "test", "-e", "/well"], Interval: 50 * MS, Retries: 1 };
    const id = await box.start(sleeper({ Healthcheck }));
    expect(await healthEvents(id, 1)).toEqual(["health_status: unhealthy"]);
    const half = await raw("GET", archivePath(id, "/"));
    expect(await outside("ls /run/box/view")).toBe(`${id}\n`);
    box.engine.close();
    const engine = await engineOn(box.machine, REGISTRY_DIRECTORY);
    afterAll(() => engine.close());
    Object.assign(box.engine, engine);
    expect(await outside("ls /run/box/view; grep -c box/view /proc/mounts")).toBe("0\n");
    await half.body!.cancel();
    await inside(id, "touch /well");
    await healthEvents(id, 1, "health_status: healthy");
    expect(await health(id)).toMatchObject({ Status: "healthy" });
    await box.api("POST", `/containers/${id}/stop?t=0`);
    expect(await health(id)).toMatchObject({ Status: "unhealthy" });
    expect(await status(id)).toMatch(/^Exited \(137\) [^()]*$/);
    await remove(id);
  });
});
