import type { ContainerInspect } from "../../protocol/docker";
import { segment } from "../api";
import { command, exactly } from "../command";
import { CliFailure, reasonOf } from "../failure";
import { timestampOf } from "../instant";
import { demultiplex } from "../stream/demultiplex";
import { copyTo } from "../transfer";

export const logs = command("logs", {
  use: "[OPTIONS] CONTAINER",
  short: "Fetch the logs of a container",
  arity: exactly(1),
  completes: "containers",
  options: `
    --details         Show extra details provided to logs
    -f, --follow      Follow log output
    --since string    Show logs since an instant ("2013-01-02T13:23:37Z") or an age ("42m" for 42 minutes)
    -n, --tail string  Number of lines to show from the end of the logs (default "all")
    -t, --timestamps  Show timestamps
    --until string    Show logs before an instant ("2013-01-02T13:23:37Z") or an age ("42m" for 42 minutes)
  `,
  run: async (context, options, [name]) => {
    const now = context.io.now();
    const container = await context.api.json<ContainerInspect>("GET", `/containers/${segment(name)}/json`);
    const instant = (name: "since" | "until"): string | undefined => {
      try {
        return timestampOf(options.text(name), now) || undefined;
      } catch (thrown) {
        throw new CliFailure(`invalid value for "${name}": ${reasonOf(thrown)}`);
      }
    };
    const { body } = await context.api.stream("GET", `/containers/${segment(container.Id)}/logs`, {
      query: {
        details: options.flag("details"),
        follow: options.flag("follow"),
        since: instant("since"),
        stderr: true,
        stdout: true,
        tail: options.text("tail"),
        timestamps: options.flag("timestamps"),
        until: instant("until"),
      },
      signal: context.signal,
    });
    if (container.Config.Tty) await copyTo(body, context.out);
    else await demultiplex(body, context.out, context.err);
  },
});
