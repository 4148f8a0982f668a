import type { ImageDeleteEntry, ImageSearchEntry, ProgressMessage } from "../../protocol/docker";
import { filtersQuery, segment } from "../api";
import { atLeast, command, exactly, none } from "../command";
import { CliFailure, EngineFailure, reasonOf } from "../failure";
import { printList } from "../list-format";
import { fullName, parseReference, withDefaultTag } from "../reference";
import { jsonLines, showProgress } from "../stream/progress";
import { row } from "../template/value";
import { ellipsis } from "../text";
import { openFile, saveStream } from "../transfer";
import { ANONYMOUS, progressColumns } from "./pull";

export const rmi = command("rm", {
  aliases: ["remove"],
  use: "[OPTIONS] IMAGE [IMAGE...]",
  short: "Remove one or more images",
  arity: atLeast(1),
  completes: "images",
  options: `
    -f, --force  Force removal of the image
    --no-prune   Do not delete untagged parents
  `,
  run: async (context, options, args) => {
    const failures: string[] = [];
    let failed = false;
    for (const name of args) {
      try {
        const entries = await context.api.json<ImageDeleteEntry[]>("DELETE", `/images/${segment(name)}`, {
          query: { force: options.flag("force"), noprune: options.flag("no-prune") },
        });
        for (const { Deleted, Untagged } of entries)
          await context.out(Deleted ? `Deleted: ${Deleted}\n` : `Untagged: ${Untagged}\n`);
      } catch (thrown) {
        if (!(thrown instanceof EngineFailure)) throw thrown;
        failures.push(thrown.message);
        failed ||= !(options.flag("force") && thrown.httpStatus === 404);
      }
    }
    if (failures.length > 0) throw new CliFailure(failures.join("\n"), failed ? 1 : 0);
  },
});

export const tag = command("tag", {
  use: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  short: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
  arity: exactly(2),
  completes: "images",
  run: async (context, _, [source, target]) => {
    const checked = (text: string) => {
      try {
        return parseReference(text);
      } catch (thrown) {
        throw new CliFailure(
          `Error parsing reference: ${JSON.stringify(text)} is not a valid repository/tag: ${reasonOf(thrown)}`,
        );
      }
    };
    // A short id is a valid name, too; a full one is not, and is for the engine to know.
    if (!/^(sha256:)?[0-9a-f]{64}$/.test(source)) checked(source);
    const reference = checked(target);
    if (reference.digest) throw new CliFailure("refusing to create a tag with a digest reference");
    await context.api.done("POST", `/images/${segment(source)}/tag`, {
      query: { repo: fullName(reference), tag: withDefaultTag(reference).tag },
    });
  },
});

export const save = command("save", {
  use: "[OPTIONS] IMAGE [IMAGE...]",
  short: "Save one or more images to a tar archive (streamed to STDOUT by default)",
  arity: atLeast(1),
  completes: "images",
  options: `
    -o, --output string  Write to a file, instead of STDOUT
  `,
  run: (context, options, args) =>
    saveStream(context, options.text("output"), "save image", async () => {
      const response = await context.api.stream("GET", "/images/get", {
        query: { names: args },
        signal: context.signal,
      });
      return response.body;
    }),
});

export const load = command("load", {
  use: "[OPTIONS]",
  short: "Load an image from a tar archive or STDIN",
  arity: none,
  options: `
    -i, --input string  Read from tar archive file, instead of STDIN
    -q, --quiet         Suppress the load output
  `,
  run: async (context, options) => {
    const input = options.text("input");
    if (input === "" && context.stdinIsTty) throw new CliFailure("requested load from stdin, but stdin is empty");
    const body = input === "" ? context.io.stdin : await openFile(context, input);
    const columns = progressColumns(context);
    const response = await context.api.stream("POST", "/images/load", {
      query: { quiet: options.flag("quiet") || columns === undefined ? "1" : "0" },
      headers: { "Content-Type": "application/x-tar" },
      body,
      signal: context.signal,
    });
    if (response.headers.get("Content-Type")?.startsWith("application/json"))
      await showProgress(response.body, { out: context.out, columns });
    else for await (const message of jsonLines<ProgressMessage>(response.body)) await context.out(message.stream ?? "");
  },
});

export const importImage = command("import", {
  use: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
  short: "Import the contents from a tarball to create a filesystem image",
  arity: atLeast(1),
  completes: "files",
  options: `
    -c, --change list    Apply Dockerfile instruction to the created image
    -m, --message string  Set commit message for imported image
    --platform string    Set platform if server is multi-platform capable
  `,
  run: async (context, options, [source, name]) => {
    const isAddress = /^https?:\/\//.test(source);
    const body = isAddress ? undefined : source === "-" ? context.io.stdin : await openFile(context, source);
    const changes = options.list("change");
    const response = await context.api.stream("POST", "/images/create", {
      query: {
        changes: changes.length > 0 ? changes : undefined,
        fromSrc: isAddress ? source : "-",
        message: options.text("message") || undefined,
        platform: options.text("platform").toLowerCase() || undefined,
        repo: name,
      },
      body,
      signal: context.signal,
    });
    await showProgress(response.body, { out: context.out, columns: progressColumns(context) });
  },
});

const DESCRIPTION_COLUMNS = 45;

export const search = command("search", {
  use: "[OPTIONS] TERM",
  short: "Search the registry for images",
  arity: exactly(1),
  options: `
    -f, --filter filter  Filter output based on conditions provided
    --format string      Show by a Go template
    --limit int          Max number of search results
    --no-trunc           Don't truncate output
  `,
  run: async (context, options, [term]) => {
    const found = await context.api.json<ImageSearchEntry[] | null>("GET", "/images/search", {
      query: {
        filters: filtersQuery(options.list("filter")),
        limit: options.number("limit") > 0 ? options.number("limit") : undefined,
        term,
      },
      headers: ANONYMOUS,
    });
    const json = /^json$|\bjson\b/.test(options.text("format"));
    await printList(context, {
      format: options.text("format"),
      table: "{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}",
      headers: { Name: "NAME", Description: "DESCRIPTION", StarCount: "STARS", IsOfficial: "OFFICIAL" },
      rows: (found ?? []).map((entry) => {
        const description = entry.description.replaceAll("\n", " ").replaceAll("\r", " ");
        return row("*formatter.searchContext", {
          Description: options.flag("no-trunc") ? description : ellipsis(description, DESCRIPTION_COLUMNS),
          IsOfficial: json ? String(entry.is_official) : entry.is_official ? "[OK]" : "",
          Name: entry.name,
          StarCount: String(entry.star_count),
        });
      }),
    });
  },
});
