/** Rules of the nat table, as `iptables -S` prints them. */

export interface NatRule {
  /** Words of the command that takes it away. */
  remove: string[];
  /** The container's address that it is for. */
  address: string;
  /** Of a published port. */
  port?: { protocol: "tcp" | "udp"; hostPort: number };
}

/** The rules for single addresses: those of published ports. */
export function portRules(listing: string): NatRule[] {
  return listing.split("\n").flatMap((line): NatRule[] => {
    const words = line.split(" ");
    if (words[0] !== "-A") return [];
    const after = (option: string) => {
      const at = words.indexOf(option);
      return at < 0 ? undefined : words[at + 1];
    };
    const remove = ["iptables", "-t", "nat", "-D", ...words.slice(1)];
    const target = after("--to-destination")?.split(":")[0];
    const hostPort = Number(after("--dport"));
    const protocol = after("-p");
    if (target !== undefined && (protocol === "tcp" || protocol === "udp"))
      return [{ remove, address: target, port: { protocol, hostPort } }];
    const [source, destination] = [after("-s"), after("-d")];
    // From a container to itself.
    return source?.endsWith("/32") && source === destination ? [{ remove, address: source.slice(0, -3) }] : [];
  });
}
