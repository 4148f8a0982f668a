/** `frame.h`: the wire's constants for the C side, generated so that the two cannot disagree. */
import * as frame from "../../src/protocol/frame";

/** `FrameType` -> `FRAME_`, `RunFlag` -> `RUN_FLAG_`; the other tables follow by the same rule. */
const TABLES = {
  FrameType: "FRAME",
  RunFlag: "RUN_FLAG",
  Family: "FAMILY",
  ListenFlag: "LISTEN_FLAG",
  KillTarget: "KILL",
  ExitKind: "EXIT",
  Protection: "PROTECTION",
  ErrorCode: "ERROR",
} as const;

/**
 * Text of the header: every number and string exported by `src/protocol/frame.ts`, as `#define`s.
 *
 * @throws Error when a table of numbers has no prefix here, so that none is left out silently.
 */
export function frameHeader(): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(frame)) {
    if (typeof value === "number") lines.push(`#define ${name} ${cNumber(value)}`);
    else if (typeof value === "string") lines.push(`#define ${name} ${JSON.stringify(value)}`);
    else if (isTable(value)) {
      const prefix = (TABLES as Record<string, string>)[name];
      if (!prefix) throw new Error(`frame.ts: the table ${name} has no prefix in guest/agent/constants.ts`);
      for (const [entry, number] of Object.entries(value)) lines.push(`#define ${prefix}_${entry} ${cNumber(number)}`);
    }
  }
  return ["/* Generated from src/protocol/frame.ts. */", "#pragma once", ...lines.sort(), ""].join("\n");
}

function cNumber(value: number): string {
  return value > 0x7fffffff ? `0x${value.toString(16)}u` : String(value);
}

function isTable(value: unknown): value is Record<string, number> {
  return (
    typeof value === "object" && value !== null && Object.values(value).every((entry) => typeof entry === "number")
  );
}
