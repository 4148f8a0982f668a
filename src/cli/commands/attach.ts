import type { ContainerInspect } from "../../protocol/docker";
import { segment } from "../api";
import { atLeast, command, exactly } from "../command";
import { CliFailure, reasonOf } from "../failure";
import { followSize, proxySignals, runSession } from "../stream/session";
import { waitForExit } from "./run";

const ATTACH_OPTIONS = `
  --detach-keys string  Override the key sequence for detaching a container
`;

export const attach = command("attach", {
  use: "[OPTIONS] CONTAINER",
  short: "Attach local standard input, output, and error streams to a running container",
  arity: exactly(1),
  completes: "running",
  options: `
    ${ATTACH_OPTIONS}
    --no-stdin   Do not attach STDIN
    --sig-proxy  Proxy all received signals to the process (default true)
  `,
  run: async (context, options, [name]) => {
    const path = `/containers/${segment(name)}`;
    // Before it can end, so that its end is not missed.
    const waiting = waitForExit(context, path, undefined);
    waiting.catch(() => undefined);
    const { Config, State } = await context.api.json<ContainerInspect>("GET", `${path}/json`);
    if (!State.Running) throw new CliFailure("You cannot attach to a stopped container, start it first");
    if (State.Paused) throw new CliFailure("You cannot attach to a paused container, unpause it first");
    if (State.Restarting) throw new CliFailure("You cannot attach to a restarting container, wait until it is running");
    const tty = Config.Tty === true;
    const stdin = !options.flag("no-stdin") && Config.OpenStdin === true;
    if (stdin && tty && !context.stdinIsTty) throw new CliFailure("the input device is not a TTY");
    const release = options.flag("sig-proxy") && !tty ? proxySignals(context, path) : () => undefined;
    let unfollow = (): void => undefined;
    try {
      const upgraded = await context.api.upgrade(`${path}/attach`, {
        query: {
          detachKeys: options.text("detach-keys") || undefined,
          stderr: true,
          stdin,
          stdout: true,
          stream: true,
        },
      });
      if (tty) unfollow = await followSize(context, path);
      const end = await runSession(context, upgraded, {
        tty,
        stdin,
        output: true,
        detachKeys: options.text("detach-keys"),
      });
      if (end === "detached") {
        await context.err("read escape sequence\n");
        return 1;
      }
      return await (
        await waiting
      ).status;
    } finally {
      unfollow();
      release();
    }
  },
});

export const start = command("start", {
  use: "[OPTIONS] CONTAINER [CONTAINER...]",
  short: "Start one or more stopped containers",
  arity: atLeast(1),
  completes: "containers",
  options: `
    -a, --attach       Attach STDOUT/STDERR and forward signals
    ${ATTACH_OPTIONS}
    -i, --interactive  Attach container's STDIN
  `,
  run: async (context, options, args) => {
    if (options.flag("attach") || options.flag("interactive")) {
      if (args.length > 1) throw new CliFailure("you cannot start and attach multiple containers at once");
      const container = await context.api.json<ContainerInspect>("GET", `/containers/${segment(args[0])}/json`);
      const path = `/containers/${segment(container.Id)}`;
      const tty = container.Config.Tty === true;
      const stdin = options.flag("interactive") && container.Config.OpenStdin === true;
      const release = !tty ? proxySignals(context, path) : () => undefined;
      let unfollow = (): void => undefined;
      try {
        const upgraded = await context.api.upgrade(`${path}/attach`, {
          query: {
            detachKeys: options.text("detach-keys") || undefined,
            stderr: true,
            stdin,
            stdout: true,
            stream: true,
          },
        });
        const waiting = await waitForExit(context, path, container.HostConfig.AutoRemove ? "removed" : "next-exit");
        const session = runSession(context, upgraded, {
          tty,
          stdin,
          output: true,
          detachKeys: options.text("detach-keys"),
        });
        session.catch(() => undefined);
        await context.api.done("POST", `${path}/start`);
        if (tty) unfollow = await followSize(context, path);
        if ((await session) === "detached") {
          await context.err("read escape sequence\n");
          return 1;
        }
        return await waiting.status;
      } finally {
        unfollow();
        release();
      }
    }
    const failures: string[] = [];
    const failed: string[] = [];
    for (const name of args) {
      try {
        await context.api.done("POST", `/containers/${segment(name)}/start`);
        await context.out(`${name}\n`);
      } catch (thrown) {
        if (thrown instanceof CliFailure && thrown.name === "Exit") throw thrown;
        failures.push(reasonOf(thrown));
        failed.push(name);
      }
    }
    if (failed.length === 0) return 0;
    throw new CliFailure(`${failures.join("\n")}\nError: failed to start containers: ${failed.join(", ")}`);
  },
});
