/**
 * The wire between the host and the in-guest agent: frames over one byte channel (`/dev/hvc3`).
 *
 * A frame is an 8-byte header and a payload, little-endian throughout:
 *
 * | offset | size | field                                                        |
 * |--------|------|--------------------------------------------------------------|
 * | 0      | 1    | type, `FrameType`                                            |
 * | 1      | 1    | channel: 0 towards the guest, 1 and 2 towards the host       |
 * | 2      | 2    | length of the payload in bytes                               |
 * | 4      | 4    | stream, or id of the request a reply answers; 0 for the link |
 *
 * A zero byte where a header should begin is padding. `RESYNC_BYTES` zeros therefore end any frame that was cut short,
 * whatever was lost before: that is how a reset is recognised in any state without escaping a single data byte.
 *
 * Text is UTF-8 without NUL; a list of texts is NUL-terminated. The agent's C header is generated from this file, so it
 * imports nothing and holds numbers, strings and flat tables of numbers only.
 */

/** Counts up with every change that an older peer would misread. */
export const PROTOCOL_VERSION = 1;

export const HEADER_BYTES = 8;

/** Most bytes one input event may carry: v86 truncates console input to the guest's buffer, one page. */
export const CHUNK_BYTES = 4096;

/** Longest payload: a whole frame and a `SYNC` behind it still fit one chunk. */
export const MAX_PAYLOAD_BYTES = CHUNK_BYTES - 2 * HEADER_BYTES;

/** Zeros sent before `RESET` and `HELLO`: more than the rest of any frame. */
export const RESYNC_BYTES = 4096;

/** Zeros in a row that end the skipping of an over-long frame: `RESYNC_BYTES` less a header that they may have completed. */
export const RESYNC_RUN_BYTES = RESYNC_BYTES - HEADER_BYTES;

/**
 * Chunks that may be on their way to the guest unacknowledged. v86 drops input when the guest has no buffer queued; Linux
 * queues 16 per console port (`drivers/char/virtio_console.c`, `fill_queue`), and a reset must fit beside a full window.
 */
export const WINDOW_CHUNKS = 8;

/** Streams open at once: processes, connections and listeners together. */
export const STREAM_SLOTS = 96;

/** Slots that accepted connections leave free, so that the host can always run something. */
export const RESERVED_SLOTS = 16;

/** Bytes the host may send on a stream before the agent grants more. */
export const STREAM_WINDOW_BYTES = 16384;

/** Longest `RUN` request, all its frames together: the kernel's bound on one argument (`MAX_ARG_STRLEN`). */
export const MAX_REQUEST_BYTES = 131072;

/** Most arguments, and most environment variables, of one request. */
export const MAX_STRINGS = 1024;

export const NONCE_BYTES = 16;

/** Most entropy in one `RESEED`. */
export const MAX_ENTROPY_BYTES = 512;

/** Stream ids from here up are chosen by the agent (accepted connections), below by the host. Each side's only grow. */
export const AGENT_STREAMS = 0x80000000;

