import type { Context } from "./context";
import { CliFailure, reasonOf } from "./failure";

/** An absolute path, seen from where the command was typed; `.` and `..` are taken out. */
export const absolutePath = (cwd: string, path: string): string => {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${cwd}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
};

/** Writes a stream to where text goes; nothing is held longer than a chunk. */
export const copyTo = async (
  body: ReadableStream<Uint8Array> | null,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<void> => {
  if (!body) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      await write(value);
    }
  } catch (thrown) {
    await reader.cancel(thrown).catch(() => undefined);
    throw thrown;
  }
};

/** Puts an archive into a file, or to stdout when no file is named: never to a terminal. */
export const saveStream = async (
  context: Context,
  output: string,
  what: string,
  open: () => Promise<ReadableStream<Uint8Array> | null>,
): Promise<void> => {
  if (output === "") {
    if (context.stdoutIsTty)
      throw new CliFailure("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    await copyTo(await open(), context.out);
    return;
  }
  const path = absolutePath(context.io.cwd, output);
  const parent = output.includes("/") ? output.slice(0, output.lastIndexOf("/")) || "/" : ".";
  if (!(await context.io.files.stat(absolutePath(context.io.cwd, parent))))
    throw new CliFailure(`failed to ${what}: invalid output path: stat ${parent}: no such file or directory`);
  if ((await context.io.files.stat(path))?.kind === "directory")
    throw new CliFailure(`failed to ${what}: cannot write to a directory`);
  const body = await open();
  await context.io.files.write(path, body ?? new ReadableStream({ start: (controller) => controller.close() }));
};

/** Reads a file of the user's; a failure is told as the system words it. */
export const openFile = async (context: Context, name: string): Promise<ReadableStream<Uint8Array>> => {
  try {
    return await context.io.files.read(absolutePath(context.io.cwd, name));
  } catch (thrown) {
    // The path as it was typed, and the system's word for what is wrong with it.
    throw new CliFailure(`open ${name}: ${reasonOf(thrown).split(": ").at(-1)}`);
  }
};
