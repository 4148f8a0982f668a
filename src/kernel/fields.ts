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
  ],
  signal_struct: ["thread_head", "nr_threads"],
  // kernel/sched/sched.h
  rq: ["clock", "nr_switches", "nr_running", "curr", "idle"],

  // include/linux/pid.h: `numbers` is a flexible array of upid
  pid: ["level", "numbers"],
  upid: ["nr", "ns"],

  // include/linux/cred.h
  cred: ["uid", "gid", "user_ns"],

  // include/linux/mm_types.h
  mm_struct: ["pgd", "arg_start", "arg_end", "env_start", "env_end"],

  // include/linux/nsproxy.h, include/linux/ns_common.h and the namespaces themselves
  nsproxy: ["uts_ns", "ipc_ns", "mnt_ns", "pid_ns_for_children", "net_ns", "time_ns", "cgroup_ns"],
  uts_namespace: ["name.nodename", "name.domainname", "name.release", "user_ns", "ns.inum"],
  ipc_namespace: ["user_ns", "ns.inum"],
  mnt_namespace: ["user_ns", "ns.inum"],
  net: ["user_ns", "ns.inum"],
  pid_namespace: ["parent", "level", "user_ns", "ns.inum"],
  user_namespace: ["parent", "level", "ns.inum"],
  cgroup_namespace: ["user_ns", "ns.inum"],
  time_namespace: ["user_ns", "ns.inum"],

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
  hlist_node: ["next"],

  // include/linux/path.h, include/linux/dcache.h, fs/mount.h
  path: ["mnt", "dentry"],
  dentry: ["d_parent", "d_name.name", "d_inode", "d_hash.pprev"],
  mount: ["mnt", "mnt_parent", "mnt_mountpoint", "mnt_id", "mnt.mnt_root"],

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
  "PSI_NONIDLE",
] as const;
