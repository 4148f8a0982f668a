/** Seeded random work on cgroups: made, removed, limited, filled, frozen, turned into threads. */
import type { Cgroup } from "../../../src/protocol/cgroup";
import type { KernelView } from "../../../src/protocol/view";
import { hostileText } from "../hostile";

/** Where all of it happens. */
export const PLAYGROUND = "/playground";

/** The script that must run once before. Its functions never fail: most random wishes are refused, and that is fine. */
export const PREPARE = `
cd /sys/fs/cgroup && echo +cpu +io +memory +pids > cgroup.subtree_control && mkdir .${PLAYGROUND}
echo +cpu +io +memory +pids > .${PLAYGROUND}/cgroup.subtree_control
mkdir -p .${PLAYGROUND}/a/b .${PLAYGROUND}/c`;

/** The script that ends everything and removes it. */
export const CLEAN_UP = `cd /sys/fs/cgroup
# To end takes time on the CPU, too.
find .${PLAYGROUND} -name cpu.max -exec sh -c 'for file; do echo max > "$file"; done' sh {} +
echo 1 > .${PLAYGROUND}/cgroup.kill
# Deepest first; a killed process leaves a moment later.
until find .${PLAYGROUND} -depth -type d -exec rmdir {} + 2>/dev/null; do sleep 0.1; done`;

const MAX_CGROUPS = 24;
const MAX_DEPTH = 5;
const CONTROLLERS = ["cpu", "io", "memory", "pids"];
const SIZES = ["0", "1", "65536", "1M", "12345678", "3G", "max"];

/** A few snippets for the shell, which leave sleepers behind. */
export function operations(next: () => number, view: KernelView): string {
  return new Operations(next, view).script();
}

class Operations {
  readonly #next: () => number;
  readonly #cgroups: Cgroup[];
  readonly #sleepers: number[];

  constructor(next: () => number, view: KernelView) {
    this.#next = next;
    this.#cgroups = view.cgroups.filter(({ path }) => `${path}/`.startsWith(`${PLAYGROUND}/`));
    this.#sleepers = view.tasks
      .filter(({ cgroup, comm }) => comm === "sleep" && cgroup.startsWith(`${PLAYGROUND}/`))
      .map(({ pid }) => pid);
  }

  script(): string {
    const lines = [
      "cd /sys/fs/cgroup",
      `w() { { echo "$1" > "$2"; } 2>/dev/null || :; }`,
      // Whoever enters a frozen cgroup stops right there, so nobody waits for it.
      `in_cgroup() { local to="$1"; shift; { setsid sh -c 'echo $$ > "$0"; exec "$@"' "$to/cgroup.procs" "$@" & } </dev/null >/dev/null 2>&1; }`,
    ];
    for (let count = 2 + this.#below(6); count > 0; count--) lines.push(this.#operation());
    return lines.join("\n");
  }

  #operation(): string {
    if (this.#cgroups.length < 4) return this.#make();
    const cgroup = this.#pick(this.#cgroups);
    const at = word(cgroup.path);
    switch (this.#below(14)) {
      case 0:
      case 1:
        return this.#cgroups.length > MAX_CGROUPS ? this.#remove(cgroup) : this.#make();
      case 2:
        return this.#remove(cgroup);
      case 3:
      case 4: {
        const changes = CONTROLLERS.filter(() => this.#next() < 0.4).map((name) => this.#pick(["+", "+", "-"]) + name);
        return changes.map((change) => `w ${change} ${at}/cgroup.subtree_control`).join("; ") || ":";
      }
      case 5:
        return `w ${this.#pick(SIZES)} ${at}/memory.${this.#pick(["min", "low", "high", "max"])}`;
      case 6:
        return this.#next() < 0.5
          ? `w ${1 + this.#below(10000)} ${at}/cpu.weight`
          : `w ${this.#below(100000)} ${at}/cpu.max.burst`;
      case 7:
        return `w "${this.#pick(["max", "25000", "200000"])} ${this.#pick(["10000", "50000", "100000"])}" ${at}/cpu.max`;
      case 8:
        return `w ${this.#pick(["0", "1", "7", "32768", "max"])} ${at}/pids.max`;
      case 9:
        return `w ${this.#below(2)} ${at}/cgroup.freeze`;
      case 10:
        return this.#next() < 0.7 ? `w threaded ${at}/cgroup.type` : `w ${this.#below(2)} ${at}/cgroup.pressure`;
      case 11:
        return this.#next() < 0.5
          ? // Some time on the CPU, of the user's and of the system's.
            `in_cgroup ${at} sh -c 'i=0; while [ $i -lt 400 ]; do i=$((i+1)); : < /dev/null; done'`
          : `in_cgroup ${at} sh -c 'sleep 0; sleep 0; exec sleep 100000'`;
      case 12:
        return this.#sleepers.length > 0 ? `w ${this.#pick(this.#sleepers)} ${at}/cgroup.procs` : ":";
      default:
        return this.#sleepers.length > 6
          ? `kill -9 ${this.#pick(this.#sleepers)} 2>/dev/null || :`
          : `in_cgroup ${at} sleep 100000`;
    }
  }

  #make(): string {
    const shallow = this.#cgroups.filter(({ path }) => path.split("/").length <= MAX_DEPTH);
    return `mkdir ${word(`${this.#pick(shallow).path}/${this.#name()}`)} 2>/dev/null || :`;
  }

  #remove({ path }: Cgroup): string {
    return path === PLAYGROUND ? ":" : `rmdir ${word(path)} 2>/dev/null || :`;
  }

  /** Every other one tries to break out of its path. A name that is refused is no loss. */
  #name(): string {
    const plain = `c${this.#below(1000)}`;
    if (this.#next() < 0.5) return plain;
    return `${plain}${hostileText(this.#next).replaceAll(/[/\0]/g, "")}`;
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)];
  }

  #below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }
}

/** A path of the hierarchy as one word, below the working directory. */
function word(path: string): string {
  return `./${path.slice(1)}`.replace(/^.*$/s, (text) => `'${text.replaceAll("'", `'\\''`)}'`);
}
