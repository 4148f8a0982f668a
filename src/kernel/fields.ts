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
    "files",
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
  rq: ["clock", "nr_switches", "nr_running", "curr", "idle"],

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
  net: ["user_ns", "ns.inum", "list", "dev_base_head", "ipv4.fib_table_hash"],
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
  cgroup: [
    "kn",
    "level",
    "self.flags",
    "self.sibling",
    "self.children",
    "self.parent",
    "flags",
    "nr_descendants",
    "nr_populated_csets",
    "nr_populated_domain_children",
    "nr_populated_threaded_children",
    "nr_threaded_children",
    "subtree_control",
    "subsys",
    "dom_cgrp",
    "rstat_cpu",
    "bstat.cputime.utime",
    "bstat.cputime.stime",
    "bstat.cputime.sum_exec_runtime",
    "last_bstat.cputime.utime",
    "last_bstat.cputime.stime",
    "last_bstat.cputime.sum_exec_runtime",
    "prev_cputime.utime",
    "prev_cputime.stime",
    "psi",
    "freezer.freeze",
  ],
  cgroup_root: ["cgrp", "subsys_mask", "flags"],
  cgroup_subsys_state: ["flags"],
  cgroup_rstat_cpu: [
    "bstat.cputime.utime",
    "bstat.cputime.stime",
    "bstat.cputime.sum_exec_runtime",
    "last_bstat.cputime.utime",
    "last_bstat.cputime.stime",
    "last_bstat.cputime.sum_exec_runtime",
    "updated_children",
    "updated_next",
  ],
  kernfs_node: ["parent", "name", "id", "flags"],
  // include/linux/kernel_stat.h
  kernel_cpustat: ["cpustat"],
  // include/linux/memcontrol.h, with its page_counter
  mem_cgroup: [
    "memory.usage",
    "memory.watermark",
    "memory.min",
    "memory.low",
    "memory.high",
    "memory.max",
    "memory_events",
  ],
  // kernel/sched/sched.h
  task_group: [
    "shares",
    "cfs_bandwidth.period",
    "cfs_bandwidth.quota",
    "cfs_bandwidth.burst",
    "cfs_bandwidth.nr_periods",
    "cfs_bandwidth.nr_throttled",
    "cfs_bandwidth.throttled_time",
  ],
  // kernel/cgroup/pids.c
  pids_cgroup: ["counter", "limit", "watermark", "events", "events_local"],
  // block/blk-cgroup.h, block/blk-throttle.h
  blkcg: ["blkg_list"],
  blkcg_gq: ["q", "blkcg_node", "parent", "online", "iostat_cpu", "iostat", "pd"],
  blkg_iostat_set: ["cur", "last"],
  blkg_iostat: ["bytes", "ios"],
  blkcg_policy: ["plid"],
  throtl_grp: ["bps", "iops"],
  request_queue: ["disk"],
  gendisk: ["bdi"],
  backing_dev_info: ["dev", "dev_name"],
  // include/linux/psi_types.h
  psi_group: ["enabled", "pcpu", "avg", "total", "avg_total", "avg_last_update", "avg_next_update"],
  psi_group_cpu: ["times", "times_prev", "state_mask", "state_start"],

  // include/linux/types.h
  hlist_head: ["first"],
  hlist_node: ["next", "pprev"],

  // include/linux/types.h

  // include/linux/fs_struct.h, include/linux/fs.h
  fs_struct: ["root", "pwd"],
  file: ["f_path", "f_mode", "f_op", "private_data", "f_inode"],
  inode: [
    "i_mode",
    "i_uid",
    "i_gid",
    "i_dentry",
    "i_ino",
    "i_fop",
    "i_private",
    "i_sb",
    "i_mapping",
    "i_nlink",
    "i_rdev",
    "i_size",
    "i_mtime_sec",
    "i_mtime_nsec",
    "i_link",
  ],
  // include/linux/fs_struct.h, include/linux/file.h

  // include/linux/path.h, include/linux/dcache.h, fs/mount.h
  path: ["mnt", "dentry"],
  dentry: ["d_parent", "d_name.name", "d_inode", "d_hash.pprev", "d_sb", "d_sib", "d_children", "d_u.d_alias"],
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

  // include/linux/fdtable.h, include/linux/fs.h
  files_struct: ["fdt"],
  fdtable: ["max_fds", "fd", "open_fds"],

  // include/linux/ns_common.h, include/linux/proc_ns.h: what a file of nsfs is

  // include/linux/types.h

  // include/linux/netdevice.h, include/net/rtnetlink.h
  net_device: [
    "netdev_ops",
    "mtu",
    "lstats",
    "tstats",
    "dstats",
    "state",
    "flags",
    "pcpu_stat_type",
    "ifindex",
    "nd_net.net",
    "name",
    "dev_list",
    "adj_list.upper",
    "adj_list.lower",
    "gflags",
    "stats.rx_packets",
    "stats.rx_bytes",
    "stats.rx_errors",
    "stats.rx_dropped",
    "stats.tx_packets",
    "stats.tx_bytes",
    "stats.tx_errors",
    "stats.tx_dropped",
    "core_stats",
    "operstate",
    "addr_len",
    "ip_ptr",
    "dev_addr",
    "num_rx_queues",
    "rtnl_link_ops",
    "priv",
  ],
  net_device_ops: ["ndo_get_stats64", "ndo_get_iflink"],
  rtnl_link_ops: ["kind"],
  netdev_adjacent: ["dev", "master", "list"],
  pcpu_lstats: ["packets", "bytes"],
  pcpu_sw_netstats: ["rx_packets", "rx_bytes", "tx_packets", "tx_bytes"],
  pcpu_dstats: ["rx_packets", "rx_bytes", "tx_packets", "tx_bytes", "rx_drops", "tx_drops"],
  net_device_core_stats: ["rx_dropped", "tx_dropped"],

  // Private parts of devices: drivers/net/veth.c, net/8021q/vlan.h, include/linux/if_macvlan.h,
  // drivers/net/ipvlan/ipvlan.h, drivers/net/virtio_net.c
  veth_priv: ["peer", "dropped", "rq"],
  veth_rq: ["stats.vs"],
  veth_stats: ["rx_drops", "xdp_packets", "xdp_bytes", "xdp_tx_err", "peer_tq_xdp_xmit_err"],
  vlan_dev_priv: ["vlan_pcpu_stats"],
  macvlan_dev: ["pcpu_stats"],
  vlan_pcpu_stats: ["rx_packets", "rx_bytes", "tx_packets", "tx_bytes", "rx_errors", "tx_dropped"],
  ipvl_dev: ["pcpu_stats"],
  ipvl_pcpu_stats: ["rx_pkts", "rx_bytes", "tx_pkts", "tx_bytes", "rx_errs", "tx_drps"],
  virtnet_info: ["sq", "rq", "max_queue_pairs"],
  send_queue: ["stats.packets", "stats.bytes", "stats.tx_timeouts"],
  receive_queue: ["stats.packets", "stats.bytes", "stats.drops"],

  // include/linux/inetdevice.h
  in_device: ["ifa_list"],
  in_ifaddr: ["ifa_next", "ifa_local", "ifa_address", "ifa_broadcast", "ifa_scope", "ifa_prefixlen", "ifa_label"],

  // include/net/ip_fib.h, net/ipv4/fib_lookup.h, net/ipv4/fib_trie.c, include/net/nexthop.h
  fib_table: ["tb_hlist", "tb_id", "tb_data"],
  key_vector: ["key", "pos", "bits", "leaf", "tnode"],
  fib_alias: ["fa_list", "fa_info", "fa_type", "fa_slen", "tb_id"],
  fib_info: ["fib_net", "fib_protocol", "fib_scope", "fib_prefsrc", "fib_priority", "fib_nhs", "nh", "fib_nh"],
  fib_nh_common: ["nhc_dev", "nhc_gw_family", "nhc_gw.ipv4"],
  nexthop: ["is_group", "nh_info", "nh_grp"],
  nh_info: ["reject_nh", "fib_nhc"],
  nh_group: ["num_nh"],

  // include/linux/net.h, include/net/sock.h, include/net/inet_sock.h, include/net/af_unix.h
  socket: ["sk"],
  sock: [
    "__sk_common.skc_daddr",
    "__sk_common.skc_rcv_saddr",
    "__sk_common.skc_dport",
    "__sk_common.skc_family",
    "__sk_common.skc_state",
    "__sk_common.skc_net.net",
    "sk_socket",
    "sk_type",
    "sk_protocol",
  ],
  socket_alloc: ["socket", "vfs_inode"],
  inet_sock: ["inet_sport"],
  unix_sock: ["addr", "peer"],
  unix_address: ["len", "name"],
  sockaddr_un: ["sun_path"],

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
  "css_serial_nr_next",
  "cgrp_dfl_root",
  "cgrp_dfl_inhibit_ss_mask",
  "cgrp_dfl_implicit_ss_mask",
  "cgrp_dfl_threaded_ss_mask",
  "kernel_cpustat",
  "blkcg_policy_throtl",
  "psi_system",
  "psi_period",
  "__sched_clock_offset",
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

  // Files that are sockets or namespaces: net/socket.c, fs/nsfs.c
  "socket_file_ops",
  "ns_file_operations",

  // Network namespaces, what a veth device is made by, and the functions by which drivers count
  "net_namespace_list",
  "veth_link_ops",
  "dev_get_tstats64",
  "loopback_get_stats64",
  "dummy_get_stats64",
  "veth_get_stats64",
  "vlan_dev_get_stats64",
  "macvlan_dev_get_stats64",
  "ipvlan_get_stats64",
  "tun_net_get_stats64",
  "virtnet_stats",
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
  // Control groups: controllers, states, and the slots of arrays
  "cpu_cgrp_id",
  "io_cgrp_id",
  "memory_cgrp_id",
  "pids_cgrp_id",
  "CSS_ONLINE",
  "CSS_VISIBLE",
  "CGRP_FROZEN",
  "CGRP_ROOT_PIDS_LOCAL_EVENTS",
  "KERNFS_ACTIVATED",
  "MEMCG_LOW",
  "MEMCG_HIGH",
  "MEMCG_MAX",
  "MEMCG_OOM",
  "MEMCG_OOM_KILL",
  "MEMCG_OOM_GROUP_KILL",
  "PIDCG_MAX",
  "PIDCG_FORKFAIL",
  "CPUTIME_USER",
  "CPUTIME_NICE",
  "CPUTIME_SYSTEM",
  "CPUTIME_SOFTIRQ",
  "CPUTIME_IRQ",
  "BLKG_IOSTAT_READ",
  "BLKG_IOSTAT_WRITE",
  "PSI_IO",
  "PSI_MEM",
  "PSI_CPU",
  "NETDEV_PCPU_STAT_TSTATS",
  "NETDEV_PCPU_STAT_DSTATS",
  // include/linux/page-flags.h
  "PG_uptodate",
  "PG_head",
  "PSI_NONIDLE",
] as const;
