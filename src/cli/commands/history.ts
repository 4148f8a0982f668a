import type { ImageHistoryEntry } from "../../protocol/docker";
import { segment } from "../api";
import { command, exactly } from "../command";
import { humanDuration } from "../duration";
import { printList } from "../list-format";
import { humanSize } from "../size";
import { row } from "../template/value";
import { ellipsis, shortId } from "../text";
import { LIST_FORMAT } from "./formats";

const CREATED_BY_COLUMNS = 45;

export const history = command("history", {
  use: "[OPTIONS] IMAGE",
  short: "Show the history of an image",
  arity: exactly(1),
  completes: "images",
  options: `
    ${LIST_FORMAT}
    -H, --human  Print sizes and dates in human readable format (default true)
    --no-trunc   Don't truncate output
    -q, --quiet  Only show image IDs
  `,
  run: async (context, options, [image]) => {
    const entries = await context.api.json<ImageHistoryEntry[]>("GET", `/images/${segment(image)}/history`);
    const human = options.flag("human");
    const trunc = !options.flag("no-trunc");
    const format = options.text("format");
    const isTable = format === "" || format.startsWith("table");
    await printList(context, {
      format: options.flag("quiet") && isTable ? "{{.ID}}" : format,
      table: `{{.ID}}\t${human ? "{{.CreatedSince}}" : "{{.CreatedAt}}"}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`,
      headers: {
        ID: "IMAGE",
        CreatedSince: "CREATED",
        CreatedAt: "CREATED AT",
        CreatedBy: "CREATED BY",
        Size: "SIZE",
        Comment: "COMMENT",
      },
      rows: entries.map((entry) => {
        const createdBy = entry.CreatedBy.replaceAll("\t", " ");
        return row("*formatter.historyContext", {
          Comment: entry.Comment,
          CreatedAt: new Date(entry.Created * 1000).toISOString().replace(".000Z", "Z"),
          CreatedBy: trunc ? ellipsis(createdBy, CREATED_BY_COLUMNS) : createdBy,
          CreatedSince: `${humanDuration(Math.floor(context.io.now() / 1000) - entry.Created)} ago`,
          ID: trunc ? shortId(entry.Id) : entry.Id,
          Size: human ? humanSize(entry.Size, 3) : String(entry.Size),
        });
      }),
    });
  },
});
