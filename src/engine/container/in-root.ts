/** Programs of the guest that work on a container's files, with the container's root as theirs. */
import type { RunRequest } from "../../protocol/machine";
import type { Process } from "../../agent/process";
import { ApiError } from "../api/error";

/** Most bytes of what a program says that are kept. */
const MESSAGE_MAX_BYTES = 4096;

/**
 * A command of the guest's busybox that sees `root` as `/`. No path of its arguments leads out of there, whatever links the
 * container made; and nothing of the container is executed. busybox is found by the working directory, which stays
 * outside: the container need not have one.
 */
export function inRoot(root: string, argv: readonly string[], purpose: string): RunRequest {
  return {
    // nsenter wants a namespace to be named; the one it is in costs nothing.
    argv: ["nsenter", "--uts=/proc/self/ns/uts", `--root=${root}`, "./busybox", ...argv],
    cwd: "/bin",
    purpose,
  };
}

/** What a program says on its error output, as far as it is kept, when it has ended. */
export async function complaint(process: Process): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of process.stderr)
    if (text.length < MESSAGE_MAX_BYTES) text += decoder.decode(bytes, { stream: true });
  return text.trim();
}

/** Reads what nobody wants to know: a pipe that is closed kills who writes to it. */
export function ignore(stream: ReadableStream<Uint8Array>) {
  void (async () => {
    for await (const bytes of stream) void bytes;
  })().catch(() => {});
}

/**
 * All that a program prints.
 * @throws ApiError 500 when it is more than `maxBytes`; the program is ended then
 */
export async function printed(process: Process, maxBytes: number): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of process.stdout) {
    size += bytes.length;
    if (size > maxBytes) {
      process.cancel();
      throw new ApiError(500, `a list of files is longer than ${maxBytes} bytes`);
    }
    pieces.push(bytes);
  }
  return pieces;
}
