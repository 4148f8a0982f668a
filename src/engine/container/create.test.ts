import { expect, test } from "vitest";
import { checkHostConfig, mergeConfig } from "./create";
import { cpuWeight, ioWeight } from "./plan";
import { capabilities, limits } from "./resolve";

const image = {
  id: "sha256:1",
  config: { Cmd: ["serve"], Entrypoint: ["/entry"], Env: ["PATH=/bin", "A=image"], User: "app" },
};
const args = (asked: object, from: object = {}) =>
  mergeConfig(asked, { ...image, config: { ...image.config, ...from } }).args;

test("entrypoint and command: what the user says takes the place of what the image says", () => {
  expect(args({})).toEqual(["/entry", "serve"]);
  expect(args({ Cmd: ["other"] })).toEqual(["/entry", "other"]);
  expect(args({ Entrypoint: ["sh"] })).toEqual(["sh"]);
  expect(args({ Entrypoint: [""], Cmd: ["ls"] })).toEqual(["ls"]);
  expect(() => args({}, { Cmd: null, Entrypoint: null })).toThrow("no command specified");
});

test("variables of one name: the user's counts, and one without a value takes it away", () => {
  const { config } = mergeConfig({ Env: ["A=mine", "B=new", "PATH"] }, image);
  expect(config.Env).toEqual(["A=mine", "B=new"]);
  expect(config.User).toBe("app");
});

test("options that exclude one another are refused", () => {
  expect(() => checkHostConfig({ AutoRemove: true, RestartPolicy: { Name: "always", MaximumRetryCount: 0 } })).toThrow(
    "can't create 'AutoRemove' container with restart policy",
  );
  expect(() => checkHostConfig({ Memory: 1 << 20 })).toThrow("Minimum memory limit allowed is 6MB");
  expect(() => checkHostConfig({ CapAdd: ["FLY"] })).toThrow('unknown capability: "FLY"');
  expect(() => mergeConfig({ WorkingDir: "here", Cmd: ["x"] }, image)).toThrow("it needs to be an absolute path");
});

test("capabilities: fourteen, more, fewer, all", () => {
  expect(capabilities({})).toHaveLength(14);
  expect(capabilities({ CapDrop: ["ALL"], CapAdd: ["NET_RAW", "cap_chown"] })).toEqual(["net_raw", "chown"]);
  expect(capabilities({ CapAdd: ["ALL"], CapDrop: ["SYS_ADMIN"] })).not.toContain("sys_admin");
  expect(capabilities({ Privileged: true })).toHaveLength(41);
});

test("processors: --cpus is a quota, shares and weights are translated as runc does it", () => {
  expect(limits({ NanoCpus: 1_500_000_000 })).toMatchObject({ cpuQuotaUs: 150_000, cpuPeriodUs: 100_000 });
  expect([cpuWeight(2), cpuWeight(1024), cpuWeight(262144)]).toEqual([1, 39, 10000]);
  expect([ioWeight(10), ioWeight(1000)]).toEqual([1, 10000]);
});
