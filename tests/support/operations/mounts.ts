/** Seeded random changes of mounts, mount namespaces and overlays, all below `/t`. */
import { quote } from "../../../src/plan/quote";
import type { Mount } from "../../../src/protocol/mount";
import type { KernelView } from "../../../src/protocol/view";

const MAX_SLEEPERS = 3;
const MAX_OVERLAYS = 4;
const MAX_MOUNTS = 30;
const DIRECTORIES = [
  "a",
  "a/b",
  "a/b/c",
  "d",
  "d/e",
  "sp ace",
  "new\nline",
  "\u001b[31mred",
  "\u202ertl",
  "back\\slash",
];
const FILES = ["f", "g", "sp ace", "new\nline", "<b>", "-n", "é ☃", "\u001b[0m", "__proto__", "h#sh"];
const OPTIONS = [
  "ro",
  "nosuid",
  "nodev",
  "noexec",
  "noatime",
  "nodiratime",
  "size=64k",
  "mode=711",
  "uid=7",
  "nr_inodes=50",
];
const PROPAGATIONS = ["shared", "private", "slave", "unbindable", "rshared", "rprivate", "rslave"];

/** To be run once, before the first operations. `/t/held` is private: a file of a mount namespace can only be bound there. */
export const PREPARE = `mkdir -p /t/held /t/o
mount -t tmpfs held /t/held
mount --make-private /t/held
${DIRECTORIES.map((directory) => `mkdir -p ${quote(`/t/m/${directory}`)}`).join("\n")}`;

/** A script of a few commands, each of which the kernel may refuse. */
export function operations(next: () => number, view: KernelView): string {
  return new Operations(next, view).script();
}

class Operations {
  readonly #next: () => number;
  readonly #view: KernelView;
  readonly #mounts: Mount[];

  constructor(next: () => number, view: KernelView) {
    this.#next = next;
    this.#view = view;
    const host = view.namespaces.find(({ kind, initial }) => kind === "mnt" && initial)!;
    this.#mounts = view.mounts.filter(({ namespace, path }) => namespace === host.inum && path.startsWith("/t/m"));
  }

