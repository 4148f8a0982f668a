/** Events of a timeline by the command that caused them: the newest command first, and what it did from its beginning. */
import { SYSTEM_GROUP, type CauseGroup, type TimelineEvent } from "../protocol/change";
import { eventText, type EventKind, type EventText } from "./event-text";

export interface TimelineRow {
  event: TimelineEvent;
  text: EventText;
}

export interface TimelineGroup {
  /** Of the group and its first event: the system's events come in several pieces. */
  key: string;
  cause: CauseGroup["cause"];
  startedAtNs: number;
  /** Oldest first, as the command did them. */
  rows: TimelineRow[];
}

/**
 * Groups, newest first, of the events of these kinds. A command's events stand together though others happened meanwhile;
 * what nobody asked for stands where it happened.
 */
export function timelineGroups(
  events: readonly TimelineEvent[],
  groups: ReadonlyMap<number, CauseGroup>,
  kinds: ReadonlySet<EventKind>,
): TimelineGroup[] {
  const found = new Map<string, TimelineGroup>();
  let piece = 0;
  let last: number | undefined;
  for (const event of events) {
    if (event.group !== last) piece = event.id;
    last = event.group;
    const text = eventText(event.change);
    if (!kinds.has(text.kind)) continue;
    const cause = groups.get(event.group);
    const key = event.group === SYSTEM_GROUP || !cause ? `system:${piece}` : String(event.group);
    let group = found.get(key);
    if (!group) {
      group = {
        key,
        cause: cause?.cause ?? { by: "system" },
        startedAtNs: cause?.startedAtNs ?? event.atNs,
        rows: [],
      };
      found.set(key, group);
    }
    group.rows.push({ event, text });
  }
  return [...found.values()].reverse();
}

/** How a command is called: what it was for, the line that was entered, else the first program that it executed. */
export function causeText({ cause, rows }: TimelineGroup): string {
  if (cause.by === "command") return cause.purpose ?? cause.command;
  if (cause.by === "system") return "without a command";
  if (cause.line) return cause.line;
  for (const { event } of rows) {
    if (event.change.type === "exec") return event.change.argv.join(" ");
  }
  return `something in terminal ${cause.terminal + 1}`;
}

/** True when the cause is called by what was entered, and not by what it was for. */
export function isCommandLine(cause: TimelineGroup["cause"]): boolean {
  return cause.by === "terminal" || (cause.by === "command" && cause.purpose === undefined);
}
