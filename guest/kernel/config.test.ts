import { expect, test } from "vitest";
import { checkConfig, configOptions, KERNEL_CONFIG, renderConfig } from "./config";

test("no option is named twice", () => {
  const names = configOptions().map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test("every option has its reason", () => {
  expect(configOptions().filter(({ reason }) => reason.length < 5)).toEqual([]);
});

test("a configuration with every value is accepted", () => {
  expect(checkConfig(`\n${renderConfig()}\n`)).toEqual([]);
});

test("what Kconfig dropped, changed or added is named", () => {
  const options = KERNEL_CONFIG.flatMap((group) => group.options);
  const finished = `\n${renderConfig()}\n`
    .replace("CONFIG_OVERLAY_FS=y", "# CONFIG_OVERLAY_FS is not set")
    .replace("# CONFIG_IPV6 is not set", "CONFIG_IPV6=y")
    .replace('CONFIG_LOCALVERSION="-glassbox"', 'CONFIG_LOCALVERSION=""');
  const problems = checkConfig(finished, options).join("\n");
  expect(problems).toContain("CONFIG_OVERLAY_FS=y was asked for");
  expect(problems).toContain("CONFIG_IPV6 was asked to be off");
  expect(problems).toContain('CONFIG_LOCALVERSION="-glassbox" was asked for');
  expect(checkConfig(finished, options)).toHaveLength(3);
});
