/** IPv4 networks and the addresses in them, as unsigned 32-bit numbers. */

export interface Subnet {
  /** The first address: that of the network. */
  address: number;
  prefix: number;
}

/** @throws RangeError for what is no address */
export function parseIpv4(text: string): number {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (!parts || parts.some((part) => part > 255)) throw new RangeError(`invalid IPv4 address: ${text}`);
  return parts.reduce((address, part) => address * 256 + part, 0);
}

export function formatIpv4(address: number): string {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join(".");
}

/** @throws RangeError for what is no subnet, or names an address inside of one */
export function parseSubnet(text: string): Subnet {
  const [address, prefix, more] = text.split("/");
  if (more !== undefined || !/^\d{1,2}$/.test(prefix ?? "") || Number(prefix) > 32)
    throw new RangeError(`invalid CIDR address: ${text}`);
  const subnet = { address: parseIpv4(address), prefix: Number(prefix) };
  if ((subnet.address & mask(subnet.prefix)) >>> 0 !== subnet.address)
    throw new RangeError(
      `invalid subnet ${text}: it should be ${formatSubnet({ ...subnet, address: (subnet.address & mask(subnet.prefix)) >>> 0 })}`,
    );
  return subnet;
}

export function formatSubnet({ address, prefix }: Subnet): string {
  return `${formatIpv4(address)}/${prefix}`;
}

export function contains(subnet: Subnet, address: number): boolean {
  return (address & mask(subnet.prefix)) >>> 0 === subnet.address;
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.prefix <= b.prefix ? contains(a, b.address) : contains(b, a.address);
}

/**
 * The first free address for a host, of a range in the subnet if one is given; undefined when all are taken. The first and
 * the last of a subnet are nobody's.
 */
export function freeAddress(subnet: Subnet, taken: ReadonlySet<number>, range: Subnet = subnet): number | undefined {
  const first = Math.max(range.address, subnet.address + 1);
  const last = Math.min(lastOf(range), lastOf(subnet) - 1);
  for (let address = first; address <= last; address++) if (!taken.has(address)) return address;
  return undefined;
}

function lastOf({ address, prefix }: Subnet): number {
  return address + 2 ** (32 - prefix) - 1;
}

function mask(prefix: number): number {
  return prefix === 0 ? 0 : (-1 << (32 - prefix)) >>> 0;
}
