/** Every bound of the X-ray. Guest memory is hostile: no walk may be longer than one of these allows. */

/** Tasks in one picture; `PID_MAX_LIMIT` of a 32-bit kernel (`include/linux/threads.h`), so a real guest never has more. */
export const MAX_TASKS = 32768;

/** Entries of any other kernel list. */
export const MAX_LIST_ENTRIES = 65536;

/** Nodes of one sparse array: 64 entries each. */
export const MAX_XARRAY_NODES = 4096;

/** Depth of nested pid and user namespaces (`MAX_PID_NS_LEVEL`, `include/linux/pid_namespace.h`). */
export const MAX_NAMESPACE_LEVEL = 32;

/** Namespaces in one picture: eight new ones for each of 8,192 tasks. */
export const MAX_NAMESPACES = 65536;

/** Ranges in the id map of a user namespace (`UID_GID_MAP_MAX_EXTENTS`, `include/linux/user_namespace.h`). */
export const MAX_ID_RANGES = 340;

/** Objects listed of one kind in an ipc namespace; the kernel itself allows 32768. */
export const MAX_IPC_OBJECTS = 4096;

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

/** Network devices in one picture, and IPv4 addresses of one. */
export const MAX_DEVICES = 32768;
export const MAX_DEVICE_ADDRESSES = 4096;

/** Receive queues of one device (`VETH_MAX_QUEUES`, `drivers/net/veth.c`). */
export const MAX_DEVICE_QUEUES = 4096;

/** Length of the name of a kind of devices (`MODULE_NAME_LEN`). */
export const MAX_KIND_BYTES = 56;

/** Routes in one picture; places for children in one routing trie, which is about a quarter full at worst. */
export const MAX_ROUTES = 65536;
export const MAX_TRIE_SLOTS = 1 << 19;

/** Levels of a routing trie: each decides at least one of 32 bits. */
export const MAX_TRIE_DEPTH = 32;

/** Sockets in one picture. */
export const MAX_SOCKETS = 65536;

/** Descriptors of one process: the default of `fs.nr_open`, above which no process may raise its limit. */
export const MAX_DESCRIPTORS = 1 << 20;
/** Depth of a red-black tree: twice the logarithm of more nodes than memory could hold. */
export const MAX_RB_DEPTH = 64;

/** Mounts in one picture, of all mount namespaces. The kernel itself allows 100,000 in one (`fs.mount-max`). */
export const MAX_MOUNTS = 16384;

/** Overlays in one picture, and the layers of one (`OVL_MAX_STACK`, `fs/overlayfs/overlayfs.h`, and the upper one). */
export const MAX_OVERLAYS = 4096;
export const MAX_OVERLAY_LAYERS = 501;

/** Names kept of one layer, and of all layers in one picture; of what is beyond, this many names are counted. */
export const MAX_LAYER_ENTRIES = 16384;
export const MAX_LAYER_ENTRIES_TOTAL = 49152;
export const MAX_LAYER_ENTRIES_COUNTED = 65536;

/** Characters of all paths of the mounts, and of the names in all layers, in one picture: nested directories have long ones. */
export const MAX_MOUNT_PATHS_LENGTH = 4 << 20;
export const MAX_LAYER_PATHS_LENGTH = 4 << 20;

/** Extended attributes looked at of one file. */
export const MAX_XATTRS = 64;

/** Length of a path that is kept as one text: a page, as for mount options and the targets of symbolic links. */
export const MAX_PATH_BYTES = 4096;

/** Content shown of one file. */
export const MAX_FILE_BYTES = 256 << 10;

/** Command line kept of one task. */
export const MAX_ARGV_BYTES = 4096;

/** Command lines kept of all tasks in one picture. */
export const MAX_ARGV_TOTAL_BYTES = 1 << 20;

/** Problems listed in one picture; the rest is counted. */
export const MAX_PROBLEMS = 64;

/** Steps listed in one piece of evidence. */
export const MAX_EVIDENCE_STEPS = 256;

/** Steps on the way to the object of a piece of evidence, as to a file in nested directories. */
export const MAX_EVIDENCE_CHAIN = 64;

/** Bytes shown of one read in evidence. */
export const MAX_EVIDENCE_BYTES = 64;

/** Time for one picture; what was not reached by then is named as left out. */
export const MAX_OBSERVE_MS = 250;

/** Objects read between two looks at the clock. */
export const READS_PER_CLOCK_CHECK = 32;

/** Kernel log kept of a panic. */
export const MAX_LOG_RECORDS = 40;
export const MAX_LOG_RECORD_BYTES = 1024;
