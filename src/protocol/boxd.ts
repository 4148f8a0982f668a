/**
 * The wire between the engine and `boxd`, its hands in the guest, and between the engine and a shim.
 *
 * Little-endian throughout; a text is UTF-8 and ends with a NUL. The C header is generated from this file, so it imports
 * nothing and holds numbers, strings and flat tables of numbers only.
 *
 * Requests to boxd come on its standard input, answers and events leave on its standard output, each as
 *
 * | offset | size | field                                                     |
 * |--------|------|-----------------------------------------------------------|
 * | 0      | 4    | bytes that follow, this field not counted                 |
 * | 4      | 4    | id: the answer has that of its request; 0 for an event    |
 * | 8      | 1    | type, `Request` or `Answer`                               |
 * | 9      |      | body                                                      |
 *
 * A plan is a list of steps, each: u16 number (as `explain` counts), u8 `StepCode`, u32 length of what follows of it, then
 * its fields in the order in which `StepCode` names them. The steps inside a wrapper fill the rest of the wrapper.
 */

export const BOXD_PATH = "/usr/libexec/boxd";

/** Where boxd listens for news of its shims (datagrams). */
export const BOXD_SOCKET = "/run/box/boxd.sock";

/** Where a container on a network of its own asks for names, as Docker has it (moby `libnetwork/resolver.go`). */
export const DNS_ADDRESS = "127.0.0.11";
export const DNS_PORT = 53;
/** In a task's runtime directory: files in the form of /etc/hosts, all of which its name server knows. */
export const DNS_DIRECTORY = "dns";

/** Longest request: a plan with a large file in it. */
export const REQUEST_MAX_BYTES = 1 << 20;

/** Most bytes of a file that one `READ` answers. */
export const READ_MAX_BYTES = 1 << 18;

/** Most bytes of what a program of a `RUN` step said when it failed. */
export const MESSAGE_MAX_BYTES = 2000;

export const Request = {
  /** plan. Takes its steps one after the other; answered by `DONE` or `FAILED`. */
  PLAN: 1,
  /** u8 `TaskFlag`s, u16 columns, u16 rows, u32 most bytes of log, runtime directory, log file or "", network namespace for a name server or "", plan. Answered by `STARTED` or `FAILED`. */
  START: 2,
  /** u32 offset, u32 most bytes, root or "", path. Answered by `DATA` or `FAILED`. Of a directory, its names, each ended by a NUL. */
  READ: 3,
  /** root or "", path. Answered by `DATA` with u32 mode, u32 uid, u32 gid, u32 major, u32 minor of a device, or `FAILED`. */
  STAT: 4,
} as const;

export const Answer = {
  DONE: 1,
  /** u16 number of the step, u16 errno (0 when a program failed), u8 exit code, message. */
  FAILED: 2,
  /** u32 pid. */
  STARTED: 3,
  /** u32 size of the whole file, bytes. */
  DATA: 4,
  /** An event: u8 exit code, u8 signal or 0, u64 when, in ns since 1970; runtime directory. */
  EXITED: 5,
} as const;

export const TaskFlag = {
  /** A terminal of the container's own devpts, in place of three pipes. */
  TTY: 1,
  /** Standard input stays open for who attaches; else it is empty. */
  STDIN: 2,
  /** Nothing of the output is taken until somebody subscribed: who attaches misses nothing. */
  HOLD: 4,
  /** Standard input ends when the first who attached goes. */
  STDIN_ONCE: 8,
} as const;

/** Frames from the engine to a shim: u8 type, 3 bytes of 0, u32 length (big-endian, as in Docker's streams), payload. */
export const ShimRequest = {
  /** Bytes for standard input. */
  STDIN: 0,
  CLOSE_STDIN: 1,
  /** u16 columns, u16 rows. */
  RESIZE: 2,
  /** u8 `Subscription`s. */
  SUBSCRIBE: 3,
  /** Name of a network namespace, in which a name server is to listen from now on. Answered by `RESOLVING`. */
  RESOLVE: 4,
} as const;