  script(): string {
    const lines = ["exec 2>/dev/null"];
    for (let count = 2 + this.#below(3); count > 0; count--) lines.push(this.#mountOperation());
    for (let count = 1 + this.#below(2); count > 0; count--) lines.push(this.#overlayOperation());
    return [...lines, ":"].join("\n");
  }

  #mountOperation(): string {
    if (this.#mounts.length > MAX_MOUNTS) return "umount -l -R /t/m/* /t/m/*/*";
    const [one, other] = [quote(this.#directory()), quote(this.#directory())];
    switch (this.#below(12)) {
      case 0:
      case 1:
        return `mount -t tmpfs -o ${this.#options()} ${quote(this.#pick(FILES))} ${one}; mkdir -p ${one}/b/c ${one}/e`;
      case 2:
        return `mount --bind ${one} ${other}`;
      case 3:
        return `mount --rbind ${one} ${other}`;
      case 4:
        return `mount --make-private ${one}; mount --move ${one} ${other}`;
      case 5:
      case 6:
        return `mount --make-${this.#pick(PROPAGATIONS)} ${one}`;
      case 7:
        return `mount -o remount,bind,${this.#pick(["ro", "rw", "nosuid,noexec", "noatime"])} ${one}`;
      case 8:
        return `umount ${this.#pick(["", "-l"])} ${one}`;
      case 9:
        // Something of the filesystem that is mounted goes away, or is a file.
        return `touch ${one}/file ${one}/on; mount --bind ${one}/file ${one}/on; rm ${one}/file`;
      case 10:
        return this.#hold();
      default:
        return this.#namespace();
    }
  }

  #namespace(): string {
    const sleepers = this.#view.tasks.filter(({ comm, argv }) => comm === "sleep" && Number(argv[1]) > 200_000);
    if (sleepers.length >= MAX_SLEEPERS) return `kill -9 ${this.#pick(sleepers).pid}`;
    const propagation = this.#pick(["private", "slave", "shared", "unchanged"]);
    const id = 200_001 + this.#below(1_000_000);
    const inside = `mount -t tmpfs inside ${quote(this.#directory())}; exec sleep ${id}`;
    return `setsid unshare -m --propagation ${propagation} sh -c ${quote(inside)} </dev/null >/dev/null 2>&1 &`;
  }

  #hold(): string {
    const file = `/t/held/${this.#below(4)}`;
    const kind = this.#pick(["net", "uts", "ipc", "mnt", "cgroup"]);
    if (this.#next() < 0.3) return `umount ${file}`;
    return `touch ${file}; unshare --${kind === "mnt" ? "mount" : kind}=${file} ${kind === "mnt" ? "umount -l /dev/mqueue" : "true"}`;
  }

  #overlayOperation(): string {
    const made = this.#view.mounts.filter(
      ({ type, path, hiddenBy }) => type === "overlay" && /^\/t\/o\/\d+\/m$/.test(path) && hiddenBy === undefined,
    );
    const roots = [...new Set(made.map(({ path }) => path))];
    if (roots.length === 0 || (roots.length < MAX_OVERLAYS && this.#next() < 0.25))
      return this.#overlay(this.#below(1_000_000));
    const root = this.#pick(roots);
    if (this.#next() < 0.05) return `umount -l ${root}`;
    const lines = [`cd ${root} && {`];
    for (let count = 3 + this.#below(5); count > 0; count--) lines.push(this.#edit());
    return [...lines, "}", "cd /"].join("\n");
  }

  #overlay(number: number): string {
    const root = `/t/o/${number}`;
    const lowers = Array.from({ length: 1 + this.#below(3) }, (_, index) => `${root}/l${index}`);
    // Some stack a layer that another overlay has, too.
    const shared = this.#view.overlays.flatMap(({ lowerPaths }) =>
      lowerPaths.filter((path) => path.startsWith("/t/o")),
    );
    const all = shared.length > 0 && this.#next() < 0.4 ? [...lowers, this.#pick(shared)] : lowers;
    const upper = this.#next() < 0.85 ? `,upperdir=${root}/u,workdir=${root}/w` : "";
    const fill = lowers.flatMap((lower) => [
      `cd ${lower}; mkdir -p ${this.#pick(["x/y", "z", "x/y z"])}`,
      ...Array.from({ length: 6 + this.#below(5) }, () => this.#edit()),
    ]);
    const options = `lowerdir=${[...new Set(all)].join(":")}${upper}`;
    return [
      `mkdir -p ${[...lowers, `${root}/u`, `${root}/w`, `${root}/m`].join(" ")}`,
      ...fill,
      "cd /",
      // A read-only overlay of one layer is refused.
      `mount -t overlay made${number} -o ${options} ${root}/m || mount -t overlay made -o ${options},upperdir=${root}/u,workdir=${root}/w ${root}/m`,
    ].join("\n");
  }

  /** One change of what is in the working directory. */
  #edit(): string {
    const directory = () => quote(`./${this.#pick(["x", "x/y", "z", "x\ny"])}`);
    const name = () => quote(`./${this.#pick(["", "x/", "x/y/", "z/", "x\ny/"])}${this.#pick(FILES)}`);
    switch (this.#below(14)) {
      case 0:
      case 1:
        return `mkdir -p ${directory()}`;
      case 2:
      case 3:
        return this.#write(`${this.#below(1e6)} >`, name());
      case 4:
        return this.#write("more >>", name());
      case 5:
        return `chmod ${this.#pick(["600", "4755", "1777", "0"])} ${name()}`;
      case 6:
        return `chown ${this.#below(3000)}:${this.#below(3000)} ${this.#next() < 0.5 ? name() : directory()}`;
      case 7:
        return `rm -f ${name()} ${name()}`;
      case 8:
        return `rm -rf ${directory()}`;
      case 9:
        return ((path) => `rm -rf ${path}; mkdir ${path}; ${this.#write("fresh >", `${path}/f`)}`)(directory());
      case 10:
        return `mv -f ${name()} ${name()}`;
      case 11:
        return `ln -sf ${name()} ${name()}`;
      case 12:
        return `ln -f ${name()} ${name()}`;
      default:
        return `truncate -s ${this.#below(20_000)} ${name()}; mknod ${name()} p`;
    }
  }

  /** A pipe that nobody reads would stop who writes to it. */
  #write(what: string, file: string): string {
    return `[ -p ${file} ] || echo ${what} ${file}`;
  }

  #options(): string {
    return ["rw", ...OPTIONS.filter(() => this.#next() < 0.2)].join(",");
  }

  /** A directory to mount on, or one within something that is mounted. */
  #directory(): string {
    if (this.#mounts.length > 0 && this.#next() < 0.5) {
      const { path } = this.#pick(this.#mounts);
      return this.#next() < 0.7 ? path : `${path}/${this.#pick(["b", "b/c", "e"])}`;
    }
    return `/t/m/${this.#pick(DIRECTORIES)}`;
  }

  #pick<T>(of: readonly T[]): T {
    return of[this.#below(of.length)];
  }

  #below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }
}
