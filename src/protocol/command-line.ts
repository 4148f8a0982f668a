/**
 * The wire between `docker` in a terminal of the guest and the command line that thinks for it outside.
 *
 * Little-endian throughout. The C header is generated from this file, so it imports nothing and holds numbers, strings and
 * flat tables of numbers only. Both sides send
 *
 * | offset | size | field                                     |
 * |--------|------|-------------------------------------------|
 * | 0      | 4    | bytes that follow, this field not counted |
 * | 4      | 1    | type, `Report` or `Order`                 |
 * | 5      |      | body                                      |
 */

/** Where the command line outside can be reached. */
export const COMMAND_LINE_SOCKET = "/run/docker-cli.sock";

/** Longest message: arguments and environment of a command, or a piece of a stream. */
export const MESSAGE_MAX_BYTES = 1 << 17;

/** Most bytes of a stream in one message. */
export const PIECE_MAX_BYTES = 1 << 14;

/** What the guest's side says. */
export const Report = {
  /** First: u8 `Terminal` bits, u16 columns, u16 rows, u16 number of arguments; each of them, the directory, and each variable, ended by a NUL. */
  HELLO: 1,
  /** Bytes of standard input, asked for by `READ`; none at its end. */
  INPUT: 2,
  /** u8 number of a signal. */
  SIGNAL: 3,
  /** u16 columns, u16 rows. */
  SIZE: 4,
} as const;

/** Which of the standard streams are a terminal. */
export const Terminal = { STDIN: 1, STDOUT: 2, STDERR: 4 } as const;

/** What the guest's side is to do. */
export const Order = {
  /** Bytes for standard output. */
  OUTPUT: 1,
  /** Bytes for standard error. */
  ERRORS: 2,
  /** Read standard input once, and send what was there. */
  READ: 3,
  /** u8: 1 makes the terminal raw, 0 gives it back. */
  RAW: 4,
  /** u8 exit status. */
  EXIT: 5,
} as const;