export const Subscription = {
  STDOUT: 1,
  STDERR: 2,
  /** What was logged so far first, and the time before each piece: u64 ns since 1970. */
  LOG: 4,
} as const;

/** Frames from a shim, with the same header. 1 and 2 are what Docker calls its streams. */
export const ShimFrame = {
  STDOUT: 1,
  STDERR: 2,
  /** u8 exit code, u8 signal. The last frame. */
  EXIT: 3,
  /** All that was logged before has been sent. */
  LIVE: 4,
  /** u16 errno, or 0 when names are answered. */
  RESOLVING: 5,
} as const;

/** Header of a piece in a log file: u8 stream, 3 bytes of 0, u32 length, u64 ns since 1970. */
export const LOG_HEADER_BYTES = 16;

export const StepCode = {
  /** u32 mode or ~0, u8 parents, root or "", path */
  MKDIR: 1,
  /** u8 append, path, text with its newline */
  WRITE: 2,
  /** target, path */
  SYMLINK: 3,
  /** u32 mode with its type, u32 major, u32 minor, path */
  MKNOD: 4,
  /** u8 0 file, 1 directory, 2 tree; path */
  REMOVE: 5,
  /** u32 flags, source, root or "", target, type, data */
  MOUNT: 6,
  /** u8 lazy, target */
  UMOUNT: 7,
  /** new root, put old */
  PIVOT_ROOT: 8,
  /** path */
  CHDIR: 9,
  /** name */
  SETHOSTNAME: 10,
  /** root or "", path */
  TOUCH: 11,
  /** u32 mask */
  UMASK: 12,
  /** u32 resource, u8 which (1 soft, 2 hard, 3 both), u64 value */
  RLIMIT: 13,
  /** u32 descriptor, path */
  OPEN: 14,
  /** name */
  NETNS_ADD: 15,
  /** name */
  NETNS_REMOVE: 16,
  /** name */
  BRIDGE_ADD: 17,
  /** name, peer, network namespace of the peer or "" */
  VETH_ADD: 18,
  /** name */
  LINK_REMOVE: 19,
  /** name */
  LINK_UP: 20,
  /** name, master */
  LINK_MASTER: 21,
  /** 6 bytes, name */
  LINK_ADDRESS: 22,
  /** u32 address, u8 prefix length, device */
  ADDRESS_ADD: 23,
  /** u32 destination, u8 prefix length, u32 gateway */
  ROUTE_ADD: 24,
  /** u16 words, words */
  RUN: 25,
  /** u32 pid, u32 signal */
  KILL: 26,
  /** from, to */
  RENAME: 27,
  /** path, bytes */
  WRITE_BYTES: 28,
  /** path, uid map, gid map, name of a network namespace that it shall own or "" */
  USERNS_ADD: 29,
  /** source, target, file of a user namespace */
  MOUNT_IDMAPPED: 30,
  /** u32 uid, u32 gid, path */
  CHOWN: 31,
  /** u16 words, u16 variables or ~0 for those there are, words, variables */
  EXEC: 32,
  /** u32 flags of unshare(2), u8 fork; steps */
  UNSHARE: 33,
  /** u32 pid, u32 flags of setns(2), u8 fork; steps */
  SETNS: 34,
  /** name; steps */
  NETNS_EXEC: 35,
  /** root; steps */
  CHROOT: 36,
  /** u8 flags (`PrivilegeFlag`), u32 uid, u32 gid, u64 bounding set, u16 groups, u32 each; filter or ""; steps */
  SETPRIV: 37,
  /** u32 uid that is root inside, path; steps */
  USERNS_EXEC: 38,
  /** path */
  CONSOLE: 39,
  /** program, cgroup */
  DEVICE_FILTER: 40,
} as const;

export const PrivilegeFlag = {
  UID: 1,
  GID: 2,
  GROUPS: 4,
  BOUNDING: 8,
  NO_NEW_PRIVILEGES: 16,
  /** The inheritable set becomes the bounding set, too. */
  INHERIT: 32,
} as const;
