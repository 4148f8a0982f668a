import { describe, expect, test } from "vitest";
import { compileDeviceRules, DEFAULT_DEVICE_RULES, parseDeviceRule, type DeviceRule } from "./device-rule";

const ACCESS = { m: 1, r: 2, w: 4 };
const TYPES = { b: 1, c: 2 };

/** Runs a program as the kernel does; only the instructions that such programs have. */
function run(bytes: Uint8Array, context: readonly [type: number, major: number, minor: number]): number {
  const view = new DataView(bytes.buffer);
  const registers = new Array<number>(10).fill(NaN);
  for (let at = 0; ; at++) {
    if (8 * at >= bytes.length) throw new Error("the program runs out");
    const [code, both] = [bytes[8 * at], bytes[8 * at + 1]];
    const [to, from] = [both & 15, both >> 4];
    const immediate = view.getInt32(8 * at + 4, true);
    if (code === 0x61) registers[to] = context[view.getInt16(8 * at + 2, true) / 4];
    else if (code === 0xbc) registers[to] = registers[from];
    else if (code === 0xb4) registers[to] = immediate;
    else if (code === 0x54) registers[to] &= immediate;
    else if (code === 0x74) registers[to] >>>= immediate;
    else if (code === 0x56) at += registers[to] === immediate ? 0 : view.getInt16(8 * at + 2, true);
    else if (code === 0x95) return registers[0];
    else throw new Error(`no such instruction: ${code.toString(16)}`);
  }
}

/** Whether a device may be used so: `c 1:3 rw`. */
function may(rules: readonly DeviceRule[], use: string): boolean {
  const { type, major = 0, minor = 0, access } = parseDeviceRule(use);
  const wanted = [...access].reduce((bits, letter) => bits | ACCESS[letter as keyof typeof ACCESS], 0);
  return run(compileDeviceRules(rules), [(wanted << 16) | TYPES[type as "b" | "c"], major, minor]) === 1;
}

describe("what every container may use", () => {
  test.each(["c 1:3 rw", "c 1:9 r", "c 5:0 rw", "c 5:2 rw", "c 136:7 rw", "c 1:11 m", "b 8:0 m"])("%s", (use) =>
    expect(may(DEFAULT_DEVICE_RULES, use)).toBe(true),
  );
  test.each(["c 1:11 r", "b 8:0 r", "b 8:0 rm", "c 10:229 rw", "b 1:3 r", "c 1:1 rw"])("not %s", (use) =>
    expect(may(DEFAULT_DEVICE_RULES, use)).toBe(false),
  );
});

test("a rule allows what it names, and a use that is only partly allowed is not", () => {
  const rules = ["c 4:64 r", "b *:5 w", "a 7:* rwm"].map(parseDeviceRule);
  expect(may(rules, "c 4:64 r")).toBe(true);
  expect(may(rules, "c 4:64 rw")).toBe(false);
  expect(may(rules, "b 200:5 w")).toBe(true);
  expect(may(rules, "b 200:6 w")).toBe(false);
  expect([may(rules, "c 7:1 rw"), may(rules, "b 7:1 m")]).toEqual([true, true]);
});

test("rules by chance say what a list that is gone through says", () => {
  const seed = Date.now() >>> 0;
  let state = seed;
  const pick = <T>(items: readonly T[]): T => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return items[Math.floor((state / 2 ** 32) * items.length)];
  };
  const numbers = [undefined, 0, 1, 5, 255];
  const accesses = ["r", "w", "m", "rw", "rm", "wm", "rwm"];
  for (let round = 0; round < 500; round++) {
    const rules = Array.from({ length: pick([0, 1, 2, 5]) }, (): DeviceRule => ({
      type: pick(["a", "b", "c"] as const),
      major: pick(numbers),
      minor: pick(numbers),
      access: pick(accesses),
    }));
    const use = { type: pick(["b", "c"]), major: pick([0, 1, 5, 9]), minor: pick([0, 1, 255]), access: pick(accesses) };
    const expected = rules.some(
      ({ type, major, minor, access }) =>
        (type === "a" || type === use.type) &&
        (major ?? use.major) === use.major &&
        (minor ?? use.minor) === use.minor &&
        [...use.access].every((letter) => access.includes(letter)),
    );
    expect(may(rules, `${use.type} ${use.major}:${use.minor} ${use.access}`), `seed ${seed}`).toBe(expected);
  }
});

test("everything is allowed by a program without a part that is never reached, which the kernel would refuse", () => {
  expect(compileDeviceRules([...DEFAULT_DEVICE_RULES, parseDeviceRule("a *:* rwm")])).toHaveLength(16);
});

test.each(["c 1:3", "d 1:3 r", "c 1:3 x", "c 1 rwm", "c -1:3 r"])("%s is no rule", (text) =>
  expect(() => parseDeviceRule(text)).toThrow(`invalid device cgroup rule format: '${text}'`),
);
