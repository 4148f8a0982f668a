import type { ProgressDetail, ProgressMessage } from "../../protocol/docker";
import { CliFailure } from "../failure";
import { humanSize } from "../size";

/** Longest line of a progress stream. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** From this width on a bar is drawn. */
const BAR_COLUMNS = 110;
const BAR_LENGTH = 50;

/** Reads a stream of JSON values that follow each other line by line; empty lines are nothing. */
export async function* jsonLines<T>(body: ReadableStream<Uint8Array> | null): AsyncGenerator<T> {
  if (!body) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split("\n");
      rest = done ? "" : (lines.pop() ?? "");
      if (rest.length > MAX_LINE_BYTES)
        throw new CliFailure(`the engine sent a line of more than ${MAX_LINE_BYTES} bytes`);
      for (const line of lines) if (line.trim() !== "") yield parseLine<T>(line);
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

const parseLine = <T>(line: string): T => {
  try {
    return JSON.parse(line) as T;
  } catch {
    throw new CliFailure(`the engine sent what is not JSON: ${line.slice(0, 80)}`);
  }
};

/** `[====>    ]  1.2MB/12MB`, as wide as the terminal lets it. */
export const progressBar = ({ current = 0, total = 0, hidecounts, units }: ProgressDetail, columns: number): string => {
  if (current <= 0 && total <= 0) return "";
  if (total <= 0) return units ? `${current} ${units}` : humanSize(current).padStart(8);
  const filled = Math.min(BAR_LENGTH, Math.trunc(Math.trunc((current / total) * 100) / 2));
  const bar = columns > BAR_COLUMNS ? `[${"=".repeat(filled)}>${" ".repeat(BAR_LENGTH - filled)}] ` : "";
  if (hidecounts) return bar;
  if (units) return `${bar}${current > total ? `${current} ${units}` : `${current}/${total} ${units}`}`;
  const done = humanSize(current).padStart(8);
  return `${bar}${current > total ? done : `${done}/${humanSize(total)}`}`;
};

export interface ProgressOptions {
  out(text: string): Promise<void>;
  /** The terminal's width; absent for no terminal, where only what lasts is printed. */
  columns?: number;
  /** Gets what is meant for programs. */
  aux?: (value: Record<string, unknown>) => void;
}

/**
 * Shows a stream of progress messages as Docker does: on a terminal one line a layer, kept up to date; else a line for each
 * message that is no mere count. Rejects with the engine's words when a message is an error.
 */
export const showProgress = async (
  body: ReadableStream<Uint8Array> | null,
  options: ProgressOptions,
): Promise<void> => {
  const terminal = options.columns !== undefined;
  const places = new Map<string, number>();
  for await (const message of jsonLines<ProgressMessage>(body)) {
    if (message.aux) {
      options.aux?.(message.aux as Record<string, unknown>);
      continue;
    }
    let up = 0;
    let text = "";
    const detail = message.progressDetail;
    if (message.id && (detail || message.progress)) {
      if (!places.has(message.id)) {
        places.set(message.id, places.size);
        if (terminal) text += "\n";
      }
      up = places.size - (places.get(message.id) ?? 0);
      if (terminal) text += `\x1b[${up}A`;
    } else places.clear();
    if (message.error || message.errorDetail) {
      await options.out(text);
      throw new CliFailure(message.errorDetail?.message || message.error || "the engine failed");
    }
    text += messageText(message, options.columns);
    if (message.id && terminal && up > 0) text += `\x1b[${up}B`;
    await options.out(text);
  }
};

const messageText = (message: ProgressMessage, columns: number | undefined): string => {
  const detail = message.progressDetail;
  const bar = detail ? progressBar(detail, columns ?? 200) : "";
  let end = "";
  let text = "";
  if (columns !== undefined && !message.stream && detail) {
    end = "\r";
    text += `\x1b[2K${end}`;
  } else if (bar !== "") return "";
  if (message.id) text += `${message.id}: `;
  if (detail && columns !== undefined) return `${text}${message.status ?? ""} ${bar}${end}`;
  if (message.progress) return `${text}${message.status ?? ""} ${message.progress}${end}`;
  if (message.stream) return `${text}${message.stream}${end}`;
  return `${text}${message.status ?? ""}${end}\n`;
};
