/**
 * The Debian 13 i386 system in which the committed images are built: made by debootstrap in a cache folder, entered by chroot.
 *
 * It is kept between runs. Builds in it have no network.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { run, type CommandOptions } from "./command";

/** The release whose compiler and sources are used. */
export const SUITE = "trixie";
/** The release before: some sources are taken from it. */
export const OLDER_SUITE = "bookworm";

/** What the host must have, besides Node. */
const HOST_PROGRAMS = ["debootstrap", "chroot", "unshare", "setarch", "mount"];

/** What the builds need in the chroot. */
export const BUILD_PACKAGES: readonly string[] = [
  "bc",
  "binutils",
  "bison",
  "bzip2",
  "ca-certificates",
  "cpio",
  "dpkg-dev",
  "dwarves",
  "flex",
  "gcc",
  "libc6-dev",
  "libelf-dev",
  "linux-libc-dev",
  "make",
  "musl-tools",
  "patch",
  "perl",
  "pkgconf",
  "python3-minimal",
  "rsync",
  "seabios",
  "xz-utils",
];

/** Packages whose version decides what the compiler writes; recorded with the images. */
export const TOOLCHAIN_PACKAGES: readonly string[] = [
  "binutils",
  "dwarves",
  "gcc-14",
  "libc6-dev",
  "linux-libc-dev",
  "make",
  "musl-dev",
  "musl-tools",
  "seabios",
];

/** One Debian source package, pinned. */
export interface DebianSource {
  /** Name of the source package. */
  package: string;
  version: string;
  /** The release of Debian that carries it. */
  suite: typeof SUITE | typeof OLDER_SUITE;
  /** SHA-256 of the .dsc, which in turn holds those of the archives. */
  dscSha256: string;
}

/** A chroot to build in. Paths given to it are inside it. */
export interface Sysroot {
  /** Where the chroot is on the host. */
  directory: string;
  /** Runs a program inside, without network unless `network` is set. */
  run(argv: readonly string[], options?: CommandOptions & { network?: boolean }): Promise<string>;
  read(path: string): Promise<Buffer>;
  write(path: string, content: string | Uint8Array): Promise<void>;
  /** Installed version by package, for the packages named. */
  versions(packages: readonly string[]): Promise<Record<string, string>>;
  /** Fetches, checks and unpacks a source package once; returns the folder inside. */
  unpack(source: DebianSource): Promise<string>;
}

/** Who hears of what takes time: a line for each step, and each line that a program writes meanwhile. */
export interface Progress {
  step(line: string): void;
  detail(line: string): void;
}

/** `$GLASSBOX_SYSROOT`, or a folder in the user's cache. */
export function sysrootDirectory(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  return process.env.GLASSBOX_SYSROOT ?? join(cache, "glassbox", `sysroot-${SUITE}-i386`);
}

/**
 * Opens the chroot, making it first if it is not there and installing what is missing.
 *
 * @throws Error saying in one sentence what the host lacks: root, a program, a Debian mirror.
 */
