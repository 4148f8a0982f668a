import type { OptionKind } from "../option-kinds";
import { ramInBytes } from "../size";
import { isAddress } from "./address";
import { parseMount } from "./mount-spec";
import { parseNetwork } from "./network-spec";

const each = (read: (text: string) => unknown): OptionKind => ({
  initial: [],
  read: (text, before) => [...(before as unknown[]), read(text)],
});

const ipAddress = (text: string): string => {
  if (!isAddress(text.trim())) throw new Error(`IP address is not correctly formatted: ${text}`);
  return text.trim();
};

const STREAMS = ["stdin", "stdout", "stderr"];

const attach = (text: string): string => {
  if (!STREAMS.includes(text.toLowerCase())) throw new Error("valid streams are STDIN, STDOUT and STDERR");
  return text.toLowerCase();
};

const extraHost = (text: string): string => {
  const at = text.search(/[=:]/);
  const name = text.slice(0, at);
  if (at <= 0) throw new Error(`bad format for add-host: ${JSON.stringify(text)}`);
  const value = text.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
  if (value !== "host-gateway" && !isAddress(value))
    throw new Error(`invalid IP address in add-host: ${JSON.stringify(value)}`);
  return `${name}:${value}`;
};

const env = (text: string): string => {
  if (text === "" || text.startsWith("=")) throw new Error(`invalid environment variable: ${text}`);
  return text;
};

const label = (text: string): string => {
  const name = text.split("=")[0].trim();
  if (name === "") throw new Error(`invalid label '${text}': empty name`);
  if (/\s/.test(name)) throw new Error(`label '${name}' contains whitespaces`);
  return text;
};

const link = (text: string): string => {
  if (text === "") throw new Error("empty string specified for links");
  if (text.split(":").length > 2) throw new Error(`bad format for links: ${text}`);
  return text;
};

const SYSCTLS = [
  "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni",
  "kernel.shm_rmid_forced",
]; // prettier-ignore

const sysctl = (text: string): string => {
  const [name] = text.split("=");
  if (text.includes("=") && (SYSCTLS.includes(name) || /^(net|fs\.mqueue)\./.test(name))) return text;
  throw new Error(`sysctl '${text}' is not allowed`);
};

const DEVICE_RULE = /^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/;

const deviceRule = (text: string): string => {
  if (!DEVICE_RULE.test(text)) throw new Error(`invalid device cgroup format '${text}'`);
  return text;
};

const split = (text: string): [string, string] => {
  const at = text.indexOf(":");
  if (at < 0) throw new Error(`bad format: ${text}`);
  if (!text.startsWith("/dev/")) throw new Error(`bad format for device path: ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
};

const weightDevice = (text: string): { Path: string; Weight: number } => {
  const [Path, weight] = split(text);
  if (!/^\d+$/.test(weight) || (Number(weight) !== 0 && (Number(weight) < 10 || Number(weight) > 1000)))
    throw new Error(`invalid weight for device: ${text}`);
  return { Path, Weight: Number(weight) };
};

const bpsDevice = (text: string): { Path: string; Rate: number } => {
  const [Path, rate] = split(text);
  try {
    return { Path, Rate: ramInBytes(rate) };
  } catch {
    throw new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
    );
  }
};

const iopsDevice = (text: string): { Path: string; Rate: number } => {
  const [Path, rate] = split(text);
  if (!/^\d+$/.test(rate))
    throw new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a positive integer`,
    );
  return { Path, Rate: Number(rate) };
};

const ULIMITS = "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(
  " ",
);

const ulimit = (text: string): { Name: string; Hard: number; Soft: number } => {
  const at = text.indexOf("=");
  if (at < 0) throw new Error(`invalid ulimit argument: ${text}`);
  const name = text.slice(0, at);
  if (!ULIMITS.includes(name)) throw new Error(`invalid ulimit type: ${name}`);
  const parts = text.slice(at + 1).split(":");
  if (parts.length > 2)
    throw new Error(`too many limit value arguments - ${text.slice(at + 1)}, can only have up to two, \`soft[:hard]\``);
  const [soft, hard = soft] = parts.map((part) => {
    if (!/^[-+]?\d+$/.test(part)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(part)}: invalid syntax`);
    return Number(part);
  });
  if (hard !== -1 && (soft === -1 || soft > hard))
    throw new Error(
      soft === -1
        ? `ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: ${hard}`
        : `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`,
    );
  return { Name: name, Hard: hard, Soft: soft };
};

/** The kinds of values that `run` and `create` check while they read the line. */
export const CREATE_KINDS: Record<string, OptionKind> = {
  attach: each(attach),
  host: each(extraHost),
  address: each(ipAddress),
  env: each(env),
  label: each(label),
  link: each(link),
  sysctl: each(sysctl),
  rule: each(deviceRule),
  weightDevice: each(weightDevice),
  bpsDevice: each(bpsDevice),
  iopsDevice: each(iopsDevice),
  ulimit: each(ulimit),
  mount: each(parseMount),
  network: each(parseNetwork),
};
