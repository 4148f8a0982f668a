/**
 * Docker's default profile, as far as it concerns i386: what `docs.docker.com/engine/security/seccomp` describes and
 * `moby/profiles` lists. Whatever is not named here fails with EPERM.
 */
import type { SeccompArgument, SeccompCondition, SeccompProfile, SeccompRule } from "./profile";

const EPERM = 1;
const ENOSYS = 38;

/** `CLONE_NEW*` of all namespaces but that of time, which clone(2) cannot make. */
const CLONE_NAMESPACES = 0x7e020000;

/** `PER_LINUX`, `PER_LINUX32`, each with `UNAME26` (`include/uapi/linux/personality.h`); the last only asks. */
const PERSONALITIES = [0, 0x8, 0x20000, 0x20008, 0xffffffff];

/**
 * Families of addresses that are left out (`include/linux/socket.h`): VSOCK reaches a virtual machine's host, ALG the kernel's
 * cryptography; DECnet, Econet, ATM's signalling, IrDA, WANPIPE, ISDN and CAIF are networks of the past. Those above 45
 * came later.
 */
const FAMILIES_LEFT_OUT = [12, 19, 20, 23, 25, 34, 37, 38, 40];
const LAST_FAMILY = 45;
/** All below are allowed; from there on each has a rule. */
const FIRST_FAMILY_LEFT_OUT = FAMILIES_LEFT_OUT[0];

/** Calls that a capability makes possible: without it the kernel would mostly refuse them itself, this is a second lock. */
const BY_CAPABILITY: Readonly<Record<string, string>> = {
  CAP_DAC_READ_SEARCH: "open_by_handle_at",
  CAP_SYS_ADMIN: `
    bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
    lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname
    sethostname setns syslog umount umount2 unshare`,
  CAP_SYS_BOOT: "reboot",
  CAP_SYS_CHROOT: "chroot",
  CAP_SYS_MODULE: "delete_module init_module finit_module",
  CAP_SYS_PACCT: "acct",
  CAP_SYS_PTRACE: "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace",
  CAP_SYS_RAWIO: "iopl ioperm",
  CAP_SYS_TIME: "settimeofday stime clock_settime clock_settime64",
  CAP_SYS_TTY_CONFIG: "vhangup",
  CAP_SYS_NICE: "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
  CAP_SYSLOG: "syslog",
  CAP_BPF: "bpf",
  CAP_PERFMON: "perf_event_open",
};

