/**
 * What the readers in this folder take from the kernel's types: the image build resolves exactly these against the
 * kernel's BTF and System.map (`src/protocol/layout.ts` is the result) and stops at the first one that is missing.
 */

/**
 * Fields by structure. A field is a dotted path through embedded members; anonymous members take no name in it. An
 * empty path asks for the structure's size alone. Where a driver's private structure shares its name with another
 * (`struct port`), the one that has all of these fields is meant.
 */
export const STRUCTS = {
  list_head: ["next", "prev"],

  // include/linux/sched.h, include/linux/sched/signal.h
  task_struct: [
    "__state",
    "exit_state",
    "exit_code",
    "flags",
    "tasks",
    "thread_node",
    "pid",
    "tgid",
    "thread_pid",
    "group_leader",
    "real_parent",
    "signal",
    "mm",
    "comm",
    "real_cred",
    "nsproxy",
    "cgroups",
    "start_boottime",
    "self_exec_id",
    "parent_exec_id",
    "utime",
    "stime",
    "frozen",
    "atomic_flags",
    "seccomp.mode",
    "fs",
    "se.sum_exec_runtime",
  ],
  signal_struct: [
    "thread_head",
    "nr_threads",
    "pids",
    "tty",
    "flags",
    "group_exit_code",
    "is_child_subreaper",
    "oom_score_adj",
  ],
  tty_struct: ["name", "ctrl.pgrp"],
  // kernel/sched/sched.h
  rq: ["nr_switches", "nr_running", "curr", "idle"],

  // include/linux/pid.h: `numbers` is a flexible array of upid
  pid: ["level", "numbers"],
  upid: ["nr", "ns"],

  // include/linux/cred.h
  cred: [
    "uid",
    "gid",
    "suid",
    "sgid",
    "euid",
    "egid",
    "fsuid",
    "fsgid",
    "cap_inheritable",
    "cap_permitted",
    "cap_effective",
    "cap_bset",
    "cap_ambient",
    "user_ns",
  ],

  // include/linux/mm_types.h
  mm_struct: ["pgd", "arg_start", "arg_end", "env_start", "env_end", "rss_stat", "exe_file"],
  percpu_counter: ["count"],

  // include/linux/nsproxy.h, include/linux/ns_common.h and the namespaces themselves
  nsproxy: [
    "uts_ns",
    "ipc_ns",
    "mnt_ns",
    "pid_ns_for_children",
    "net_ns",
    "time_ns",
    "time_ns_for_children",
    "cgroup_ns",
  ],
  uts_namespace: ["name.nodename", "name.domainname", "name.release", "user_ns", "ns.inum"],
  ipc_namespace: ["user_ns", "ns.inum", "ids", "mq_mnt"],
  mnt_namespace: ["user_ns", "ns.inum", "mounts", "mnt_ns_tree_node"],
  net: ["user_ns", "ns.inum"],
  pid_namespace: ["parent", "level", "user_ns", "ns.inum", "child_reaper", "pid_allocated"],
  user_namespace: [
    "parent",
    "level",
    "ns.inum",
    "uid_map.nr_extents",
    "uid_map.extent",
    "uid_map.forward",
    "gid_map.nr_extents",
    "gid_map.extent",
    "gid_map.forward",
  ],
  uid_gid_extent: ["first", "lower_first", "count"],
  cgroup_namespace: ["user_ns", "ns.inum", "root_cset"],
  time_namespace: [
    "user_ns",
    "ns.inum",
    "offsets.monotonic.tv_sec",
    "offsets.monotonic.tv_nsec",
    "offsets.boottime.tv_sec",
    "offsets.boottime.tv_nsec",
  ],

  // include/linux/ipc_namespace.h, include/linux/ipc.h, ipc/{sem,msg,shm,mqueue}.c
  ipc_ids: ["ipcs_idr.idr_rt"],
  kern_ipc_perm: ["id", "key", "uid", "gid", "mode"],
  sem_array: ["sem_nsems"],
  msg_queue: ["q_qnum", "q_cbytes"],
  shmid_kernel: ["shm_segsz", "shm_nattch"],
  mqueue_inode_info: ["vfs_inode", "attr.mq_curmsgs", "qsize"],

  // include/linux/cgroup-defs.h, include/linux/kernfs.h
  css_set: ["dfl_cgrp"],
  cgroup: ["kn", "level", "flags"],
  kernfs_node: ["parent", "name"],

  // include/linux/types.h
  hlist_head: ["first"],
  hlist_node: ["next", "pprev"],

  // include/linux/fs_struct.h, include/linux/file.h
  fs_struct: ["root", "pwd"],
  file: ["f_path"],

  // include/linux/path.h, include/linux/dcache.h, fs/mount.h
  path: ["mnt", "dentry"],
  dentry: [
    "d_parent",
    "d_name.name",
    "d_name.len",
    "d_inode",
    "d_hash.pprev",
    "d_sb",
    "d_sib",
    "d_children",
    "d_u.d_alias",
  ],
  mount: [
    "mnt",
    "mnt_parent",
    "mnt_mountpoint",
    "mnt_id",
    "mnt.mnt_root",
    "mnt.mnt_sb",
    "mnt.mnt_flags",
    "mnt.mnt_idmap",
    "mnt_node",
    "mnt_mounts",
    "mnt_child",
    "mnt_devname",
    "mnt_master",
    "mnt_ns",
    "mnt_group_id",
  ],

  // include/linux/mount.h
  vfsmount: ["mnt_root"],

  // include/linux/rbtree_types.h
  rb_root: ["rb_node"],
  rb_node: ["rb_right", "rb_left"],

  // include/linux/fs.h
  file_system_type: ["name", "fs_supers"],
  super_block: ["s_dev", "s_type", "s_flags", "s_root", "s_instances", "s_fs_info", "s_subtype"],
  inode: [
    "i_mode",
    "i_uid",
    "i_gid",
    "i_sb",
    "i_mapping",
    "i_ino",
    "i_nlink",
    "i_rdev",
    "i_size",
    "i_mtime_sec",
    "i_mtime_nsec",
    "i_dentry",
    "i_link",
    "i_private",
  ],
  address_space: ["i_pages"],
  folio: ["flags", "_flags_1"],

  // include/linux/ns_common.h, include/linux/proc_ns.h: what a file of nsfs is
  ns_common: ["ops", "inum"],
  proc_ns_operations: ["name"],

  // Private parts of filesystems: include/linux/shmem_fs.h, include/linux/xattr.h, fs/overlayfs/ovl_entry.h,
  // include/linux/proc_fs.h, fs/devpts/inode.c
  shmem_sb_info: ["max_blocks", "max_inodes", "mode", "uid", "gid", "full_inums", "noswap"],
  shmem_inode_info: ["xattrs", "vfs_inode"],
  simple_xattr: ["rb_node", "name", "size", "value"],
  ovl_fs: [
    "numlayer",
    "numdatalayer",
    "layers",
    "xino_mode",
    "config.upperdir",
    "config.workdir",
    "config.lowerdirs",
    "config.default_permissions",
    "config.redirect_mode",
    "config.verity_mode",
    "config.index",
    "config.uuid",
    "config.nfs_export",
    "config.xino",
    "config.metacopy",
    "config.userxattr",
    "config.fsync_mode",
  ],
  ovl_layer: ["mnt"],
  proc_fs_info: ["pid_gid", "hide_pid", "pidonly"],
  pts_fs_info: [
    "mount_opts.setuid",
    "mount_opts.setgid",
    "mount_opts.uid",
    "mount_opts.gid",
    "mount_opts.mode",
    "mount_opts.ptmxmode",
    "mount_opts.max",
  ],

  // kernel/time/timekeeping.c: `tk_core` is an unnamed structure of a seqcount and then the timekeeper
  seqcount_raw_spinlock: [""],
  timekeeper: ["tkr_mono.base", "tkr_mono.shift", "tkr_mono.xtime_nsec", "offs_boot"],

  // include/linux/sysctl.h
  ctl_table_poll: ["event"],

  // drivers/char/virtio_console.c, drivers/tty/hvc/hvc_console.h, drivers/virtio/virtio_ring.c
  ports_driver_data: ["consoles"],
  port: ["cons.list", "cons.hvc", "in_vq"],
  hvc_struct: ["index"],
  vring_virtqueue: ["vq", "packed_ring", "split.vring.num", "split.vring.avail", "split.vring.used"],
  vring_avail: ["idx"],
  vring_used: ["idx"],

  // include/linux/mmzone.h, include/linux/mm_types.h
  pglist_data: ["node_zones"],
  zone: ["present_pages", "per_cpu_pageset", "free_area"],
  free_area: ["free_list", "nr_free"],
  per_cpu_pages: ["count", "lists"],
  page: ["buddy_list", "pcp_list", "private", "page_type"],

  // include/linux/xarray.h
  xarray: ["xa_head"],
  xa_node: ["shift", "slots"],

  // kernel/printk/printk_ringbuffer.h
  printk_ringbuffer: [
    "desc_ring.count_bits",
    "desc_ring.descs",
    "desc_ring.infos",
    "desc_ring.head_id",
    "desc_ring.tail_id",
    "text_data_ring.size_bits",
    "text_data_ring.data",
  ],
  prb_desc: ["state_var", "text_blk_lpos.begin", "text_blk_lpos.next"],
  printk_info: ["seq", "text_len"],
} as const satisfies Record<string, readonly string[]>;

