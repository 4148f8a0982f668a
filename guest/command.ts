/** Runs one program to its end, its output kept in a log and its last line shown as progress. */
import { spawn } from "node:child_process";
import { appendFile } from "node:fs/promises";

/** How a program is run. */
export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** File that all output is appended to. */
  log?: string;
  /** Hears each line of output as it comes. */
  online?: (line: string) => void;
}

const TAIL_LINES = 30;

/**
 * @param argv the program and its arguments; no shell is involved.
 * @returns what it wrote to standard output.
 * @throws Error with the last lines of output when it cannot be started or its status is not 0.
 */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [program, ...args] = argv;
  const { cwd, env, log, online } = options;
  if (log) await appendFile(log, `\n$ ${argv.join(" ")}\n`);
  const child = spawn(program, args, { cwd, env: env ?? process.env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const tail: string[] = [];
  const logged: Promise<void>[] = [];
  const hear = (stream: NodeJS.ReadableStream, keep: boolean) => {
    let partial = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      if (keep) output += text;
      if (log) logged.push(appendFile(log, text));
      const lines = (partial + text).split("\n");
      partial = lines.pop()!;
      for (const line of lines) {
        tail.push(line);
        if (tail.length > TAIL_LINES) tail.shift();
        online?.(line);
      }
    });
  };
  hear(child.stdout, true);
  hear(child.stderr, false);
  const status = await new Promise<number | string>((resolve, reject) => {
    child.on("error", (error) => reject(new Error(`${program} could not be started: ${error.message}`)));
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  await Promise.all(logged);
  if (status !== 0) {
    const where = log ? ` Everything it wrote is in ${log}.` : "";
    throw new Error(`${argv.slice(0, 6).join(" ")} … ended with ${status}.${where}\n${tail.join("\n")}`);
  }
  return output;
}
