import { csvFields } from "../option-kinds";

/** One `--network`: a name, or `name=mine,alias=db,ip=10.0.0.2`. */
export interface NetworkSpec {
  target: string;
  aliases: string[];
  driverOpts: Record<string, string>;
  links: string[];
  ipv4: string;
  ipv6: string;
  linkLocal: string[];
  macAddress: string;
}

/** Throws an Error worded as Docker's. */
export const parseNetwork = (text: string): NetworkSpec => {
  const spec: NetworkSpec = {
    target: "",
    aliases: [],
    driverOpts: {},
    links: [],
    ipv4: "",
    ipv6: "",
    linkLocal: [],
    macAddress: "",
  };
  if (!/name=|alias=|driver-opt=|ip6?=|mac-address=|link-local-ip=/.test(text)) {
    spec.target = text;
    return spec;
  }
  for (const field of csvFields(text)) {
    const at = field.indexOf("=");
    if (at < 0) throw new Error(`invalid field ${field}`);
    const key = field.slice(0, at).trim().toLowerCase();
    const value = field
      .slice(at + 1)
      .trim()
      .toLowerCase();
    if (key === "name") spec.target = value;
    else if (key === "alias") spec.aliases.push(value);
    else if (key === "driver-opt") {
      const equals = value.indexOf("=");
      if (equals < 0) throw new Error("invalid key value pair format in driver options");
      spec.driverOpts[value.slice(0, equals).trim()] = value.slice(equals + 1).trim();
    } else if (key === "ip") spec.ipv4 = value;
    else if (key === "ip6") spec.ipv6 = value;
    else if (key === "mac-address") spec.macAddress = value;
    else if (key === "link-local-ip") spec.linkLocal.push(value);
    else throw new Error(`invalid field key ${key}`);
  }
  if (spec.target === "") throw new Error("network name/id is not specified");
  return spec;
};
