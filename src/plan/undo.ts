import type { Plan, Step } from "./step";

/** How a step is taken back. */
export type Undo =
  | { kind: "steps"; steps: Plan }
  /** There is nothing to take back: it ends with the process that took it. */
  | { kind: "nothing" }
  /** What was there before is not known any more. */
  | { kind: "lost"; what: string };

/** The reverse of one step that was taken. */
export function undo(step: Step): Undo {
  switch (step.kind) {
    case "mkdir":
      return back({ kind: "remove", path: step.path, what: step.contents === "discard" ? "tree" : "directory" });
    case "touch":
    case "writeBytes":
    case "symlink":
    case "mknod":
      return back({ kind: "remove", path: step.path, what: "file" });
    case "write":
      if (step.former === undefined) return { kind: "lost", what: `what ${step.path} held before` };
      return step.former === null
        ? back({ kind: "remove", path: step.path, what: "file" })
        : back({ kind: "write", path: step.path, text: step.former });
    case "mount":
      return step.options?.includes("remount")
        ? { kind: "lost", what: `the former options of the mount at ${step.target}` }
        : back({ kind: "umount", target: step.target });
    case "sethostname":
      return step.former === undefined
        ? { kind: "lost", what: "the former host name" }
        : back({ kind: "sethostname", name: step.former });
    case "usernsAdd":
      return {
        kind: "steps",
        steps: [
          ...(step.netns === undefined
            ? []
            : [{ kind: "netnsRemove" as const, name: step.netns, why: `Takes back: ${step.why}` }]),
          { kind: "umount", target: step.path, lazy: true, why: `Takes back: ${step.why}` },
        ],
      };
    case "mountIdmapped":
      return back({ kind: "umount", target: step.target });
    case "console":
      return back({ kind: "umount", target: step.path });
    case "netnsAdd":
      return back({ kind: "netnsRemove", name: step.name });
    case "linkAdd":
      return back({ kind: "linkRemove", name: step.name });
    case "netnsRemove":
    case "linkRemove":
      return { kind: "lost", what: `what was in ${step.name}` };
    // What a device has goes with the device, and that is the undoing of another step; the rest are properties of the
    // process that took them.
    case "linkUp":
    case "linkMaster":
    case "linkAddress":
    case "addressAdd":
    case "routeAdd":
    case "deviceFilter":
    case "umask":
    case "rlimit":
    case "open":
      return { kind: "nothing" };
    case "run":
      if (step.undo === null) return { kind: "nothing" };
      return step.undo === undefined
        ? { kind: "lost", what: `the effect of ${step.argv.join(" ")}` }
        : back({ kind: "run", argv: step.undo, call: step.call, manual: step.manual });
    case "rename":
      return { kind: "lost", what: `what was at ${step.to}` };
    case "kill":
      return { kind: "lost", what: `process ${step.pid}` };
    case "remove":
      return { kind: "lost", what: `what was at ${step.path}` };
    case "propagation":
      return { kind: "lost", what: `the former propagation of ${step.target}` };
    case "umount":
      return { kind: "lost", what: `what was mounted at ${step.target}` };
    case "pivotRoot":
      return { kind: "lost", what: "the former root" };
    case "chown":
      return { kind: "lost", what: `the former owner of ${step.path}` };
    case "chdir":
    case "usernsExec":
    case "exec":
    case "unshare":
    case "setns":
    case "netnsExec":
    case "chroot":
    case "setpriv":
      return { kind: "nothing" };
  }

  function back(reverse: StepBody): Undo {
    return { kind: "steps", steps: [{ ...reverse, why: `Takes back: ${step.why}` } as Step] };
  }
}

type StepBody = Step extends infer S ? (S extends Step ? Omit<S, "why"> : never) : never;

/**
 * The plan that takes back these steps, the last one first, and what it cannot bring back.
 * Given the steps that were taken, in the order they were taken, of a plan that failed.
 */
export function undoAll(taken: Plan): { plan: Plan; lost: string[] } {
  const undone = taken.toReversed().map(undo);
  return {
    plan: undone.flatMap((each) => (each.kind === "steps" ? each.steps : [])),
    lost: undone.flatMap((each) => (each.kind === "lost" ? [each.what] : [])),
  };
}