export const DEFAULT_PROFILE: SeccompProfile = {
  defaultAction: "SCMP_ACT_ERRNO",
  defaultErrnoRet: EPERM,
  syscalls: [
    // In the order of their numbers.
    allow(`
      restart_syscall exit fork read write open close waitpid creat link unlink execve chdir time mknod chmod
      lchown lseek getpid setuid getuid alarm pause utime access sync kill rename mkdir rmdir dup pipe times brk
      setgid getgid geteuid getegid ioctl fcntl setpgid umask dup2 getppid getpgrp setsid setreuid setregid
      setrlimit getrlimit getrusage gettimeofday getgroups setgroups select symlink readlink mmap munmap truncate
      ftruncate fchmod fchown getpriority setpriority statfs fstatfs socketcall setitimer getitimer stat lstat
      fstat wait4 sysinfo ipc fsync sigreturn uname adjtimex mprotect sigprocmask getpgid fchdir setfsuid setfsgid
      _llseek getdents _newselect flock msync readv writev getsid fdatasync mlock munlock mlockall munlockall
      sched_setparam sched_getparam sched_setscheduler sched_getscheduler sched_yield sched_get_priority_max
      sched_get_priority_min sched_rr_get_interval nanosleep mremap setresuid getresuid poll setresgid getresgid
      prctl rt_sigreturn rt_sigaction rt_sigprocmask rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_sigsuspend
      pread64 pwrite64 chown getcwd capget capset sigaltstack sendfile vfork ugetrlimit mmap2 truncate64
      ftruncate64 stat64 lstat64 fstat64 lchown32 getuid32 getgid32 geteuid32 getegid32 setreuid32 setregid32
      getgroups32 setgroups32 fchown32 setresuid32 getresuid32 setresgid32 getresgid32 chown32 setuid32 setgid32
      setfsuid32 setfsgid32 mincore madvise getdents64 fcntl64 gettid readahead setxattr lsetxattr fsetxattr
      getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr tkill
      sendfile64 futex sched_setaffinity sched_getaffinity set_thread_area get_thread_area io_setup io_destroy
      io_getevents io_submit io_cancel fadvise64 exit_group epoll_create epoll_ctl epoll_wait remap_file_pages
      set_tid_address timer_create timer_settime timer_gettime timer_getoverrun timer_delete clock_gettime
      clock_getres clock_nanosleep statfs64 fstatfs64 tgkill utimes fadvise64_64 mq_open mq_unlink mq_timedsend
      mq_timedreceive mq_notify mq_getsetattr waitid ioprio_set ioprio_get inotify_init inotify_add_watch
      inotify_rm_watch openat mkdirat mknodat fchownat futimesat fstatat64 unlinkat renameat linkat symlinkat
      readlinkat fchmodat faccessat pselect6 ppoll set_robust_list get_robust_list splice sync_file_range tee
      vmsplice getcpu epoll_pwait utimensat signalfd timerfd_create eventfd fallocate timerfd_settime
      timerfd_gettime signalfd4 eventfd2 epoll_create1 dup3 pipe2 inotify_init1 preadv pwritev rt_tgsigqueueinfo
      recvmmsg fanotify_mark prlimit64 name_to_handle_at clock_adjtime syncfs sendmmsg sched_setattr sched_getattr
      renameat2 seccomp getrandom memfd_create execveat socketpair bind connect listen accept4 getsockopt
      setsockopt getsockname getpeername sendto sendmsg recvfrom recvmsg shutdown membarrier mlock2
      copy_file_range preadv2 pwritev2 pkey_mprotect pkey_alloc pkey_free statx io_pgetevents rseq semget semctl
      shmget shmctl shmat shmdt msgget msgsnd msgrcv msgctl clock_gettime64 clock_adjtime64 clock_getres_time64
      clock_nanosleep_time64 timer_gettime64 timer_settime64 timerfd_gettime64 timerfd_settime64 utimensat_time64
      pselect6_time64 ppoll_time64 io_pgetevents_time64 recvmmsg_time64 mq_timedsend_time64 mq_timedreceive_time64
      semtimedop_time64 rt_sigtimedwait_time64 futex_time64 sched_rr_get_interval_time64 pidfd_send_signal
      pidfd_open close_range openat2 faccessat2 epoll_pwait2 landlock_create_ruleset landlock_add_rule
      landlock_restrict_self memfd_secret process_mrelease futex_waitv cachestat fchmodat2 map_shadow_stack
      futex_wake futex_wait futex_requeue statmount listmount mseal
    `),
    // The kernel checks such access again after execve(2) since 4.8; before, a filter could be got around with it.
    allow("process_vm_readv process_vm_writev ptrace", { includes: { minKernel: "4.8" } }),
    ...PERSONALITIES.map((value) => allow("personality", { args: [{ index: 0, value, op: "SCMP_CMP_EQ" }] })),
    allow("socket", { args: [{ index: 0, value: FIRST_FAMILY_LEFT_OUT, op: "SCMP_CMP_LT" }] }),
    ...families().map((value) => allow("socket", { args: [{ index: 0, value, op: "SCMP_CMP_EQ" }] })),
    allow("modify_ldt", { includes: { arches: ["amd64", "x32", "x86"] } }),
    ...Object.entries(BY_CAPABILITY).map(([capability, names]) => allow(names, { includes: { caps: [capability] } })),
    // Processes and threads, but no namespaces.
    allow("clone", {
      args: [{ index: 0, value: CLONE_NAMESPACES, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
      excludes: { caps: ["CAP_SYS_ADMIN"] },
    }),
    // Its flags are in memory, where no filter can look: a C library that hears ENOSYS takes clone(2) instead.
    {
      names: ["clone3"],
      action: "SCMP_ACT_ERRNO",
      errnoRet: ENOSYS,
      excludes: { caps: ["CAP_SYS_ADMIN"] },
    },
  ],
};

function families(): number[] {
  const all = Array.from({ length: LAST_FAMILY + 1 }, (_, family) => family);
  return all.filter((family) => family > FIRST_FAMILY_LEFT_OUT && !FAMILIES_LEFT_OUT.includes(family));
}

function allow(
  names: string,
  more: { args?: SeccompArgument[]; includes?: SeccompCondition; excludes?: SeccompCondition } = {},
): SeccompRule {
  return { names: names.trim().split(/\s+/), action: "SCMP_ACT_ALLOW", ...more };
}
