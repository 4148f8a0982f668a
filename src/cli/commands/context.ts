import { atLeast, command, none } from "../command";
import { CliFailure } from "../failure";
import { printList } from "../list-format";
import { row } from "../template/value";
import { printInspected } from "./inspect-format";

const DESCRIPTION = "The engine beside this terminal";
const ENDPOINT = "unix:///var/run/docker.sock";

export const contextLs = command("ls", {
  aliases: ["list"],
  use: "[OPTIONS]",
  short: "List contexts",
  arity: none,
  options: `
    --format string  Show by a template: 'table', 'table TEMPLATE', 'json', or a Go template
    -q, --quiet      Only show context names
  `,
  run: async (context, options) => {
    if (options.flag("quiet")) {
      await context.out("default\n");
      return;
    }
    await printList(context, {
      format: options.text("format"),
      table: "{{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}",
      headers: {
        Name: "NAME",
        Description: "DESCRIPTION",
        DockerEndpoint: "DOCKER ENDPOINT",
        Error: "ERROR",
        Current: false,
      },
      rows: [
        row("*formatter.clientContextContext", {
          Name: "default",
          Description: DESCRIPTION,
          DockerEndpoint: ENDPOINT,
          Error: "",
          Current: true,
        }),
      ],
    });
  },
});

export const contextShow = command("show", {
  short: "Print the name of the current context",
  arity: none,
  run: (context) => context.out("default\n"),
});

export const contextInspect = command("inspect", {
  use: "[OPTIONS] [CONTEXT] [CONTEXT...]",
  short: "Display detailed information on one or more contexts",
  arity: atLeast(0),
  options: `
    -f, --format string  Show by a template: 'json' or a Go template
  `,
  run: async (context, options, args) => {
    const unknown = args.find((name) => name !== "default");
    if (unknown !== undefined) throw new CliFailure(`context ${JSON.stringify(unknown)}: context not found`);
    await printInspected(context, options.text("format"), [
      {
        Name: "default",
        Metadata: { Description: DESCRIPTION },
        Endpoints: { docker: { Host: ENDPOINT, SkipTLSVerify: false } },
      },
    ]);
  },
});
