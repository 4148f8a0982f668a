/** Exit statuses as Docker gives them: https://docs.docker.com/engine/containers/run/#exit-status */
export const EXIT_FAILURE = 1;
/** Docker itself failed, or was used wrongly. */
export const EXIT_USAGE = 125;
export const EXIT_NOT_EXECUTABLE = 126;
export const EXIT_NOT_FOUND = 127;

/** A failure that the user is told of: `message` goes to stderr as it is, and the command ends with `status`. */
export class CliFailure extends Error {
  override readonly name: string = "CliFailure";
  readonly status: number;
  constructor(message: string, status = EXIT_FAILURE) {
    super(message);
    this.status = status;
  }
}

/** What the engine refused: its message, by Docker's wording, and the HTTP status. */
export class EngineFailure extends CliFailure {
  override readonly name = "EngineFailure";
  readonly httpStatus: number;
  /** Without the prefix. */
  readonly reason: string;
  constructor(reason: string, httpStatus: number) {
    super(`Error response from daemon: ${reason}`);
    this.reason = reason;
    this.httpStatus = httpStatus;
  }
}

/** The command is over with this status and has said all it had to say. */
export class Exit extends CliFailure {
  override readonly name = "Exit";
  constructor(status: number) {
    super("", status);
  }
}

/** The words of whatever was thrown. */
export const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