/** Addresses of kernel variables. */
export const SYMBOLS = [
  "init_task",
  "init_nsproxy",
  "init_uts_ns",
  "init_ipc_ns",
  "init_pid_ns",
  "init_user_ns",
  "init_net",
  "init_cgroup_ns",
  "init_time_ns",
  "total_forks",
  "nr_threads",
  "runqueues",
  "jiffies_64",
  "tk_core",
  "css_set_count",
  "hostname_poll",
  "domainname_poll",
  "pdrvdata",
  "mnt_ns_tree",
  "ovl_fs_type",
  "ovl_redirect_dir_def",
  "ovl_redirect_always_follow",
  "ovl_index_def",
  "ovl_nfs_export_def",
  "ovl_metacopy_def",
  "ovl_xino_auto_def",
  "nop_mnt_idmap",
  "_totalram_pages",
  "contig_page_data",
  "mem_map",
  "prb",
  "panic_cpu",
  "system_state",
] as const;

/** Values of enumerators. */
export const ENUMS = [
  "SYSTEM_RUNNING",
  "SYSTEM_HALT",
  "SYSTEM_POWER_OFF",
  "SYSTEM_RESTART",
  // include/linux/pid_types.h, include/linux/mm_types_task.h, include/linux/cgroup-defs.h
  "PIDTYPE_PGID",
  "PIDTYPE_SID",
  "MM_FILEPAGES",
  "MM_ANONPAGES",
  "MM_SHMEMPAGES",
  "CGRP_FREEZE",
  // include/linux/page-flags.h
  "PG_uptodate",
  "PG_head",
] as const;
