/** What containers know of names: the tables of their name servers, /etc/hosts and /etc/resolv.conf. */
import type { EndpointSettings, HostConfig } from "../../protocol/docker";
import { DNS_ADDRESS, DNS_DIRECTORY } from "../../protocol/boxd";
import type { Plan } from "../../plan/step";
import { RUN_ROOT, type ContainerPaths } from "../container/paths";
import type { ContainerRecord } from "../container/record";

/** A table for each network, named by its id: what all name servers of its containers know. */
const TABLES = `${RUN_ROOT}/dns`;

/** A line of a hosts file: the first name is what an address is called. */
export interface HostLine {
  address: string;
  names: readonly string[];
}

/** The names of a container in a network that somebody made (moby `buildEndpointDNSNames`), its own first. */
export function dnsNames(record: ContainerRecord, { Aliases }: EndpointSettings): string[] {
  return [...new Set([record.name, ...(Aliases ?? []), record.id.slice(0, 12), record.config.Hostname ?? ""])].filter(
    (name) => name !== "",
  );
}

export function hostLines(lines: readonly HostLine[]): string {
  return lines.map(({ address, names }) => `${address}\t${names.join(" ")}`).join("\n");
}

/** Puts a network's table in the place of the former one, at once, so that no name server reads half of it. */
export function tablePlan(network: string, lines: readonly HostLine[]): Plan {
  const path = tablePath(network);
  return [
    { kind: "mkdir", path: TABLES, parents: true, why: "What the name servers of containers know." },
    // Its name begins with a dot: name servers pass it over.
    { kind: "write", path: `${TABLES}/.new`, text: hostLines(lines), why: "The network's containers, by name." },
    { kind: "rename", from: `${TABLES}/.new`, to: path, why: "From now on." },
  ];
}

export function tableRemovalPlan(network: string): Plan {
  return [{ kind: "remove", what: "file", path: tablePath(network), why: "Nobody is in the network any more." }];
}

function tablePath(network: string): string {
  return `${TABLES}/${network}`;
}

/** Where a container's name server looks. */
export function knowledgePlan(paths: ContainerPaths): Plan {
  return [
    {
      kind: "mkdir",
      path: `${paths.run}/${DNS_DIRECTORY}`,
      contents: "discard",
      why: "What a name server of its own would know.",
    },
  ];
}

/** Names that this container alone has for others. */
export function linksPlan(paths: ContainerPaths, links: readonly HostLine[]): Plan {
  const directory = `${paths.run}/${DNS_DIRECTORY}`;
  return [
    { kind: "write", path: `${directory}/.new`, text: hostLines(links), why: "Names that it alone has for others." },
    { kind: "rename", from: `${directory}/.new`, to: `${directory}/links`, why: "From now on." },
  ];
}

/** It knows who is in that network. */
export function knowNetworkPlan(paths: ContainerPaths, network: string): Plan {
  return [
    {
      kind: "symlink",
      target: tablePath(network),
      path: `${paths.run}/${DNS_DIRECTORY}/${network}`,
      why: "Its name server knows who is in the network.",
    },
  ];
}

export function forgetNetworkPlan(paths: ContainerPaths, network: string): Plan {
  return [
    {
      kind: "remove",
      what: "file",
      path: `${paths.run}/${DNS_DIRECTORY}/${network}`,
      why: "Its name server no longer knows who is in the network.",
    },
  ];
}

/** /etc/hosts. */
export function hostsFile(record: ContainerRecord, own: readonly HostLine[], links: readonly HostLine[]): string {
  const extra = (record.hostConfig.ExtraHosts ?? []).map((host): HostLine => {
    const at = host.indexOf(":");
    return { address: host.slice(at + 1), names: [host.slice(0, at)] };
  });
  return hostLines([
    { address: "127.0.0.1", names: ["localhost"] },
    { address: "::1", names: ["localhost", "ip6-localhost", "ip6-loopback"] },
    ...extra,
    ...links,
    ...own,
  ]);
}

/** /etc/resolv.conf: of who has a name server of its own, that one is all there is to ask. */
export function resolvConf({ Dns, DnsSearch, DnsOptions }: HostConfig, hasNameServer: boolean): string {
  const servers = hasNameServer ? [DNS_ADDRESS] : (Dns ?? []);
  const lines = servers.map((server) => `nameserver ${server}`);
  if (DnsSearch?.length) lines.push(`search ${DnsSearch.join(" ")}`);
  const options = [
    ...(DnsOptions ?? []),
    ...(hasNameServer && !DnsOptions?.some((o) => o.startsWith("ndots:")) ? ["ndots:0"] : []),
  ];
  if (options.length > 0) lines.push(`options ${options.join(" ")}`);
  return lines.join("\n") || "# No name server: this machine has none to ask.";
}
