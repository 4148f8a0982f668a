import type { EventMessage } from "../../protocol/docker";
import { filtersQuery } from "../api";
import { command, none } from "../command";
import { CliFailure } from "../failure";
import { timestampOf } from "../instant";
import { jsonLines } from "../stream/progress";
import { OBJECT_FORMAT } from "./formats";
import { compileObjectTemplate } from "./inspect-format";

/** Go's RFC3339Nano, with all nine digits. */
const instantOf = ({ time, timeNano }: EventMessage): string => {
  const nanos = timeNano ? BigInt(Math.round((timeNano - time * 1e9) / 1)) : 0n;
  const seconds = timeNano ? Math.floor(timeNano / 1e9) : time;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(nanos < 0n ? 0n : nanos % 1_000_000_000n).padStart(9, "0")}Z`;
};

const line = (event: EventMessage): string => {
  const attributes = Object.entries(event.Actor.Attributes ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort();
  const details = attributes.length > 0 ? ` (${attributes.join(", ")})` : "";
  return `${instantOf(event)} ${event.Type} ${event.Action} ${event.Actor.ID}${details}\n`;
};

/** The names that Docker's templates know besides those of the JSON. */
const templateView = (event: EventMessage) => ({
  Status: event.status ?? "",
  ID: event.id ?? "",
  From: event.from ?? "",
  Type: event.Type,
  Action: event.Action,
  Actor: event.Actor,
  Scope: event.scope,
  Time: event.time,
  TimeNano: event.timeNano,
});

const compileEventTemplate = (format: string) => {
  try {
    return compileObjectTemplate(format);
  } catch (thrown) {
    if (!(thrown instanceof CliFailure)) throw thrown;
    throw new CliFailure(thrown.message.replace("template parsing error", "Error parsing format"), thrown.status);
  }
};

export const events = command("events", {
  use: "[OPTIONS]",
  short: "Get real time events from the server",
  arity: none,
  options: `
    -f, --filter filter  Filter output based on conditions provided
    ${OBJECT_FORMAT.replace("-f, ", "")}
    --since string       Show all events created since timestamp
    --until string       Stream events until this timestamp
  `,
  run: async (context, options) => {
    const now = context.io.now();
    const format = options.text("format");
    const template = format === "" || format === "json" ? undefined : compileEventTemplate(format);
    const { body } = await context.api.stream("GET", "/events", {
      query: {
        filters: filtersQuery(options.list("filter")),
        since: timestampOf(options.text("since"), now) || undefined,
        until: timestampOf(options.text("until"), now) || undefined,
      },
      signal: context.signal,
    });
    for await (const event of jsonLines<EventMessage>(body)) {
      if (format === "json") {
        const { ID, Attributes } = event.Actor;
        const sorted = Object.fromEntries(Object.entries(Attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
        await context.out(`${JSON.stringify({ ...event, Actor: { ID, Attributes: sorted } })}\n`);
      } else await context.out(template ? `${template(templateView(event))}\n` : line(event));
    }
  },
});
