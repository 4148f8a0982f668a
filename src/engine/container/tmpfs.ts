/** `--tmpfs` and `--mount type=tmpfs` (moby `volume/mounts.linuxParser`, `pkg/mount.MergeTmpfsOptions`). */
import type { HostConfig } from "../../protocol/docker";
import { badParameter } from "../api/error";
import type { ContainerMount } from "./spec";

/** What is on unless the options say otherwise. */
const DEFAULTS = ["nosuid", "nodev", "noexec"];
/** What takes one another back. */
const OPPOSITES: readonly (readonly [string, string])[] = [
  ["ro", "rw"],
  ["nosuid", "suid"],
  ["nodev", "dev"],
  ["noexec", "exec"],
  ["noatime", "atime"],
  ["nodiratime", "diratime"],
  ["norelatime", "relatime"],
  ["nostrictatime", "strictatime"],
];
const VALUED = /^(size|mode|uid|gid|nr_inodes|nr_blocks|mpol)=(.+)$/;

/** The mounts that were asked for. @throws ApiError 400 for an option that tmpfs has not */
export function tmpfsMounts({ Tmpfs, Mounts }: Pick<HostConfig, "Tmpfs" | "Mounts">): ContainerMount[] {
  const short = Object.entries(Tmpfs ?? {}).map(([target, options]) => ({ target, options: options.split(",") }));
  const long = (Mounts ?? [])
    .filter(({ Type }) => Type === "tmpfs")
    .map(({ Target, ReadOnly, TmpfsOptions }) => ({
      target: Target,
      options: [
        ...(ReadOnly ? ["ro"] : []),
        ...(TmpfsOptions?.Mode ? [`mode=${TmpfsOptions.Mode.toString(8)}`] : []),
        ...(TmpfsOptions?.SizeBytes ? [`size=${TmpfsOptions.SizeBytes}`] : []),
      ],
    }));
  return [...short, ...long].map(({ target, options }): ContainerMount => {
    if (!target.startsWith("/"))
      throw badParameter(
        `invalid mount config for type "tmpfs": invalid mount path: '${target}' mount path must be absolute`,
      );
    if (target === "/") throw badParameter("invalid specification: destination can't be '/'");
    return {
      target,
      source: "tmpfs",
      type: "tmpfs",
      options: tmpfsOptions(options),
      on: "directory",
      why: "Asked for with --tmpfs: what is written here is in memory, and goes with the container.",
    };
  });
}

/** Each option once; of two that contradict one another, the last. */
function tmpfsOptions(given: readonly string[]): string[] {
  const options = new Map<string, string>(DEFAULTS.map((option) => [key(option)!, option]));
  for (const option of given) {
    if (option === "") continue;
    const of = key(option);
    if (of === undefined) throw badParameter(`invalid tmpfs option ${JSON.stringify(option)}`);
    options.delete(of);
    options.set(of, option);
  }
  return [...options.values()];
}

/** What an option is about; undefined for one that there is not. */
function key(option: string): string | undefined {
  return VALUED.exec(option)?.[1] ?? OPPOSITES.find((pair) => pair.includes(option))?.[0];
}
