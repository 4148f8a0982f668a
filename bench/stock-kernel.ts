/** Debian's own kernel for 686 machines, as a yardstick: installed, or unpacked from its package when apt can bring it. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../.cache/stock-kernel/", import.meta.url));

/** Path of a `vmlinuz-*-686`, or why there is none. */
export function stockKernel(): { path: string } | { missing: string } {
  const given = process.env.STOCK_KERNEL;
  if (given)
    return existsSync(given) ? { path: given } : { missing: `STOCK_KERNEL names ${given}, which does not exist` };
  return (
    find("/boot") ?? find(join(CACHE, "boot")) ?? download() ?? { missing: "apt-get cannot bring linux-image-686 here" }
  );
}

function find(directory: string): { path: string } | undefined {
  if (!existsSync(directory)) return undefined;
  const name = readdirSync(directory).find((candidate) => /^vmlinuz-.*-686(-pae)?$/.test(candidate));
  return name ? { path: join(directory, name) } : undefined;
}

/** Apt is given folders of its own, so that the host's architectures and lists stay as they are. */
function download(): { path: string } | undefined {
  mkdirSync(join(CACHE, "state/lists/partial"), { recursive: true });
  mkdirSync(join(CACHE, "cache/archives/partial"), { recursive: true });
  const own = [
    "APT::Architecture=i386",
    "APT::Architectures=i386",
    `Dir::State=${CACHE}state`,
    `Dir::Cache=${CACHE}cache`,
  ];
  const options = [...own, "Dir::State::status=/dev/null", "Acquire::Languages=none"].flatMap((option) => [
    "-o",
    option,
  ]);
  const run = (command: string, ...args: string[]) => spawnSync(command, args, { cwd: CACHE, encoding: "utf8" });
  if (run("apt-get", ...options, "update", "-qq").status !== 0) return undefined;
  const name = /Depends: (linux-image-\S+-686)$/m.exec(
    run("apt-cache", ...options, "depends", "linux-image-686").stdout ?? "",
  )?.[1];
  if (!name || run("apt-get", ...options, "download", "-qq", name).status !== 0) return undefined;
  const archive = readdirSync(CACHE).find((candidate) => candidate.startsWith(name) && candidate.endsWith(".deb"));
  if (!archive || run("dpkg-deb", "-x", archive, ".").status !== 0) return undefined;
  return find(join(CACHE, "boot"));
}
