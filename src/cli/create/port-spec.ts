import type { PortBinding } from "../../protocol/docker";
import { isAddress } from "./address";
import { csvFields } from "../option-kinds";

/** What `-p` and `--expose` say: which ports a container shows, and where they are published. */
export interface PortSpecs {
  exposed: Record<string, object>;
  bindings: Record<string, PortBinding[]>;
}

const MAX_PORT = 65535;
const PROTOCOLS = ["tcp", "udp", "sctp"];

const portNumber = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new Error(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (Number(text) > MAX_PORT)
    throw new Error(`strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`);
  return Number(text);
};

/** Reads `80` or `80-90`. Throws an Error worded as Docker's. */
const parseRange = (text: string): [number, number] => {
  if (text === "") throw new Error("empty string specified for ports");
  const dash = text.indexOf("-");
  if (dash < 0) return [portNumber(text), portNumber(text)];
  const [start, end] = [portNumber(text.slice(0, dash)), portNumber(text.slice(dash + 1))];
  if (end < start) throw new Error(`invalid range specified for port: ${text}`);
  return [start, end];
};

const splitProtocol = (text: string): [string, string] => {
  const slash = text.indexOf("/");
  return slash < 0 ? [text, "tcp"] : [text.slice(0, slash), text.slice(slash + 1) || "tcp"];
};

/** `[ip:][hostPort:]containerPort`, where an IPv6 address may stand in brackets. */
const splitParts = (spec: string): [string, string, string] => {
  const parts = spec.split(":");
  const container = parts.pop() ?? "";
  const host = parts.pop() ?? "";
  const ip = parts.join(":");
  if (!ip.startsWith("[")) return [ip, host, container];
  if (!ip.endsWith("]")) throw new Error(`invalid IP address ${ip}: address ${ip}:: missing ']' in address`);
  return [ip.slice(1, -1), host, container];
};

/** One `-p`, short or as `target=80,published=8080`. */
const addPublished = (specs: PortSpecs, text: string): void => {
  let spec = text;
  if (text.includes("=")) {
    let target = "";
    let published = "";
    let protocol = "tcp";
    for (const field of csvFields(text)) {
      const [key, value] = [field.slice(0, field.indexOf("=")).toLowerCase(), field.slice(field.indexOf("=") + 1)];
      if (!field.includes("=") || value === "") throw new Error(`invalid field: ${field}`);
      if (key === "target") {
        target = value;
      } else if (key === "published") published = value;
      else if (key === "protocol") {
        if (!PROTOCOLS.includes(value)) throw new Error(`invalid protocol value '${value}'`);
        protocol = value;
      } else if (key === "mode") {
        if (value !== "host" && value !== "ingress")
          throw new Error(`invalid publish mode value (${value}): must be either 'ingress' or 'host'`);
      } else throw new Error(`invalid field key: ${key}`);
    }
    if (target === "") throw new Error(`missing mandatory field "target"`);
    spec = `${published ? `${published}:` : ""}${target}/${protocol}`;
  }
  const [portText, protocol] = splitProtocol(spec);
  const [ip, hostText, containerText] = splitParts(portText);
  if (ip !== "" && !isAddress(ip)) throw new Error(`invalid IP address: ${ip}`);
  if (containerText === "") throw new Error(`no port specified: ${spec}<empty>`);
  let container: [number, number];
  try {
    container = parseRange(containerText);
  } catch {
    throw new Error(`invalid containerPort: ${containerText}`);
  }
  let host: [number, number] | undefined;
  if (hostText !== "") {
    try {
      host = parseRange(hostText);
    } catch {
      throw new Error(`invalid hostPort: ${hostText}`);
    }
    // A range on the host for one port of the container: any of it.
    if (container[1] - container[0] !== host[1] - host[0] && container[1] !== container[0])
      throw new Error(`invalid ranges specified for container and host Ports: ${containerText} and ${hostText}`);
  }
  if (!PROTOCOLS.includes(protocol.toLowerCase())) throw new Error(`invalid proto: ${protocol}`);
  for (let port = container[0]; port <= container[1]; port++) {
    const key = `${port}/${protocol.toLowerCase()}`;
    let hostPort = "";
    if (host)
      hostPort =
        container[0] === container[1] && host[0] !== host[1] ? hostText : String(host[0] + port - container[0]);
    specs.exposed[key] = {};
    (specs.bindings[key] ??= []).push({ HostIp: ip, HostPort: hostPort });
  }
};

/** Reads all `-p` and `--expose`. Throws an Error worded as Docker's. */
export const parsePortSpecs = (publish: string[], expose: string[]): PortSpecs => {
  const specs: PortSpecs = { exposed: {}, bindings: {} };
  for (const text of publish) addPublished(specs, text);
  for (const text of expose) {
    if (text.includes(":")) throw new Error(`invalid port format for --expose: ${text}`);
    const [portText, protocol] = splitProtocol(text);
    let range: [number, number];
    try {
      range = parseRange(portText);
    } catch (thrown) {
      throw new Error(`invalid range format for --expose: ${text}, error: ${(thrown as Error).message}`, {
        cause: thrown,
      });
    }
    for (let port = range[0]; port <= range[1]; port++) specs.exposed[`${port}/${protocol}`] ??= {};
  }
  return specs;
};
