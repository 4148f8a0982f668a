/**
 * The guest kernel's configuration as data: every option that is on, and every costly one that is off on purpose, with its reason.
 *
 * It is rendered over `make allnoconfig` (`KCONFIG_ALLCONFIG`), so an option that is not named here is off unless a named one
 * selects it. `checkConfig` then proves that Kconfig kept every value asked for.
 */

/** A Kconfig value: a boolean option, a number or hexadecimal, or a quoted string. */
export type ConfigValue = "y" | "n" | { readonly number: string } | { readonly string: string };

/** One option: its name without `CONFIG_`, its value, and why. */
export interface ConfigOption {
  readonly name: string;
  readonly value: ConfigValue;
  readonly reason: string;
}

/** Options that belong together, such as everything a network lesson needs. */
export interface ConfigGroup {
  readonly title: string;
  readonly options: readonly ConfigOption[];
}

const on = (name: string, reason: string): ConfigOption => ({ name, value: "y", reason });
const off = (name: string, reason: string): ConfigOption => ({ name, value: "n", reason });
const number = (name: string, value: string, reason: string): ConfigOption => ({
  name,
  value: { number: value },
  reason,
});
const text = (name: string, value: string, reason: string): ConfigOption => ({
  name,
  value: { string: value },
  reason,
});

