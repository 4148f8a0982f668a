import type { ContainerInspect, ExecCreateRequest, ExecInspect, IDResponse } from "../../protocol/docker";
import { segment } from "../api";
import { atLeast, command } from "../command";
import { environmentOf } from "../create/variables";
import { CREATE_KINDS } from "../create/list-values";
import { CliFailure } from "../failure";
import { followSize, runSession } from "../stream/session";

export const exec = command("exec", {
  use: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  short: "Execute a command in a running container",
  arity: atLeast(2),
  interspersed: false,
  completes: "running",
  kinds: CREATE_KINDS,
  options: `
    -d, --detach          Detached mode: run command in the background
    --detach-keys string  Override the key sequence for detaching a container
    -e, --env list:env    Set environment variables
    --env-file list       Read in a file of environment variables
    -i, --interactive     Keep STDIN open even if not attached
    --privileged          Give extended privileges to the command
    -t, --tty             Allocate a pseudo-TTY
    -u, --user string     Username or UID (format: "<name|uid>[:<group|gid>]")
    -w, --workdir string  Working directory inside the container
  `,
  run: async (context, options, [name, ...argv]) => {
    const path = `/containers/${segment(name)}`;
    const env = await environmentOf(context, options.list("env-file"), options.list("env"));
    const detach = options.flag("detach");
    const tty = options.flag("tty");
    const stdin = options.flag("interactive");
    const size: [number, number] | undefined =
      tty && context.stdoutIsTty && context.io.tty ? [context.io.tty.rows, context.io.tty.cols] : undefined;
    // Asked first, since a failure of the following would leave an exec behind.
    await context.api.json<ContainerInspect>("GET", `${path}/json`);
    if (!detach && stdin && tty && !context.stdinIsTty) throw new CliFailure("the input device is not a TTY");
    const request: ExecCreateRequest = {
      User: options.text("user"),
      Privileged: options.flag("privileged"),
      Tty: tty,
      ...(size ? { ConsoleSize: size } : {}),
      AttachStdin: !detach && stdin,
      AttachStderr: !detach,
      AttachStdout: !detach,
      Detach: detach,
      DetachKeys: options.text("detach-keys"),
      Env: env.length > 0 ? env : null,
      WorkingDir: options.text("workdir"),
      Cmd: argv,
    };
    const { Id } = await context.api.json<IDResponse>("POST", `${path}/exec`, {
      json: request,
      then: ["POST /exec/{id}/start"],
    });
    if (Id === "") throw new CliFailure("exec ID empty");
    const execPath = `/exec/${segment(Id)}`;
    const start = { Detach: detach, Tty: tty, ...(size ? { ConsoleSize: size } : {}) };
    if (detach) {
      await context.api.done("POST", `${execPath}/start`, { json: start });
      return 0;
    }
    const upgraded = await context.api.upgrade(`${execPath}/start`, { json: start });
    let unfollow = (): void => undefined;
    try {
      const session = runSession(context, upgraded, {
        tty,
        stdin,
        output: true,
        detachKeys: options.text("detach-keys"),
      });
      session.catch(() => undefined);
      if (tty) unfollow = await followSize(context, execPath);
      if ((await session) === "detached") return 0;
    } finally {
      unfollow();
    }
    const { ExitCode } = await context.api.json<ExecInspect>("GET", `${execPath}/json`);
    return ExitCode ?? 0;
  },
});
