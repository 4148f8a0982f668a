/** A terminal, as the command line sees it. Sizes in characters. */
export interface Tty {
  readonly cols: number;
  readonly rows: number;
  /** Which of the three streams are this terminal; absent means yes. */
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /** Calls `listener` after each change of size, until what it returned is called. */
  onresize(listener: () => void): () => void;
  /** Raw mode: no echo, no line editing, no signals from keys. */
  raw(on: boolean): void | Promise<void>;
}

/** The answer to a request that asked for a raw stream. With a status other than 101, `readable` is a plain body. */
export interface Upgraded {
  readonly status: number;
  readonly headers: Headers;
  readonly readable: ReadableStream<Uint8Array>;
  /** Closing it closes the sending half alone. */
  readonly writable: WritableStream<Uint8Array>;
}

export interface FileInfo {
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly sizeBytes: number;
  /** Permission bits. */
  readonly mode: number;
}

/**
 * Files where the command was typed. Paths are absolute. A failure rejects with an `Error` whose message reads as the
 * operating system's: `open /x: no such file or directory`.
 */
export interface Files {
  /** What is there, links followed; undefined when nothing is. */
  stat(path: string): Promise<FileInfo | undefined>;
  read(path: string): Promise<ReadableStream<Uint8Array>>;
  /** Creates or replaces a file; the parent has to be there. */
  write(path: string, content: ReadableStream<Uint8Array>): Promise<void>;
  /** Removes one file. */
  remove(path: string): Promise<void>;
  /**
   * A tar of `path`: a directory with all below it, named relative to it (`./` optional), or one file by its last name.
   * Links are kept as links, unless `follow` asks for what the path itself points to.
   */
  tar(path: string, options?: { follow?: boolean }): Promise<ReadableStream<Uint8Array>>;
  /** Unpacks a tar into a directory that is there. */
  untar(path: string, archive: ReadableStream<Uint8Array>): Promise<void>;
}

/** All that the command line knows of the world. */
export interface Cli {
  /** Asks the engine; addresses begin with `http://docker/`. */
  fetch(request: Request): Promise<Response>;
  /**
   * Asks the engine for `101 UPGRADED` and a raw stream. A body, if there is one, is sent first. Over HTTP, `Connection: Upgrade`
   * and `Upgrade: tcp` are added here: a `Request` cannot carry them in a browser. Aborting the
   * request's signal ends both directions.
   */
  upgrade(request: Request): Promise<Upgraded>;
  readonly stdin: ReadableStream<Uint8Array>;
  readonly stdout: WritableStream<Uint8Array>;
  readonly stderr: WritableStream<Uint8Array>;
  /** Absent when none of the three streams is a terminal. */
  readonly tty?: Tty;
  /** Signals that arrive while the command runs: `SIGINT`, `SIGTERM`, `SIGHUP`, `SIGQUIT`, `SIGUSR1` … */
  readonly signals: AsyncIterable<string>;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly files: Files;
  /** Milliseconds since 1970. */
  now(): number;
}
