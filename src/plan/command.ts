import { NAMESPACES } from "./namespace";
import type { PlainStep, Privileges, WrapperStep } from "./step";

/** A step as words for a shell: a program and its arguments, or a text written to a file. */
export type Command =
  | { words: string[] }
  /** The shell itself writes: a cgroup move of `0` then moves the shell. */
  | { text: string; path: string; append: boolean };

/** The command that takes a plain step. @throws RangeError for a text that no command can carry. */
export function command(step: PlainStep): Command {
  switch (step.kind) {
    case "mkdir":
      return { words: ["mkdir", ...flag("-p", step.parents), ...option("-m", step.mode), path(step.path)] };
    case "write":
      return { text: step.text, path: path(step.path), append: step.append ?? false };
    case "symlink":
      // The target is a text, not a path to go to: it must stay as it is.
      return { words: ["ln", "-s", ...flag("--", step.target.startsWith("-")), step.target, path(step.path)] };
    case "mknod":
      return {
        words: [
          "mknod",
          ...option("-m", step.mode),
          path(step.path),
          step.type === "block" ? "b" : "c",
          String(step.major),
          String(step.minor),
        ],
      };
    case "remove":
      return {
        words: [...{ file: ["rm", "-f"], directory: ["rmdir"], tree: ["rm", "-rf"] }[step.what], path(step.path)],
      };
    case "mount": {
      const options = step.options?.length ? step.options.join(",") : undefined;
      return {
        words: ["mount", ...option("-t", step.type), ...option("-o", options), path(step.source), path(step.target)],
      };
    }
    case "propagation":
      return { words: ["mount", `--make-${step.recursive ? "r" : ""}${step.propagation}`, path(step.target)] };
    case "umount":
      return { words: ["umount", ...flag("-l", step.lazy), path(step.target)] };
    case "pivotRoot":
      return { words: ["pivot_root", path(step.newRoot), path(step.putOld)] };
    case "chdir":
      return { words: ["cd", path(step.path)] };
    case "sethostname":
      return { words: ["hostname", name(step.name, "host name")] };
    case "run":
      return { words: program(step) };
  }
}

/** The words of a program to run. @throws RangeError for a name that would be read as an option. */
export function program({ argv }: { argv: string[] }): string[] {
  if (argv.length === 0) throw new RangeError("A program has a name: argv is empty.");
  return [name(argv[0], "program's name"), ...argv.slice(1)];
}

/** The words that start a wrapper; the program that runs inside follows them. */
export function wrapper(step: WrapperStep): string[] {
  switch (step.kind) {
    case "unshare":
      return [
        "unshare",
        ...step.namespaces.map((kind) => NAMESPACES[kind].option),
        ...flag("--fork", step.fork),
        ...flag("--kill-child", step.killChild),
        ...flag("--map-root-user", step.mapRoot),
      ];
    case "setns":
      return ["nsenter", "--target", step.pid, ...step.namespaces.map((kind) => NAMESPACES[kind].option)];
    case "chroot":
      return ["chroot", path(step.root)];
    case "setpriv":
      return ["setpriv", ...privileges(step.privileges)];
  }
}

function privileges({ noNewPrivileges, uid, gid, clearGroups, capabilities }: Privileges): string[] {
  const sets = capabilities && ["-all", ...capabilities.map((capability) => `+${capability}`)].join(",");
  return [
    ...option("--reuid", uid?.toString()),
    ...option("--regid", gid?.toString()),
    ...flag("--clear-groups", clearGroups),
    ...(sets ? ["--inh-caps", sets, "--bounding-set", sets] : []),
    ...flag("--no-new-privs", noNewPrivileges),
  ];
}

function flag(word: string, on: boolean | undefined): string[] {
  return on ? [word] : [];
}

function option(word: string, value: string | undefined): string[] {
  return value === undefined ? [] : [word, value];
}

// Not every program takes `--` (busybox's chroot does not); a path can always say that it is one.
function path(text: string): string {
  return text.startsWith("-") ? `./${text}` : text;
}

function name(text: string, what: string): string {
  if (text.startsWith("-")) throw new RangeError(`A ${what} cannot begin with a hyphen: ${text}`);
  return text;
}
