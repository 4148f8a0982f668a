/** Every bound of the X-ray. Guest memory is hostile: no walk may be longer than one of these allows. */

/** Tasks in one picture; `PID_MAX_LIMIT` of a 32-bit kernel (`include/linux/threads.h`), so a real guest never has more. */
export const MAX_TASKS = 32768;

/** Entries of any other kernel list. */
export const MAX_LIST_ENTRIES = 65536;

/** Depth of nested pid and user namespaces (`MAX_PID_NS_LEVEL`, `include/linux/pid_namespace.h`). */
export const MAX_NAMESPACE_LEVEL = 32;

/** Namespaces in one picture: eight new ones for each of 8,192 tasks. */
export const MAX_NAMESPACES = 65536;

/** Depth of a cgroup below the root. */
export const MAX_CGROUP_DEPTH = 128;

/** Cgroups in one picture; each costs the kernel more than 16 KiB, so memory ends before. */
export const MAX_CGROUPS = 16384;

/** Characters of their paths together: those of nested cgroups with long names add up. */
export const MAX_CGROUP_PATHS_LENGTH = 1 << 20;

/** Block devices that one cgroup has done I/O on. */
export const MAX_CGROUP_DEVICES = 256;

/** Length of one cgroup's name (`NAME_MAX`). */
export const MAX_NAME_BYTES = 255;

/** Directories in one path, and mounts on the way to one. */
export const MAX_PATH_DEPTH = 2048;

/** Command line kept of one task. */
export const MAX_ARGV_BYTES = 4096;

/** Command lines kept of all tasks in one picture. */
export const MAX_ARGV_TOTAL_BYTES = 1 << 20;

/** Problems listed in one picture; the rest is counted. */
export const MAX_PROBLEMS = 64;

/** Steps listed in one piece of evidence. */
export const MAX_EVIDENCE_STEPS = 256;

/** Bytes shown of one read in evidence. */
export const MAX_EVIDENCE_BYTES = 64;

/** Time for one picture; what was not reached by then is named as left out. */
export const MAX_OBSERVE_MS = 250;

/** Objects read between two looks at the clock. */
export const READS_PER_CLOCK_CHECK = 32;

/** Kernel log kept of a panic. */
export const MAX_LOG_RECORDS = 40;
export const MAX_LOG_RECORD_BYTES = 1024;
