import { expect, test } from "vitest";
import { DEFAULT_PROFILE } from "./seccomp/default-profile";
import { security } from "./security";

const of = (...SecurityOpt: string[]) => security({ SecurityOpt });

test("without options: Docker's default profile, and privileges can be gained", () => {
  expect(security({})).toEqual({ noNewPrivileges: false, seccomp: DEFAULT_PROFILE });
  expect(of("seccomp=builtin").seccomp).toBe(DEFAULT_PROFILE);
});

test("seccomp: none, or a profile that the client sends along", () => {
  expect(of("seccomp=unconfined").seccomp).toBeUndefined();
  expect(of("seccomp:unconfined").seccomp).toBeUndefined();
  const profile = '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[]}';
  expect(of(`seccomp=${profile}`).seccomp).toEqual({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [] });
  expect(of("seccomp=unconfined", "seccomp=builtin").seccomp).toBe(DEFAULT_PROFILE);
});

test("privileged means unconfined, unless a profile is given", () => {
  expect(security({ Privileged: true }).seccomp).toBeUndefined();
  const SecurityOpt = ['seccomp={"defaultAction":"SCMP_ACT_LOG"}'];
  expect(security({ Privileged: true, SecurityOpt }).seccomp?.defaultAction).toBe("SCMP_ACT_LOG");
});

test.each([
  ["no-new-privileges", true],
  ["no-new-privileges=true", true],
  ["no-new-privileges:true", true],
  ["no-new-privileges=1", true],
  ["no-new-privileges=false", false],
])("%s", (option, expected) => expect(of(option).noNewPrivileges).toBe(expected));

test.each([
  ["nonsense", 'invalid --security-opt 1: "nonsense"'],
  ["no-new-privileges=perhaps", 'invalid --security-opt 2: "no-new-privileges=perhaps"'],
  ["selinux=off", 'invalid --security-opt 2: "selinux=off"'],
])("%s is refused in Docker's words", (option, message) => expect(() => of(option)).toThrow(message));

test("label and apparmor are taken, as on a Linux that has neither SELinux nor AppArmor", () => {
  expect(of("label=disable", "apparmor=unconfined", "disable").noNewPrivileges).toBe(false);
});