/** What a command's environment starts from; the agent holds it, so that a short request is a short frame. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
export const DEFAULT_HOME = "/root";
export const DEFAULT_TERM = "xterm-256color";

/** Host to agent below 16, both ways from 16, agent to host from 32. */
export const FrameType = {
  /** One byte of padding; never has a header. */
  PADDING: 0,
  /** nonce. Drop everything, answer `HELLO` with the same nonce. */
  RESET: 1,
  /** Acknowledge at once. */
  SYNC: 2,
  /** `RunRequest`, see `codec.ts`. Channel 1 says that another `RUN` frame of the same request follows. */
  RUN: 3,
  /** u8 family, u8 0, u16 port, u32 credit, text address. */
  CONNECT: 4,
  /** u8 family, u8 flags, u16 port, u16 mode, u16 backlog, u32 credit of each connection, text address. */
  LISTEN: 5,
  /** u16 cols, u16 rows. */
  RESIZE: 6,
  /** u8 signal, u8 `KillTarget`. */
  KILL: 7,
  /** The host has lost interest: a running process group is killed, a socket or listener closed. No answer. */
  CLOSE: 8,
  /** u32 low, u32 high of nanoseconds since 1970. Answered `DONE`. */
  CLOCK: 9,
  /** Random bytes, credited in full. Answered `DONE`. */
  RESEED: 10,
  /** u8 signal, sent to every process but init and the agent. Answered `DONE`. */
  KILL_ALL: 11,
  /** Bytes of the channel; each byte spends one credit. */
  DATA: 16,
  /** From the sending side: no more bytes. From the receiving side: no more bytes wanted. */
  END: 17,
  /** u32: that many more bytes may be sent on the channel. */
  CREDIT: 18,
  /** nonce, u16 version, u16 longest payload, u16 slots, u16 `Protection` bits, u32 window, u32 longest request, u32 pid. */
  HELLO: 32,
  /**
   * u32: bytes read from the device since `RESET`; u32: bytes of the frames sent since `HELLO`, with it and without this
   * one; both modulo 2^32. The second shows a loss: Linux throws console output away when it has no memory for it
   * (`hvc_push` in drivers/tty/hvc/hvc_console.c).
   */
  ACK: 33,
  /** u32 pid. The command was executed. */
  STARTED: 34,
  /** u8 kind (`ExitKind`), u8 code, u16 0, u32 stdout and u32 stderr bytes it left to be sent (`UNTIL_END`: until `END`). */
  EXIT: 35,
  /** u16 port. Connected, or listening. */
  OPENED: 36,
  /** On a new stream. u32 listener, u32 pid, u32 uid, u32 gid of a Unix peer (`UNKNOWN_ID` otherwise), u16 port, text address. */
  ACCEPTED: 37,
  /** The request named by the stream field was carried out. */
  DONE: 38,
  /** u16 `ErrorCode`, u16 errno, u8 type of the offending frame, u8 1 when the stream is gone, text message. */
  ERROR: 39,
} as const;

export const RunFlag = {
  /** Give the command a terminal of `cols` x `rows`. */
  PTY: 1,
  /** Keep its standard input open; otherwise it reads end of file at once. */
  STDIN: 2,
  /** Change to the given uid and gid; otherwise the agent's own stay. */
  USER: 4,
} as const;

export const Family = { UNIX: 0, TCP: 1 } as const;

export const ListenFlag = {
  /** Remove a socket that is in the way (a stale one, of a listener that died). */
  REPLACE: 1,
  /** Set the permissions of the Unix socket to `mode`. */
  MODE: 2,
} as const;

export const KillTarget = { GROUP: 0, PROCESS: 1 } as const;

export const ExitKind = { CODE: 0, SIGNAL: 1 } as const;

/** Pending bytes that cannot be counted (a terminal's): read until `END`. */
export const UNTIL_END = 0xffffffff;
export const UNKNOWN_ID = 0xffffffff;

/** What the agent did to stay alive while the guest is out of memory or processes. */
export const Protection = {
  /** All its memory is locked (`mlockall`). */
  LOCKED: 1,
  /** The OOM killer passes it by (`oom_score_adj` -1000). */
  OOM_EXEMPT: 2,
  /** It lives in a cgroup of its own, and what it starts does not. */
  OWN_CGROUP: 4,
  /** It runs before ordinary processes (nice -10). */
  PRIORITY: 8,
} as const;

export const ErrorCode = {
  UNKNOWN_TYPE: 1,
  BAD_LENGTH: 2,
  TOO_LONG: 3,
  UNKNOWN_STREAM: 4,
  STREAM_ORDER: 5,
  BAD_FIELD: 6,
  BAD_TEXT: 7,
  CREDIT: 8,
  NO_SLOT: 9,
  FORK: 10,
  EXEC: 11,
  DIRECTORY: 12,
  USER: 13,
  CGROUP: 14,
  TERMINAL: 15,
  PIPE: 16,
  SOCKET: 17,
  SYSTEM: 18,
  REFUSED: 19,
} as const;

/** Names of the codes as they appear in error objects. */
export const ERROR_NAMES: Record<number, string> = Object.fromEntries(
  Object.entries(ErrorCode).map(([name, code]) => [code, name.toLowerCase().replaceAll("_", "-")]),
);