export const KERNEL_CONFIG: readonly ConfigGroup[] = [
  {
    title: "Processor and memory map",
    options: [
      off("64BIT", "v86 emulates a 32-bit processor"),
      on("EXPERT", "shows the options below that turn standard parts off"),
      on("M686", "v86 reports a family 6 processor with TSC, CMOV and CMPXCHG8B"),
      off("SMP", "v86 emulates one processor"),
      on("VMSPLIT_3G", "PAGE_OFFSET 0xC0000000, which the memory reader relies on"),
      on("NOHIGHMEM", "the guest has at most 512 MB, so all memory is mapped at PAGE_OFFSET"),
      off("RELOCATABLE", "the kernel is loaded where it was linked, with no relocation pass"),
      number(
        "PHYSICAL_START",
        "0x100000",
        "where a bzImage's protected-mode part is loaded: it can start in place, with no copy",
      ),
      number("PHYSICAL_ALIGN", "0x100000", "the default of 2 MB would round PHYSICAL_START up"),
      off("CPU_MITIGATIONS", "the emulator does not speculate"),
      off("JUMP_LABEL", "patching its own code makes v86 throw compiled code away"),
      off("STACKPROTECTOR", "costs time on every call"),
      on("INIT_STACK_NONE", "zeroing every local array costs time on every call"),
      on("UNWINDER_GUESS", "no frame pointers: one more register and shorter prologues"),
      on("PROCESSOR_SELECT", "shows the options below"),
      off("CPU_SUP_INTEL", "errata, microcode and counters of processors that the emulator is not"),
      off("CPU_SUP_AMD", "as CPU_SUP_INTEL"),
      off("CPU_SUP_HYGON", "as CPU_SUP_INTEL"),
      off("CPU_SUP_CENTAUR", "as CPU_SUP_INTEL"),
      off("CPU_SUP_CYRIX_32", "as CPU_SUP_INTEL"),
      off("CPU_SUP_TRANSMETA_32", "as CPU_SUP_INTEL"),
      off("CPU_SUP_UMC_32", "as CPU_SUP_INTEL"),
      off("CPU_SUP_ZHAOXIN", "as CPU_SUP_INTEL"),
      off("CPU_SUP_VORTEX_32", "as CPU_SUP_INTEL"),
      on("IO_DELAY_NONE", "emulated ports need no pause, and a write to port 0x80 leaves compiled code"),
      on("CC_OPTIMIZE_FOR_SIZE", "0.6 MB less to fetch than -O2, and as fast once v86 has compiled it"),
      on("X86_TSC", "the time source: v86's TSC is steady"),
      on("UID16", "32-bit programs built long ago use the 16-bit uid calls"),
      on(
        "COMPAT_32BIT_TIME",
        "without it a program with a 32-bit time_t gets ENOSYS from nanosleep, and every sleep returns at once",
      ),
    ],
  },
  {
    title: "Time and scheduling",
    options: [
      on("HZ_100", "fewer timer interrupts to emulate"),
      on("NO_HZ_IDLE", "an idle guest halts and costs the page nothing"),
      on("HIGH_RES_TIMERS", "short sleeps last as long as asked at 100 Hz"),
      on("PREEMPT_NONE", "one processor, no real-time needs: the cheapest scheduler and tiny RCU"),
      on("POSIX_TIMERS", "timer_create, alarm"),
      on("TICK_CPU_ACCOUNTING", "utime and stime by the tick, the cheapest way"),
    ],
  },
  {
    title: "Boot",
    options: [
      text("LOCALVERSION", "-glassbox", "names the kernel in uname -r"),
      off("LOCALVERSION_AUTO", "the release must not depend on a git tree"),
      text("DEFAULT_HOSTNAME", "glassbox", "the UTS name before init sets one"),
      on("BLK_DEV_INITRD", "the root tree comes as an initramfs"),
      off("RD_GZIP", "the initramfs is an uncompressed cpio archive: the page fetches it compressed"),
      off("RD_ZSTD", "as RD_GZIP"),
      on("BINFMT_ELF", "programs"),
      on("BINFMT_SCRIPT", "#! scripts"),
      on("PRINTK", "kernel messages: dmesg, panics"),
      on("PRINTK_TIME", "timestamps in dmesg; also how boot is profiled"),
      number(
        "LOG_BUF_SHIFT",
        "15",
        "32 KB holds the boot and a few memory killer reports; its descriptors cost twice that",
      ),
      on("BUG", "a kernel bug stops with a message"),
      on("MAGIC_SYSRQ", "`echo c > /proc/sysrq-trigger`: the crash a learner can cause"),
      number("PANIC_TIMEOUT", "0", "stay halted after a panic, so that it can be seen and examined"),
      on("IKCONFIG", "the configuration travels with the kernel"),
      on("IKCONFIG_PROC", "/proc/config.gz"),
      on("CRYPTO", "shows the option below"),
      on("CRYPTO_MANAGER_DISABLE_TESTS", "BLAKE2s would test itself for 7 million instructions, a quarter of the boot"),
      off("MODULES", "everything is built in: no loader, no symbol tables"),
      off("KALLSYMS", "System.map is read outside the guest; the table would cost 1 MB of memory"),
      on("DEBUG_KERNEL", "shows the debug information options"),
      on("DEBUG_INFO_DWARF5", "pahole reads the struct layouts from it; it is not part of the image"),
      off("DEBUG_INFO_BTF", "the BTF is kept beside the image, not in guest memory"),
      off("FTRACE", "its tables and RCU flavours cost 0.3 s of boot"),
    ],
  },
  {
    title: "Namespaces",
    options: [
      on("NAMESPACES", "the subject of the first chapter"),
      on("UTS_NS", "hostname"),
      on("IPC_NS", "System V IPC and message queues"),
      on("USER_NS", "uid maps, rootless containers"),
      on("PID_NS", "process ids"),
      on("NET_NS", "network stacks"),
      on("TIME_NS", "clock offsets"),
      on("CGROUPS", "cgroup namespace, and the next group"),
      on("SYSVIPC", "what an IPC namespace holds"),
      on("POSIX_MQUEUE", "what an IPC namespace holds"),
      on("MULTIUSER", "users, groups, capabilities"),
      on("CHECKPOINT_RESTORE", "/proc/sys/kernel/ns_last_pid, /proc/PID/map_files"),
      on("KCMP", "kcmp(2): whether two processes share an object"),
    ],
  },
  {
    title: "Control groups (version 2)",
    options: [
      on("MEMCG", "memory.max, memory.current, the memory killer of one group"),
      on("CGROUP_SCHED", "cpu controller"),
      on("FAIR_GROUP_SCHED", "cpu.weight"),
      on("CFS_BANDWIDTH", "cpu.max"),
      on("CGROUP_PIDS", "pids.max, the answer to a fork bomb"),
      on("BLK_CGROUP", "io controller"),
      on("BLK_DEV_THROTTLING", "io.max"),
      on("PSI", "cpu.pressure, memory.pressure, io.pressure"),
      on("BPF_SYSCALL", "device control in cgroup v2 is a BPF program"),
      on("CGROUP_BPF", "attaches that program to a cgroup"),
      off("CGROUP_FREEZER", "version 1 only: cgroup.freeze is part of the version 2 core"),
      off("CGROUP_DEVICE", "version 1 only: version 2 uses CGROUP_BPF"),
      off("CGROUP_CPUACCT", "version 1 only: cpu.stat is part of the version 2 core"),
    ],
  },
  {
    title: "System calls that programs expect",
    options: [
      on("FUTEX", "threads"),
      on("EPOLL", "event loops"),
      on("SIGNALFD", "event loops"),
      on("TIMERFD", "event loops"),
      on("EVENTFD", "event loops"),
      on("AIO", "io_setup and friends"),
      on("INOTIFY_USER", "tail -f, inotifywait"),
      on("FANOTIFY", "watching a whole mount"),
      on("FHANDLE", "name_to_handle_at, also used by overlayfs"),
      on("FILE_LOCKING", "flock"),
      on("ADVISE_SYSCALLS", "madvise, fadvise"),
      on("MEMBARRIER", "language runtimes"),
      on("RSEQ", "glibc registers one for each thread"),
      on("MEMFD_CREATE", "container runtimes re-execute themselves from one"),
      on("CROSS_MEMORY_ATTACH", "strace reads another process's memory with process_vm_readv"),
      on("SECCOMP", "system call filters"),
      on("SECCOMP_FILTER", "system call filters written in BPF"),
    ],
  },
  {
    title: "Terminals",
    options: [
      on("TTY", "terminals"),
      off("VT", "no screen: terminals are virtio consoles"),
      on("UNIX98_PTYS", "docker exec -t, script, ssh-like sessions"),
      off("LEGACY_PTYS", "256 static devices that nothing uses"),
      on("SERIAL_8250", "the console of early panics"),
      on("SERIAL_8250_CONSOLE", "the console of early panics"),
      number("SERIAL_8250_NR_UARTS", "1", "one port is probed"),
      number("SERIAL_8250_RUNTIME_UARTS", "1", "one port is probed"),
      off("INPUT", "no keyboard or mouse controller to probe"),
    ],
  },
  {
    title: "Filesystems",
    options: [
      on("PROC_FS", "/proc"),
      on("PROC_SYSCTL", "/proc/sys"),
      on("PROC_CHILDREN", "/proc/PID/task/TID/children"),
      on("PROC_PAGE_MONITOR", "/proc/PID/smaps and pagemap: the second witness of the page tables"),
      on("SYSFS", "/sys, where the cgroup tree is mounted"),
      on("SHMEM", "tmpfs and shared memory"),
      on("TMPFS", "the root filesystem, /dev/shm"),
      on("TMPFS_XATTR", "overlayfs keeps whiteouts and opaque marks in extended attributes of its upper layer"),
      on("TMPFS_POSIX_ACL", "image layers may carry ACLs"),
      on("DEVTMPFS", "/dev without a device manager"),
      on("OVERLAY_FS", "image layers"),
      on("BLOCK", "the io controller throttles block devices"),
      on("BLK_DEV", "block devices"),
      on("BLK_DEV_WRITE_MOUNTED", "busybox mounts a loop device while it still has it open for writing"),
      on("PARTITION_ADVANCED", "shows the options below"),
      off("MSDOS_PARTITION", "no disk has partitions"),
      off("EFI_PARTITION", "no disk has partitions"),
      on("BLK_DEV_LOOP", "a block device made from a file"),
      number("BLK_DEV_LOOP_MIN_COUNT", "0", "loop devices are made when asked for, not at boot"),
      on("EXT2_FS", "a small filesystem with blocks for io lessons"),
      on("NETWORK_FILESYSTEMS", "shows 9P_FS"),
      on("9P_FS", "large trees are fetched lazily from the page"),
      on("9P_FS_POSIX_ACL", "the same attributes as on tmpfs"),
    ],
  },
  {
    title: "Network",
    options: [
      on("NET", "networks"),
      on("INET", "IPv4: addresses, routes, TCP and UDP"),
      number("INET_TABLE_PERTURB_ORDER", "8", "256 KB of random numbers by default, filled at the first connection"),
      off("IPV6", "lessons use IPv4; IPv6 would add a third to the network code"),
      on("UNIX", "Unix sockets"),
      on("UNIX_DIAG", "ss -x"),
      on("PACKET", "tcpdump, udhcpc, arping"),
      on("PACKET_DIAG", "ss -0"),
      on("INET_DIAG", "ss -t"),
      on("INET_UDP_DIAG", "ss -u"),
      on("NETDEVICES", "network devices"),
      on("NET_CORE", "virtual devices"),
      on("VETH", "the cable between two network namespaces"),
      on("BRIDGE", "docker0"),
      on("DUMMY", "a device that drops everything"),
      on("MACVLAN", "the macvlan driver of Docker"),
      on("IPVLAN", "the ipvlan driver of Docker"),
      on("VLAN_8021Q", "tagged networks"),
      on("VXLAN", "overlay networks between two machines"),
      on("TUN", "a device whose other end is a program"),
      on("NETFILTER", "packet filters"),
      on("NETFILTER_ADVANCED", "shows the options below"),
      on("NF_CONNTRACK", "connection tracking"),
      on("NF_NAT", "address translation"),
      on("NETFILTER_XTABLES", "iptables"),
      on("NETFILTER_XT_NAT", "DNAT, SNAT: published ports"),
      on("NETFILTER_XT_TARGET_MASQUERADE", "the way out of a container network"),
      on("NETFILTER_XT_TARGET_REDIRECT", "published ports on the host itself"),
      on("NETFILTER_XT_MATCH_ADDRTYPE", "Docker's rule for local addresses"),
      on("NETFILTER_XT_MATCH_CONNTRACK", "ESTABLISHED,RELATED"),
      on("NETFILTER_XT_MATCH_MULTIPORT", "several ports in one rule"),
      on("NETFILTER_XT_MATCH_COMMENT", "rules that say what they are for"),
      on("IP_NF_IPTABLES", "iptables for IPv4"),
      on("IP_NF_FILTER", "the filter table"),
      on("IP_NF_NAT", "the nat table"),
      on("IP_NF_TARGET_REJECT", "REJECT"),
      on("BRIDGE_NETFILTER", "iptables sees bridged packets, as Docker expects"),
    ],
  },
  {
    title: "Devices of the emulated machine",
    options: [
      on("PCI", "virtio devices sit on PCI"),
      on("PCI_GODIRECT", "configuration mechanism 1 alone: no BIOS call, no MMCONFIG scan"),
      off("PCI_QUIRKS", "workarounds for real chipsets"),
      off("ACPI", "v86 describes its devices by PCI alone"),
      off("X86_UP_APIC", "v86 has a PIC unless ACPI is on"),
      on("VIRTIO_MENU", "shows the options below"),
      on("VIRTIO_PCI", "virtio over PCI"),
      on("VIRTIO_PCI_LEGACY", "the transport v86's 9p device speaks"),
      on("VIRTIO_CONSOLE", "hvc0 to hvc3: terminals and the agent's channel"),
      on("VIRTIO_NET", "raw Ethernet to the page"),
      on("NET_9P", "9P protocol"),
      on("NET_9P_VIRTIO", "9P over virtio"),
    ],
  },
  {
    title: "Memory management",
    options: [
      on("SLUB", "the allocator"),
      on("SLAB_MERGE_DEFAULT", "objects of one size share pages"),
      off("SLUB_TINY", "does without per-cgroup accounting of kernel memory"),
      off("SLUB_DEBUG", "hundreds of sysfs files made at boot"),
      off("SWAP", "there is no disk to swap to"),
    ],
  },
];

