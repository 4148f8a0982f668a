import { segment } from "../api";
import { atLeast, command } from "../command";
import type { Command } from "../command";
import { CliFailure, EngineFailure } from "../failure";
import type { Options } from "../options";
import { forEachName } from "./each";

const path = (name: string): string => `/containers/${segment(name)}`;

const HTTP_NOT_FOUND = 404;

const halting = (name: "stop" | "restart", short: string): Command =>
  command(name, {
    use: "[OPTIONS] CONTAINER [CONTAINER...]",
    short,
    arity: atLeast(1),
    completes: name === "stop" ? "running" : "containers",
    options: `
      -s, --signal string  Signal to send to the container
      # --time int         alias of --timeout, deprecated
      -t, --timeout int    Seconds to wait before killing the container
    `,
    run: (context, options, args) =>
      forEachName(context, args, async (container) => {
        await context.api.done("POST", `${path(container)}/${name}`, {
          query: {
            signal: options.text("signal") || undefined,
            t: options.changed("timeout") ? options.number("timeout") : undefined,
          },
        });
        return container;
      }),
  });

export const stop = halting("stop", "Stop one or more running containers");
export const restart = halting("restart", "Restart one or more containers");

const freezing = (name: "pause" | "unpause", short: string): Command =>
  command(name, {
    use: "CONTAINER [CONTAINER...]",
    short,
    arity: atLeast(1),
    completes: "running",
    run: (context, _, args) =>
      forEachName(context, args, async (container) => {
        await context.api.done("POST", `${path(container)}/${name}`);
        return container;
      }),
  });

export const pause = freezing("pause", "Pause all processes within one or more containers");
export const unpause = freezing("unpause", "Unpause all processes within one or more containers");

export const kill = command("kill", {
  use: "[OPTIONS] CONTAINER [CONTAINER...]",
  short: "Kill one or more running containers",
  arity: atLeast(1),
  completes: "running",
  options: `
    -s, --signal string  Signal to send to the container
  `,
  run: (context, options, args) =>
    forEachName(context, args, async (container) => {
      await context.api.done("POST", `${path(container)}/kill`, {
        query: { signal: options.text("signal") || undefined },
      });
      return container;
    }),
});

const removeQuery = (options: Options) => ({
  force: options.flag("force"),
  link: options.flag("link"),
  v: options.flag("volumes"),
});

export const rm = command("rm", {
  aliases: ["remove"],
  use: "[OPTIONS] CONTAINER [CONTAINER...]",
  short: "Remove one or more containers",
  arity: atLeast(1),
  completes: "containers",
  options: `
    -f, --force    Force the removal of a running container (uses SIGKILL)
    -l, --link     Remove the specified link
    -v, --volumes  Remove anonymous volumes associated with the container
  `,
  run: async (context, options, args) => {
    const failures: string[] = [];
    let failed = false;
    for (const name of args) {
      // A slash before the name is how the API's lists show it.
      const container = name.replace(/^\/+/, "");
      try {
        if (container === "") throw new CliFailure("Container name cannot be empty");
        await context.api.done("DELETE", path(container), { query: removeQuery(options) });
        await context.out(`${name}\n`);
      } catch (thrown) {
        if (!(thrown instanceof CliFailure) || thrown.name === "Exit") throw thrown;
        failures.push(thrown.message);
        // With --force, what is not there is as it should be.
        failed ||= !(options.flag("force") && thrown instanceof EngineFailure && thrown.httpStatus === HTTP_NOT_FOUND);
      }
    }
    if (failures.length > 0) throw new CliFailure(failures.join("\n"), failed ? 1 : 0);
  },
});
