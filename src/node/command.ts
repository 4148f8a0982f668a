/** What every `glassbox` command is. */

/** What a command takes from its surroundings. */
export interface Surroundings {
  /** Path of the machine's manifest, built first if need be. */
  manifest(): Promise<string>;
  /** Folder with the registry of the library's images, built first if need be: `v2/…`. */
  registry(): Promise<string>;
}

/** The user typed something that cannot be meant; `message` says what to type instead. */
export class UsageError extends Error {}

/** Runs with the arguments after its name; resolves to the exit code. */
export type Command = (args: string[], surroundings: Surroundings) => Promise<number>;
