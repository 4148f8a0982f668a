/** How a lesson's script is run in the guest, and what its end means. */
import type { RunRequest, RunResult } from "../protocol/machine";
import type { Effect } from "./player";

/** A script as the player asks for it. */
type Script = Pick<Extract<Effect, { kind: "script" }>, "script" | "seconds" | "purpose">;

const PURPOSES = {
  start: "the lesson prepares its machine",
  setup: "the lesson prepares this step",
  cleanup: "the lesson clears away",
  check: "the lesson checks",
};

/** As root, by `sh -e`, ended after `seconds`. */
export function scriptRequest({ script, seconds, purpose }: Script): RunRequest {
  return { argv: ["timeout", "-s", "KILL", String(seconds), "sh", "-e", "-c", script], purpose: PURPOSES[purpose] };
}

/** Why it failed, in a few words; undefined when it did not. */
export function scriptFailure(result: RunResult): string | undefined {
  if ("exitCode" in result && result.exitCode === 0) return undefined;
  const said = new TextDecoder().decode(result.stderr).trim().slice(-200);
  const how = "exitCode" in result ? `exit code ${result.exitCode}` : `signal ${result.signal}`;
  return said ? `${how}: ${said}` : how;
}
