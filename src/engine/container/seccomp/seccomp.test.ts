import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CAPABILITIES } from "../../../protocol/capability";
import { DEFAULT_CAPABILITIES } from "../defaults";
import { compileFilter } from "./compile";
import { DEFAULT_PROFILE } from "./default-profile";
import { interpret as run, type Call } from "./interpret.testing";
import { MAX_PROFILE_BYTES, parseProfile, type SeccompProfile } from "./profile";
import { SYSCALLS } from "./syscalls";

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const errno = (number: number) => 0x00050000 + number;
const EPERM = errno(1);
const ENOSYS = errno(38);

const around = (capabilities: readonly string[]) => ({ capabilities, kernel: "6.12.107-glassbox" });
const filter = (profile: SeccompProfile, capabilities = DEFAULT_CAPABILITIES) =>
  compileFilter(profile, around(capabilities));
const number = (name: string) => SYSCALLS.get(name)!;
const interpret = (program: Uint8Array, call: Call) => run(program, call).value;
/** What a filter says to a call by name. */
const ask = (program: Uint8Array, name: string, ...args: number[]) => interpret(program, { nr: number(name), args });

describe("the table of system calls", () => {
  test("has the ends of what Linux 6.12 has", () => {
    expect([number("restart_syscall"), number("exit"), number("mseal")]).toEqual([0, 1, 462]);
  });

  const header = "/usr/include/x86_64-linux-gnu/asm/unistd_32.h";
  test.skipIf(!existsSync(header))("says what this machine's own header says, of whatever version it is", () => {
    const theirs = [...readFileSync(header, "utf8").matchAll(/^#define __NR_(\w+) (\d+)$/gm)];
    expect(theirs.length).toBeGreaterThan(400);
    for (const [, name, value] of theirs)
      if (Number(value) <= 462) expect([name, number(name)]).toEqual([name, Number(value)]);
  });
});

describe("Docker's default profile", () => {
  const plain = filter(DEFAULT_PROFILE);
  const with_ = (...more: string[]) => filter(DEFAULT_PROFILE, [...DEFAULT_CAPABILITIES, ...more]);

  test.each(
    "read write openat execve fork vfork clone mmap2 socketcall ptrace futex_time64 waitpid modify_ldt chroot".split(
      " ",
    ),
  )("%s is allowed", (name) => expect(ask(plain, name)).toBe(ALLOW));

  // The table "Significant syscalls blocked by the default profile" of docs.docker.com/engine/security/seccomp, as far as
  // i386 has them, without clone and personality, which depend on their arguments.
  test.each(
    `acct add_key bpf clock_settime clock_settime64 create_module delete_module finit_module get_kernel_syms get_mempolicy
     init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_load keyctl lookup_dcookie mbind
     mount move_pages nfsservctl open_by_handle_at perf_event_open pivot_root query_module quotactl reboot request_key
     set_mempolicy setns settimeofday stime swapon swapoff sysfs _sysctl umount umount2 unshare uselib userfaultfd ustat
     vm86 vm86old`.split(/\s+/),
  )("%s is forbidden, as Docker's documentation says", (name) => expect(ask(plain, name)).toBe(EPERM));

  test.each([
    ["sys_admin", "mount"],
    ["sys_admin", "unshare"],
    ["sys_boot", "reboot"],
    ["sys_module", "init_module"],
    ["sys_pacct", "acct"],
    ["sys_rawio", "iopl"],
    ["sys_time", "clock_settime64"],
    ["sys_nice", "mbind"],
    ["syslog", "syslog"],
    ["bpf", "bpf"],
    ["dac_read_search", "open_by_handle_at"],
  ])("with %s comes %s, and nothing that belongs to another capability", (capability, call) => {
    expect(ask(plain, call)).toBe(EPERM);
    expect(ask(with_(capability), call)).toBe(ALLOW);
    expect(ask(with_(capability), "keyctl")).toBe(EPERM);
    expect(ask(with_(capability), "vhangup")).toBe(EPERM);
  });

  test("without sys_chroot there is no chroot", () => {
    expect(ask(filter(DEFAULT_PROFILE, []), "chroot")).toBe(EPERM);
  });

  test("all capabilities leave what no capability brings", () => {
    const all = filter(DEFAULT_PROFILE, CAPABILITIES);
    expect(["keyctl", "swapon", "kexec_load", "userfaultfd", "io_uring_setup"].map((name) => ask(all, name))).toEqual(
      Array(5).fill(EPERM),
    );
  });

  test("clone makes processes and threads, but no namespace", () => {
    const SIGCHLD = 17;
    const CLONE_VM = 0x100;
    expect(ask(plain, "clone", CLONE_VM | SIGCHLD)).toBe(ALLOW);
    for (const namespace of [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000])
      expect(ask(plain, "clone", namespace | SIGCHLD)).toBe(EPERM);
    expect(ask(with_("sys_admin"), "clone", 0x10000000)).toBe(ALLOW);
  });

  test("clone3 is as if the kernel had none, so that libraries take clone", () => {
    expect(ask(plain, "clone3")).toBe(ENOSYS);
    expect(ask(with_("sys_admin"), "clone3")).toBe(ALLOW);
  });

  test("personality: only the harmless ones", () => {
    expect([0, 8, 0x20000, 0x20008, 0xffffffff].map((persona) => ask(plain, "personality", persona))).toEqual(
      Array(5).fill(ALLOW),
    );
    // ADDR_NO_RANDOMIZE
    expect(ask(plain, "personality", 0x0040000)).toBe(EPERM);
  });

  test("sockets: usual families, not that of the hypervisor nor that of the kernel's cryptography", () => {
    const AF = { UNIX: 1, INET: 2, NETLINK: 16, PACKET: 17, ALG: 38, VSOCK: 40, XDP: 44 };
    const say = (family: number) => ask(plain, "socket", family);
    expect([AF.UNIX, AF.INET, AF.NETLINK, AF.PACKET, AF.XDP].map(say)).toEqual(Array(5).fill(ALLOW));
    expect([AF.ALG, AF.VSOCK, 46].map(say)).toEqual(Array(3).fill(EPERM));
  });

  test("a call that is newer than the profile is unknown, not forbidden", () => {
    expect(interpret(plain, { nr: 463 })).toBe(ENOSYS);
    expect(interpret(plain, { nr: -1 })).toBe(ENOSYS);
  });

  test("numbers of another architecture are not looked up in this table", () => {
    expect(interpret(plain, { nr: number("read"), arch: 0xc000003e })).toBe(KILL_PROCESS);
  });

  test("takes sixteen instructions at most for a call whose arguments do not matter", () => {
    const depends = new Set(["clone", "personality", "socket"]);
    const calls = [...SYSCALLS].filter(([name]) => !depends.has(name));
    const steps = calls.map(([, nr]) => run(plain, { nr }).steps);
    expect(Math.max(...steps)).toBeLessThanOrEqual(16);
  });
});

describe("a profile of one's own", () => {
  const profile = (more: object) => parseProfile(JSON.stringify(more))!;

  test("may forbid what it names and allow the rest, also what is newer", () => {
    const program = filter(
      profile({
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [
          { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 30 },
          { name: "reboot", action: "SCMP_ACT_KILL_PROCESS" },
          { names: ["no_such_call"], action: "SCMP_ACT_KILL" },
        ],
      }),
    );
    expect([ask(program, "mkdir"), ask(program, "mkdirat"), ask(program, "rmdir")]).toEqual([
      errno(30),
      errno(30),
      ALLOW,
    ]);
    expect(ask(program, "reboot")).toBe(KILL_PROCESS);
    expect(interpret(program, { nr: 463 })).toBe(ALLOW);
  });

  test.each([
    ["SCMP_CMP_EQ", [4, 5, 6], [5]],
    ["SCMP_CMP_NE", [4, 5, 6], [4, 6]],
    ["SCMP_CMP_LT", [4, 5, 6], [4]],
    ["SCMP_CMP_LE", [4, 5, 6], [4, 5]],
    ["SCMP_CMP_GT", [4, 5, 0xffffffff], [0xffffffff]],
    ["SCMP_CMP_GE", [4, 5, 6], [5, 6]],
  ])("%s compares an argument without a sign", (op, values, fitting) => {
    const program = filter(
      profile({
        defaultAction: "SCMP_ACT_ERRNO",
        syscalls: [{ names: ["ioctl"], action: "SCMP_ACT_ALLOW", args: [{ index: 1, value: 5, op }] }],
      }),
    );
    expect(values.filter((value) => ask(program, "ioctl", 0, value) === ALLOW)).toEqual(fitting);
  });

  test("conditions on several arguments are all to hold, several on one are alternatives", () => {
    const args = (first: number, second: number) => [
      { index: first, value: 1, op: "SCMP_CMP_EQ" },
      { index: second, value: 2, op: "SCMP_CMP_EQ" },
    ];
    const program = filter(
      profile({
        defaultAction: "SCMP_ACT_ERRNO",
        syscalls: [
          { names: ["openat"], action: "SCMP_ACT_ALLOW", args: args(0, 5) },
          { names: ["open"], action: "SCMP_ACT_ALLOW", args: args(3, 3) },
        ],
      }),
    );
    expect(ask(program, "openat", 1, 0, 0, 0, 0, 2)).toBe(ALLOW);
    expect(ask(program, "openat", 1, 0, 0, 0, 0, 3)).toBe(EPERM);
    expect([1, 2, 3].map((value) => ask(program, "open", 0, 0, 0, value))).toEqual([ALLOW, ALLOW, EPERM]);
  });

  test("a rule without conditions counts before one with some, wherever it stands", () => {
    const strict = { names: ["kill"], action: "SCMP_ACT_KILL", args: [{ index: 1, value: 9, op: "SCMP_CMP_EQ" }] };
    const plain = { names: ["kill"], action: "SCMP_ACT_LOG" };
    for (const syscalls of [
      [strict, plain],
      [plain, strict],
    ])
      expect(ask(filter(profile({ defaultAction: "SCMP_ACT_ERRNO", syscalls })), "kill", 1, 9)).toBe(0x7ffc0000);
  });

  test("every number gets the verdict that a list without a search would give it", () => {
    const seed = Date.now() >>> 0;
    let state = seed;
    // Numerical Recipes' generator.
    const random = (below: number) =>
      Math.floor(((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32) * below);
    const names = [...SYSCALLS.keys()];
    for (let round = 0; round < 50; round++) {
      const denied = new Map(names.filter(() => random(3) === 0).map((name) => [name, 1 + random(4000)]));
      const syscalls = [...denied].map(([name, errnoRet]) => ({
        names: [name],
        action: "SCMP_ACT_ERRNO" as const,
        errnoRet,
      }));
      const program = filter({ defaultAction: "SCMP_ACT_ALLOW", syscalls });
      const said = names.map((name) => [name, ask(program, name)]);
      const expected = names.map((name) => [name, denied.has(name) ? errno(denied.get(name)!) : ALLOW]);
      expect(said, `seed ${seed}`).toEqual(expected);
    }
  });

  test("a kernel is new enough, or too old", () => {
    const rule = (when: object) => ({
      defaultAction: "SCMP_ACT_ERRNO",
      syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW", ...when }],
    });
    const read = (when: object) => ask(filter(profile(rule(when))), "read");
    expect(read({ includes: { minKernel: "6.12" } })).toBe(ALLOW);
    expect(read({ includes: { minKernel: "6.13" } })).toBe(EPERM);
    expect(read({ excludes: { minKernel: "4.8" } })).toBe(EPERM);
    expect(read({ includes: { arches: ["amd64"] } })).toBe(EPERM);
    expect(read({ excludes: { caps: ["CAP_CHOWN"] } })).toBe(EPERM);
  });

  test.each([
    ["no JSON", "{", "Decoding seccomp profile failed"],
    ["an unknown action", '{"defaultAction":"SCMP_ACT_SING"}', 'defaultAction: there is no action "SCMP_ACT_SING"'],
    ["a listener", '{"defaultAction":"SCMP_ACT_NOTIFY"}', "needs a program that listens"],
    [
      "a seventh argument",
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_KILL","args":[{"index":6,"value":1,"op":"SCMP_CMP_EQ"}]}]}',
      "syscalls.0.args.0.index: a system call has six arguments, 0 to 5",
    ],
    ["too long a text", " ".repeat(MAX_PROFILE_BYTES + 1), "is longer than"],
    [
      "both forms of a name",
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"read","names":["write"],"action":"SCMP_ACT_KILL"}]}',
      "both 'name' and 'names' are specified",
    ],
  ])("%s is refused, and the message says where", (_what, text, message) => {
    expect(() => parseProfile(text)).toThrow(message);
  });

  test("what would be too long a filter is refused before the kernel refuses it", () => {
    const args = Array.from({ length: 1000 }, (_, value) => ({ index: 0, value, op: "SCMP_CMP_EQ" }));
    const syscalls = ["read", "write"].map((name) => ({ names: [name], action: "SCMP_ACT_KILL", args }));
    expect(() => filter(profile({ defaultAction: "SCMP_ACT_ALLOW", syscalls }))).toThrow("leave out conditions");
  });

  test("an empty one is none", () => expect(parseProfile("{}")).toBeUndefined());
});
