import { expect, test } from "vitest";
import { StepCode } from "../protocol/boxd";
import { encodePlan } from "./encode";
import { explain } from "./explain";
import type { Plan, Step } from "./step";

/** Number and code of each step, as boxd reads them; wrappers are followed by what is inside. */
function headers(bytes: Uint8Array, wrapped: ReadonlyMap<number, number>): [number, number][] {
  const found: [number, number][] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    const code = view.getUint8(at + 2);
    const length = view.getUint32(at + 3, true);
    found.push([view.getUint16(at, true), code]);
    const fields = wrapped.get(code);
    if (fields !== undefined) found.push(...headers(bytes.subarray(at + 7 + fields, at + 7 + length), wrapped));
    at += 7 + length;
  }
  return found;
}

const why = "";
const exec: Step = { kind: "exec", argv: ["sh"], why };

test("steps have the numbers that an explanation gives them", () => {
  const plan: Plan = [
    { kind: "mkdir", path: "/a", why },
    {
      kind: "unshare",
      namespaces: ["mnt", "pid"],
      fork: true,
      why,
      inside: [
        { kind: "chdir", path: "/", why },
        { kind: "setpriv", privileges: {}, why, inside: [exec] },
      ],
    },
  ];
  const wrapped = new Map<number, number>([
    [StepCode.UNSHARE, 5],
    [StepCode.SETPRIV, 20],
  ]);
  expect(headers(encodePlan(plan), wrapped)).toEqual([
    [1, StepCode.MKDIR],
    [2, StepCode.UNSHARE],
    [3, StepCode.CHDIR],
    [4, StepCode.SETPRIV],
    [4, StepCode.EXEC],
  ]);
  expect(explain(plan).map(({ number }) => number)).toEqual([1, 2, 3, 4]);
});

test.each<[string, Step]>([
  ["a NUL in a text", { kind: "mkdir", path: "/a\0b", why }],
  ["an address without its prefix", { kind: "addressAdd", device: "eth0", address: "10.0.0.1", why }],
  ["an address beyond 255", { kind: "addressAdd", device: "eth0", address: "10.0.0.256/8", why }],
  ["half a MAC address", { kind: "linkAddress", name: "eth0", mac: "02:42", why }],
  ["a mode that is not octal", { kind: "mkdir", path: "/a", mode: "999", why }],
  ["a capability that is none", { kind: "setpriv", privileges: { bounding: ["fly"] }, why, inside: [exec] }],
])("%s is refused before anything is sent", (_what, step) => {
  expect(() => encodePlan([step])).toThrow(RangeError);
});
