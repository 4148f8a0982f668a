import { ERROR_NAMES } from "../protocol/frame";

/**
 * Why something asked of the agent did not happen.
 *
 * `code` is a name of `ErrorCode` in `protocol/frame.ts` (`exec`, `fork`, `socket` …) when the agent said so, or one of:
 * - `reset`: the agent was reset while the call was pending
 * - `lost`: the agent restarted, or what it sent could not be understood
 * - `not-ready`: no reset has succeeded yet
 * - `cancelled`: this side gave the stream up
 * - `closed`: the other side reads no more
 * - `bad-request`: the request cannot be sent as it is
 */
export class AgentError extends Error {
  override readonly name = "AgentError";
  readonly code: string;
  /** Errno of Linux, 0 when there is none: 2 for ENOENT, 11 for EAGAIN. */
  readonly errno: number;

  constructor(code: string, message: string, errno = 0) {
    super(message);
    this.code = code;
    this.errno = errno;
  }

  /** From the fields of an `ERROR` frame. */
  static received(code: number, errno: number, message: string): AgentError {
    return new AgentError(ERROR_NAMES[code] ?? `code-${code}`, message, errno);
  }
}
