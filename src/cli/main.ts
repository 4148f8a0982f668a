import { createApi } from "./api";
import { checkArity } from "./command";
import type { Command } from "./command";
import type { Context } from "./context";
import { CliFailure, EXIT_FAILURE, EXIT_USAGE, reasonOf } from "./failure";
import { GLASS_OPTIONS, explainingApi, tracingApi } from "./glass";
import type { Tracing } from "./glass";
import { commandHelp, groupHelp, topHelp, usageOf } from "./help-pages";
import type { Cli } from "./io";
import { OptionError, declareOptions, parseOptions } from "./options";
import type { OptionSpec } from "./options";
import { GLOBAL_OPTIONS, findCommand } from "./tree";
import { CLIENT_VERSION } from "./commands/version";

const HELP_OPTIONS = declareOptions(`
  # -h, --help  Print usage, letter deprecated
`);

const SIGNAL_NUMBERS: Record<string, number> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 };

/** The options a command is parsed with: its own, Docker's `--help`, ours. */
const specsOf = (command: Command): OptionSpec[] => [...command.specs, ...HELP_OPTIONS, ...GLASS_OPTIONS];

const parse = (path: string, usage: string, specs: OptionSpec[], argv: string[], interspersed: boolean) => {
  try {
    return parseOptions(specs, argv, interspersed);
  } catch (thrown) {
    if (!(thrown instanceof OptionError)) throw thrown;
    throw new CliFailure(
      `${thrown.message}\n\nUsage:  ${usage}\n\nRun '${path} --help' for more information`,
      EXIT_USAGE,
    );
  }
};

const checkGlobals = (options: ReturnType<typeof parse>["options"]): void => {
  const context = options.text("context");
  if (options.list("host").length > 0 || (context !== "" && context !== "default") || options.flag("tls"))
    throw new CliFailure(
      "This command line speaks with one engine, the one beside it: leave out --host, --context and --tls.",
    );
};

const dispatch = async (argv: string[], context: Context): Promise<number> => {
  const program = context.program;
  const columns = context.io.tty?.cols;
  const top = parse(
    program,
    `${program} [OPTIONS] COMMAND [ARG...]`,
    [...GLOBAL_OPTIONS, ...HELP_OPTIONS],
    argv,
    false,
  );
  if (top.options.flag("version")) {
    await context.out(`Docker version ${CLIENT_VERSION.version}, build ${CLIENT_VERSION.commit}\n`);
    return 0;
  }
  checkGlobals(top.options);
  let words = top.args;
  let wantsHelp = top.options.flag("help");
  if (words[0] === "help") {
    wantsHelp = true;
    words = words.slice(1);
    const found = findCommand(words);
    if (words.length > 0 && !found.group && !found.command)
      throw new CliFailure(`unknown help topic: ${words.join(" ")}`);
  }
  const found = findCommand(words);
  if (!found.command && !found.group) {
    if (words.length === 0) {
      await context.out(topHelp(program, columns));
      return 0;
    }
    throw new CliFailure(
      `${program}: unknown command: ${program} ${words[0]}\n\nRun '${program} --help' for more information`,
    );
  }
  const path = [program, ...words.slice(0, found.depth)].join(" ");
  context.path = path;
  const rest = words.slice(found.depth);
  if (!found.command) {
    const usage = `${path} COMMAND`;
    const line = parse(path, usage, HELP_OPTIONS, rest, false);
    if (line.args.length > 0 && !wantsHelp)
      throw new CliFailure(
        `${program}: unknown command: ${path} ${line.args[0]}\n\nUsage:  ${path}\n\nRun '${path} --help' for more information`,
      );
    await context.out(groupHelp(path, found.group!));
    return 0;
  }
  const { command } = found;
  const usage = usageOf(path, command);
  const line = parse(path, usage, specsOf(command), rest, command.interspersed);
  const say = async (): Promise<void> => {
    for (const notice of line.notices) await context.out(`${notice}\n`);
  };
  if (wantsHelp || line.options.flag("help")) {
    await say();
    await context.out(commandHelp(program, path, command, columns));
    return 0;
  }
  checkArity(path, usage, command.arity, line.args);
  await say();

  let tracing: Tracing | undefined;
  if (line.options.flag("explain")) context.api = explainingApi(context.io, argv, context.signal, context.out);
  else if (line.options.flag("trace")) {
    tracing = tracingApi(context.io, context.signal, context.err);
    context.api = tracing.api;
  }
  try {
    return (await command.run(context, line.options, line.args)) ?? 0;
  } finally {
    await tracing?.finish();
  }
};

