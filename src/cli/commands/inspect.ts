import { segment } from "../api";
import type { Query } from "../api";
import { atLeast, command } from "../command";
import type { Command, Completion } from "../command";
import type { Context } from "../context";
import { CliFailure, EngineFailure } from "../failure";
import { OBJECT_FORMAT } from "./formats";
import { compileObjectTemplate, printInspected } from "./inspect-format";

const HTTP_NOT_FOUND = 404;

type Get = (context: Context, name: string, query?: Query) => Promise<unknown>;

const getter =
  (pathOf: (name: string) => string): Get =>
  (context, name, query) =>
    context.api.json("GET", pathOf(segment(name)), { query });

/** In the order in which `inspect` tries them. */
const KINDS: Record<string, Get> = {
  container: getter((name) => `/containers/${name}/json`),
  image: getter((name) => `/images/${name}/json`),
  network: getter((name) => `/networks/${name}`),
  volume: getter((name) => `/volumes/${name}`),
};

/** Prints what was found, and after it what was not; an empty list when there is nothing at all. */
const inspectAll = async (
  context: Context,
  format: string,
  names: string[],
  get: (name: string) => Promise<unknown>,
): Promise<void> => {
  if (format !== "" && format !== "json") compileObjectTemplate(format);
  const found: unknown[] = [];
  const failures: string[] = [];
  for (const name of names) {
    try {
      found.push(await get(name));
    } catch (thrown) {
      if (!(thrown instanceof CliFailure) || thrown.name === "Exit") throw thrown;
      failures.push(thrown.message);
    }
  }
  await printInspected(context, format, found);
  if (failures.length > 0) throw new CliFailure(failures.join("\n"));
};

export const inspect = command("inspect", {
  use: "[OPTIONS] NAME|ID [NAME|ID...]",
  short: "Return low-level information on Docker objects",
  arity: atLeast(1),
  completes: "containers",
  options: `
    ${OBJECT_FORMAT}
    -s, --size     Display total file sizes if the type is container
    --type string  Only inspect objects of the given type
  `,
  run: async (context, options, args) => {
    const type = options.text("type");
    if (options.changed("type") && !Object.hasOwn(KINDS, type))
      throw new CliFailure(
        type === ""
          ? 'type is empty: must be one of "container", "image", "network", "volume"'
          : `unknown type: ${JSON.stringify(type)}: must be one of "container", "image", "network", "volume"`,
      );
    await inspectAll(context, options.text("format"), args, async (name) => {
      for (const [kind, get] of Object.entries(KINDS)) {
        if (type !== "" && type !== kind) continue;
        try {
          return await get(context, name, kind === "container" ? { size: options.flag("size") } : undefined);
        } catch (thrown) {
          const isElsewhere = thrown instanceof EngineFailure && thrown.httpStatus === HTTP_NOT_FOUND;
          if (!isElsewhere || type !== "") throw thrown;
        }
      }
      throw new CliFailure(`Error: No such object: ${name}`);
    });
  },
});

const inspecting = (kind: string, use: string, short: string, completes: Completion, more = ""): Command =>
  command("inspect", {
    use: `[OPTIONS] ${use}`,
    short,
    arity: atLeast(1),
    completes,
    options: `
      ${OBJECT_FORMAT}
      ${more}
    `,
    run: (context, options, args) =>
      inspectAll(context, options.text("format"), args, (name) =>
        KINDS[kind](context, name, {
          ...(kind === "container" ? { size: options.flag("size") } : {}),
          ...(kind === "network" && options.flag("verbose") ? { verbose: "true" } : {}),
        }),
      ),
  });

export const containerInspect = inspecting(
  "container",
  "CONTAINER [CONTAINER...]",
  "Display detailed information on one or more containers",
  "containers",
  "-s, --size  Display total file sizes",
);
export const imageInspect = inspecting(
  "image",
  "IMAGE [IMAGE...]",
  "Display detailed information on one or more images",
  "images",
);
export const networkInspect = inspecting(
  "network",
  "NETWORK [NETWORK...]",
  "Display detailed information on one or more networks",
  "networks",
  "-v, --verbose  Verbose output for diagnostics",
);
export const volumeInspect = inspecting(
  "volume",
  "VOLUME [VOLUME...]",
  "Display detailed information on one or more volumes",
  "volumes",
);
