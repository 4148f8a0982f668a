/** Files of the guest, as the process that typed a command sees them. */
import type { Guest } from "../engine/guest";
import type { FileInfo, Files } from "../cli/io";

const KINDS: Readonly<Record<number, FileInfo["kind"]>> = { 0x4000: "directory", 0x8000: "file", 0xa000: "symlink" };
const KIND_BITS = 0xf000;
const PERMISSION_BITS = 0o7777;
const decoder = new TextDecoder();

/** @param pid of that process; its root and its mounts count, not those of the agent */
export function guestFiles(guest: Guest, pid: number): Files {
  const root = `/proc/${pid}/root`;

  /** The command's words are kept, with paths as the visitor knows them. */
  const failure = (verb: string, path: string, said: string) => {
    const reason = said.trim().split("\n").at(-1)?.split(": ").at(-1) ?? "";
    return new Error(`${verb} ${path}: ${reason === "" ? "failed" : reason.charAt(0).toLowerCase() + reason.slice(1)}`);
  };

  async function complete(verb: string, path: string, argv: string[], content?: ReadableStream<Uint8Array>) {
    const process = guest.run({ argv, stdin: content !== undefined, purpose: "docker, in its client's files" });
    const said = new Response(process.stderr).text();
    const given = new Response(process.stdout).arrayBuffer();
    // A command that stops reading says why at its end.
    if (content) await content.pipeTo(process.stdin).catch(() => {});
    const status = await process.exited;
    if (!("exitCode" in status) || status.exitCode !== 0) throw failure(verb, path, await said);
    return decoder.decode(await given);
  }

  /** What a command prints, as it comes. What fails at once rejects; what fails later fails the stream. */
  async function output(verb: string, path: string, argv: string[]): Promise<ReadableStream<Uint8Array>> {
    const process = guest.run({ argv, purpose: "docker, in its client's files" });
    const said = new Response(process.stderr).text();
    const reader = process.stdout.getReader();
    const next = async () => {
      const { done, value } = await reader.read();
      if (!done) return value;
      const status = await process.exited;
      if (!("exitCode" in status) || status.exitCode !== 0) throw failure(verb, path, await said);
      return undefined;
    };
    let first: Uint8Array | undefined = await next();
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const bytes = first ?? (await next());
          first = undefined;
          if (bytes) controller.enqueue(bytes);
          else controller.close();
        },
        cancel: () => process.cancel(),
      },
      { highWaterMark: 0 },
    );
  }

  return {
    async stat(path) {
      const { stdout, ...status } = await guest.execute({ argv: ["stat", "-L", "-c", "%f %s", root + path] });
      if (!("exitCode" in status) || status.exitCode !== 0) return undefined;
      const [mode, size] = decoder.decode(stdout).trim().split(" ");
      const bits = parseInt(mode, 16);
      return { kind: KINDS[bits & KIND_BITS] ?? "other", sizeBytes: Number(size), mode: bits & PERMISSION_BITS };
    },
    read: (path) => output("open", path, ["cat", "--", root + path]),
    async write(path, content) {
      await complete("open", path, ["sh", "-c", 'cat > "$1"', "sh", root + path], content);
    },
    async remove(path) {
      await complete("remove", path, ["rm", "--", root + path]);
    },
    tar: (path, options = {}) => {
      const archive = options.follow
        ? 'cd "$1" 2>/dev/null && exec tar -cf - . || { cd "${1%/*}/" && exec tar -chf - "./${1##*/}"; }'
        : '[ -d "$1" ] && [ ! -h "$1" ] && cd "$1" && exec tar -cf - . || { cd "${1%/*}/" && exec tar -cf - "./${1##*/}"; }';
      return output("open", path, ["sh", "-c", archive, "sh", root + path.replace(/(.)\/+$/, "$1")]);
    },
    async untar(path, archive) {
      await complete("open", path, ["tar", "-C", root + path, "-xf", "-"], archive);
    },
  };
}