/** Writes to a stream of bytes; each write waits until it is taken. */
const writerOf = (stream: WritableStream<Uint8Array>) => {
  const writer = stream.getWriter();
  const encoder = new TextEncoder();
  return {
    write: (text: string | Uint8Array): Promise<void> =>
      text.length === 0 ? Promise.resolve() : writer.write(typeof text === "string" ? encoder.encode(text) : text),
    release: (): void => writer.releaseLock(),
  };
};

/** Hands signals to whoever asked for them last; `abort` gets those that nobody wants. */
const routeSignals = (signals: AsyncIterable<string>, abort: (signal: string) => void) => {
  const handlers: ((signal: string) => void)[] = [];
  const iterator = signals[Symbol.asyncIterator]();
  void (async () => {
    try {
      for (;;) {
        const { done, value } = await iterator.next();
        if (done) return;
        const handler = handlers.at(-1);
        if (handler) handler(value);
        else abort(value);
      }
    } catch {
      // A source of signals that breaks gives none.
    }
  })();
  return {
    take: (handler: (signal: string) => void): (() => void) => {
      handlers.push(handler);
      return () => {
        const at = handlers.indexOf(handler);
        if (at >= 0) handlers.splice(at, 1);
      };
    },
    stop: (): void => {
      // Not awaited: a generator answers only when its pending `next` does.
      void iterator.return?.().catch(() => undefined);
    },
  };
};

/**
 * Runs one docker command line against the engine behind `io.fetch`. `argv[0]` is the program's name as it was called, which
 * messages repeat (`docker`, `box`, a path to either). Resolves with the exit status; never rejects.
 */
export const run = async (argv: string[], io: Cli): Promise<number> => {
  const out = writerOf(io.stdout);
  const err = writerOf(io.stderr);
  const aborter = new AbortController();
  let status: number;
  let interrupted = 0;
  const signals = routeSignals(io.signals, (signal) => {
    if (!(signal in SIGNAL_NUMBERS)) return;
    interrupted = 128 + SIGNAL_NUMBERS[signal];
    aborter.abort(new CliFailure("", interrupted));
  });
  const context: Context = {
    io,
    api: createApi(io, {}, aborter.signal),
    program: argv[0]?.split("/").at(-1) || "docker",
    path: "",
    out: out.write,
    err: err.write,
    signal: aborter.signal,
    takeSignals: signals.take,
    stdinIsTty: io.tty !== undefined && io.tty.stdin !== false,
    stdoutIsTty: io.tty !== undefined && io.tty.stdout !== false,
  };
  const stopped = new Promise<never>((_, reject) => {
    aborter.signal.addEventListener("abort", () => reject(aborter.signal.reason));
  });
  stopped.catch(() => undefined);
  try {
    status = await Promise.race([dispatch(argv.slice(1), context), stopped]);
  } catch (thrown) {
    if (interrupted > 0) status = interrupted;
    else {
      const message = reasonOf(thrown);
      status = thrown instanceof CliFailure ? thrown.status : EXIT_FAILURE;
      // Nobody may be left to read it.
      if (message !== "") await err.write(`${message}\n`).catch(() => undefined);
    }
  } finally {
    signals.stop();
    // Nobody is left to read what is still on its way.
    aborter.abort(new CliFailure(""));
    out.release();
    err.release();
  }
  return status;
};