/** Every option of every group, in order. */
export function configOptions(): ConfigOption[] {
  return KERNEL_CONFIG.flatMap((group) => group.options);
}

function renderOption({ name, value }: ConfigOption): string {
  if (value === "n") return `# CONFIG_${name} is not set`;
  if (value === "y") return `CONFIG_${name}=y`;
  return "number" in value ? `CONFIG_${name}=${value.number}` : `CONFIG_${name}="${value.string}"`;
}

/** The fragment given to `make allnoconfig` as `KCONFIG_ALLCONFIG`, one group after another, in Kconfig's own syntax. */
export function renderConfig(groups: readonly ConfigGroup[] = KERNEL_CONFIG): string {
  return groups.map((group) => [`# ${group.title}`, ...group.options.map(renderOption), ""].join("\n")).join("\n");
}

/**
 * Compares a finished `.config` with what was asked for.
 *
 * @returns one sentence for each option that Kconfig did not keep (an unmet dependency, a renamed option); empty when all were kept.
 */
export function checkConfig(finished: string, options: readonly ConfigOption[] = configOptions()): string[] {
  const lines = new Set(finished.split("\n"));
  return options.flatMap((option) => {
    const { name, value } = option;
    const isSet = finished.includes(`\nCONFIG_${name}=`);
    if (value === "n") return isSet ? [`CONFIG_${name} was asked to be off, but another option selects it.`] : [];
    const line = renderOption(option);
    return lines.has(line) ? [] : [`${line} was asked for, but Kconfig dropped it (unknown, or a dependency is off).`];
  });
}
