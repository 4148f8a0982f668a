/** COPY and ADD. */
import { fail, missing, parseJson, type Arguments, type Details } from "./arguments";
import type { Add, Copy } from "./instruction";
import { splitAtBlanks, wordOf, type Span, type Word } from "./word";

export function parseTransfer<K extends "COPY" | "ADD">(
  args: Arguments,
  kind: K,
): Details<Copy<Word>> | Details<Add<Word>> | undefined {
  const { flags, rest, context } = args;
  const json = parseJson(args);
  if (json === "refused") return undefined;
  const placed = json ? [] : context.readHeredocs(rest);
  const written = splitAtBlanks(rest).filter(({ start }) => !placed.some(({ span }) => covers(span, start)));
  const words = json ?? written.map(wordOf);
  const count = words.length + placed.length;
  if (count < 2) return missing(args, count === 0 ? "a source and a destination" : "a destination after the source");
  const last = placed.at(-1);
  if (last && last.span.start > (written.at(-1)?.start ?? -1)) {
    const message = `A here-document can be a source of ${kind}, but not its destination: write the path last.`;
    context.problems.error("bad-heredoc", last.heredoc.range, message, { expected: "a destination" });
    return undefined;
  }
  const transfer = {
    sources: words.slice(0, -1),
    heredocs: placed.map(({ heredoc }) => heredoc),
    destination: words[words.length - 1],
    chown: flags.value("chown"),
    chmod: flags.value("chmod"),
    exclude: flags.values("exclude"),
    link: flags.on("link"),
  };
  if (kind === "ADD") return { kind: "ADD", ...transfer, checksum: flags.value("checksum") };
  const from = flags.value("from");
  if (from?.text.includes("$")) {
    return fail(
      args,
      "bad-flag-value",
      from,
      "--from takes no variables. Begin a stage with FROM and the variable, give it a name with AS, and copy from that.",
      "name or index of a stage, or an image",
    );
  }
  return { kind: "COPY", ...transfer, from };
}

const covers = ({ start, end }: Span, offset: number): boolean => start <= offset && offset < end;
