/**
 * The instructions of a Dockerfile (docs.docker.com/reference/dockerfile), as data.
 *
 * Each is generic in what stands for an argument with variables: a `Word` in a Dockerfile that was read, a plain
 * string once `expandInstruction` has put the variables in. What never has variables is a string in both.
 */
import type { Heredoc } from "./heredoc";
import type { Range } from "./source";
import type { Word } from "./word";

interface Common {
  /** From the keyword to the end of the last line, here-documents included. */
  range: Range;
  /** The instruction in one line, without comments and line continuations: the text for the history. */
  original: string;
  /** The very text of the file. */
  source: string;
}

/** What RUN, CMD and ENTRYPOINT are told: the program and its arguments, or a line for the shell. */
export type CommandLine = { form: "exec"; argv: string[] } | { form: "shell"; script: string };

export interface From<T> extends Common {
  kind: "FROM";
  /** `busybox:1.36`, `scratch`, or the name of an earlier stage. */
  image: T;
  /** `--platform` */
  platform?: T;
  /** The name after AS, in lower case. */
  name?: string;
  nameRange?: Range;
}

export interface Run extends Common {
  kind: "RUN";
  command: CommandLine;
  heredocs: Heredoc[];
}

export interface Cmd extends Common {
  kind: "CMD";
  command: CommandLine;
}

export interface Entrypoint extends Common {
  kind: "ENTRYPOINT";
  command: CommandLine;
}

export interface Shell extends Common {
  kind: "SHELL";
  argv: string[];
}

interface Transfer<T> extends Common {
  /** Paths or wildcards within the build context, the stage or the image; with ADD also URLs. */
  sources: T[];
  /** Files whose text stands in the Dockerfile. */
  heredocs: Heredoc[];
  destination: T;
  chown?: T;
  chmod?: T;
  /** `--exclude`, in the language of .dockerignore. */
  exclude: T[];
  link: boolean;
}

export interface Copy<T> extends Transfer<T> {
  kind: "COPY";
  /** `--from`: name or index of a stage, or an image. Takes no variables. */
  from?: Word;
}

export interface Add<T> extends Transfer<T> {
  kind: "ADD";
  /** `--checksum`: digest of what a URL delivers. */
  checksum?: T;
}

export interface Pair<T> {
  name: T;
  value: T;
}

export interface Env<T> extends Common {
  kind: "ENV";
  pairs: Pair<T>[];
}

export interface Label<T> extends Common {
  kind: "LABEL";
  pairs: Pair<T>[];
}

export interface Arg<T> extends Common {
  kind: "ARG";
  args: { name: T; default?: T }[];
}

export interface Workdir<T> extends Common {
  kind: "WORKDIR";
  path: T;
}

export interface User<T> extends Common {
  kind: "USER";
  user: T;
}

export interface Expose<T> extends Common {
  kind: "EXPOSE";
  /** `80`, `53/udp`, `8000-8010/tcp`. */
  ports: T[];
}

export interface Volume<T> extends Common {
  kind: "VOLUME";
  paths: T[];
}

export interface StopSignal<T> extends Common {
  kind: "STOPSIGNAL";
  signal: T;
}

export interface Healthcheck extends Common {
  kind: "HEALTHCHECK";
  /** As in an image's configuration: `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", line]`. */
  test: string[];
  /** What is left out is the engine's default. */
  intervalNs?: number;
  timeoutNs?: number;
  startPeriodNs?: number;
  startIntervalNs?: number;
  retries?: number;
}

export interface Onbuild extends Common {
  kind: "ONBUILD";
  /** What is kept in the image, to be read by `parseTrigger` when somebody builds on it. */
  expression: string;
  trigger: Instruction;
}

export interface Maintainer extends Common {
  kind: "MAINTAINER";
  author: string;
}

export type InstructionOf<T> =
  | From<T>
  | Run
  | Cmd
  | Entrypoint
  | Shell
  | Copy<T>
  | Add<T>
  | Env<T>
  | Label<T>
  | Arg<T>
  | Workdir<T>
  | User<T>
  | Expose<T>
  | Volume<T>
  | StopSignal<T>
  | Healthcheck
  | Onbuild
  | Maintainer;

export type Instruction = InstructionOf<Word>;
/** An instruction whose variables are put in. */
export type ExpandedInstruction = InstructionOf<string>;
export type InstructionKind = Instruction["kind"];

/** What a keyword may be followed by, in the words of an error. */
export const USAGE: Record<InstructionKind, string> = {
  FROM: "FROM [--platform=PLATFORM] IMAGE [AS NAME]",
  RUN: 'RUN COMMAND or RUN ["PROGRAM", "ARGUMENT"]',
  CMD: 'CMD COMMAND or CMD ["PROGRAM", "ARGUMENT"]',
  ENTRYPOINT: 'ENTRYPOINT COMMAND or ENTRYPOINT ["PROGRAM", "ARGUMENT"]',
  SHELL: 'SHELL ["PROGRAM", "ARGUMENT"]',
  COPY: "COPY [OPTIONS] SOURCE... DESTINATION",
  ADD: "ADD [OPTIONS] SOURCE... DESTINATION",
  ENV: "ENV NAME=VALUE...",
  LABEL: "LABEL NAME=VALUE...",
  ARG: "ARG NAME[=DEFAULT]...",
  WORKDIR: "WORKDIR PATH",
  USER: "USER USER[:GROUP]",
  EXPOSE: "EXPOSE PORT[/PROTOCOL]...",
  VOLUME: "VOLUME PATH...",
  STOPSIGNAL: "STOPSIGNAL SIGNAL",
  HEALTHCHECK: "HEALTHCHECK [OPTIONS] CMD COMMAND or HEALTHCHECK NONE",
  ONBUILD: "ONBUILD INSTRUCTION",
  MAINTAINER: "MAINTAINER NAME",
};

export const KEYWORDS = Object.keys(USAGE) as InstructionKind[];