export async function openSysroot(progress: Progress): Promise<Sysroot> {
  if (process.getuid?.() !== 0) throw new Error("Building the images makes a Debian chroot: run it as root.");
  const missing = HOST_PROGRAMS.filter((name) => !onPath(name));
  if (missing.length > 0) {
    throw new Error(
      `Building the images needs ${missing.join(", ")}: run apt-get install debootstrap util-linux coreutils.`,
    );
  }
  const directory = sysrootDirectory();
  const sysroot = sysrootAt(directory);
  const mirror = await hostMirror();
  if (!existsSync(join(directory, "etc/debian_version"))) {
    progress.step(`making a Debian ${SUITE} i386 chroot in ${directory}`);
    // Under another name until it is whole, so that a broken attempt is not taken for a chroot.
    const unfinished = `${directory}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    await run(["debootstrap", "--arch=i386", "--variant=minbase", SUITE, unfinished, mirror], {
      online: progress.detail,
    });
    await rename(unfinished, directory);
  }
  await mkdir(join(directory, "build/source"), { recursive: true });
  await prepareApt(sysroot, mirror, progress);
  return sysroot;
}

function sysrootAt(directory: string): Sysroot {
  const inside = (path: string) => join(directory, path);
  const sysroot: Sysroot = {
    directory,
    async run(argv, { network, cwd = "/", env, ...options } = {}) {
      const enter = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"';
      const namespaces = network ? ["--mount"] : ["--mount", "--net"];
      const command = ["env", "-C", cwd, ...argv];
      return run(["unshare", ...namespaces, "setarch", "i686", "sh", "-c", enter, directory, ...command], {
        ...options,
        env: {
          PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          HOME: "/root",
          LC_ALL: "C.UTF-8",
          TZ: "UTC",
          DEBIAN_FRONTEND: "noninteractive",
          ...(network ? proxies() : {}),
          ...env,
        },
      });
    },
    read: (path) => readFile(inside(path)),
    async write(path, content) {
      await mkdir(join(inside(path), ".."), { recursive: true });
      await writeFile(inside(path), content);
    },
    async versions(packages) {
      const list = await sysroot.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\\n"]);
      const installed = new Map(list.split("\n").map((line) => line.split(" ") as [string, string]));
      return Object.fromEntries(packages.map((name) => [name, installed.get(name) ?? "not installed"]));
    },
    async unpack(source) {
      const folder = `/build/source/${source.package}-${source.version.replace(/[:~]/g, "_")}`;
      if (existsSync(inside(folder))) return folder;
      const archives = `${folder}.archives`;
      await rm(inside(archives), { recursive: true, force: true });
      await mkdir(inside(archives), { recursive: true });
      const dsc = await fetchSource(sysroot, source, inside(archives));
      await sysroot.run(["dpkg-source", "--no-check", "--no-copy", "-x", dsc, `${folder}.unfinished`], {
        cwd: archives,
      });
      await rename(inside(`${folder}.unfinished`), inside(folder));
      await rm(inside(archives), { recursive: true });
      return folder;
    },
  };
  return sysroot;
}

/** The mirror that the host's own apt uses. */
async function hostMirror(): Promise<string> {
  const files = ["/etc/apt/sources.list"];
  const folder = "/etc/apt/sources.list.d";
  if (existsSync(folder)) files.push(...(await readdir(folder)).sort().map((name) => join(folder, name)));
  for (const file of files) {
    if (!existsSync(file)) continue;
    const text = (await readFile(file, "utf8")).replace(/^\s*#.*$/gm, "");
    const mirror = findMirror(text);
    if (mirror) return mirror;
  }
  throw new Error("Building the images needs a Debian mirror, and /etc/apt names none: run it on Debian.");
}

/** The first address in an apt source list, in either format, whose path ends in `/debian`. Security archives do not count. */
export function findMirror(text: string): string | undefined {
  const addresses = text.matchAll(/^(?:deb(?:-src)?\s+(?:\[[^\]]*\]\s+)?|URIs:\s*)(\S+)/gim);
  for (const [, address] of addresses) if (/\/debian\/?$/.test(address)) return address.replace(/\/$/, "");
  return undefined;
}

async function prepareApt(sysroot: Sysroot, mirror: string, progress: Progress): Promise<void> {
  const list = [
    `deb ${mirror} ${SUITE} main`,
    `deb-src ${mirror} ${SUITE} main`,
    `deb-src ${mirror} ${OLDER_SUITE} main`,
    "",
  ].join("\n");
  const path = "/etc/apt/sources.list";
  const current = existsSync(sysroot.directory + path) ? (await sysroot.read(path)).toString() : "";
  const installed = await sysroot.versions(BUILD_PACKAGES);
  const missing = BUILD_PACKAGES.filter((name) => installed[name] === "not installed");
  if (current === list && missing.length === 0) return;
  await rm(join(sysroot.directory, "etc/apt/sources.list.d"), { recursive: true, force: true });
  await sysroot.write(path, list);
  progress.step("reading the package lists");
  await sysroot.run(["apt-get", "-q", "update"], { network: true, online: progress.detail });
  if (missing.length === 0) return;
  progress.step(`installing ${missing.join(" ")}`);
  const install = ["apt-get", "-q", "-y", "--no-install-recommends", "install", ...missing];
  await sysroot.run(install, { network: true, online: progress.detail });
}

/** Fetches the files of a source package into `target` on the host; returns the name of the .dsc. */
async function fetchSource(sysroot: Sysroot, source: DebianSource, target: string): Promise<string> {
  const wanted = `${source.package}=${source.version}`;
  const list = await sysroot.run(["apt-get", "-q", "--only-source", "--print-uris", "source", wanted]).catch(() => {
    throw new Error(`${wanted} is no longer offered by the Debian mirror: choose the current version in its recipe.`);
  });
  const files = [...list.matchAll(/^'([^']+)' (\S+) \d+ SHA256:([0-9a-f]{64})$/gm)];
  const dsc = files.find(([, , name]) => name.endsWith(".dsc"));
  if (!dsc) throw new Error(`apt-get names no .dsc for ${wanted}.`);
  if (dsc[3] !== source.dscSha256) {
    throw new Error(`${dsc[2]} has SHA-256 ${dsc[3]}, its recipe expects ${source.dscSha256}.`);
  }
  for (const [, address, name, sum] of files) {
    // Not every mirror understands the escapes that apt writes.
    const bytes = (await fetchBytes(address)) ?? (await fetchBytes(decodeURIComponent(address)));
    if (!bytes) throw new Error(`${name} cannot be fetched from the Debian mirror.`);
    const actual = createHash("sha256").update(bytes).digest("hex");
    if (actual !== sum) throw new Error(`${name} was fetched with SHA-256 ${actual}, the package list says ${sum}.`);
    await writeFile(join(target, name), bytes);
  }
  return dsc[2];
}

async function fetchBytes(address: string): Promise<Uint8Array | undefined> {
  const response = await fetch(address);
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
}

function proxies(): Record<string, string> {
  const names = Object.keys(process.env).filter((name) => /^(http|https|no)_proxy$/i.test(name));
  return Object.fromEntries(names.map((name) => [name, process.env[name]!]));
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? "").split(":").some((folder) => folder !== "" && existsSync(join(folder, program)));
}
