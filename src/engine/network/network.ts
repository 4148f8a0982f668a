/** A network as it was asked for, checked in Docker's words (moby `api/types/network/ipam.go`). */
import type { IPAM } from "../../protocol/docker";
import { badParameter } from "../api/error";
import type { Bridge } from "./bridge";
import { contains, formatSubnet, parseIpv4, parseSubnet, type Subnet } from "./subnet";

export interface Network {
  id: string;
  name: string;
  driver: "bridge" | "host" | "null";
  createdAt: string;
  internal: boolean;
  attachable: boolean;
  labels: Record<string, string>;
  options: Record<string, string>;
  /** Of a bridge network. */
  bridge?: Bridge;
  /** As it was asked for; addresses of one's own choice need a subnet of one's own. */
  ipam?: IPAM | null;
}

/** What `docker network create` asks for. */
export interface NetworkRequest {
  name: string;
  driver?: string;
  internal?: boolean;
  attachable?: boolean;
  ipam?: IPAM | null;
  labels?: Record<string, string>;
  options?: Record<string, string>;
}

/** Bytes of a device's name (`IFNAMSIZ` of `include/uapi/linux/if.h`, without its NUL). */
export const DEVICE_NAME_BYTES = 15;
export const BRIDGE_NAME_OPTION = "com.docker.network.bridge.name";
export const MASQUERADE_OPTION = "com.docker.network.bridge.enable_ip_masquerade";

/** Subnets that networks get which ask for none, in this order (moby `libnetwork/ipamutils`, the local scope's defaults). */
export const POOLS: readonly string[] = [
  ...Array.from({ length: 15 }, (_, index) => `172.${17 + index}.0.0/16`),
  ...Array.from({ length: 16 }, (_, index) => `192.168.${16 * index}.0/20`),
];

export interface AddressPool {
  subnet: Subnet;
  /** Containers get theirs from here. */
  range?: Subnet;
  gateway: number;
  /** Nobody gets these. */
  reserved: number[];
}

/**
 * The first pool of what was asked for; undefined when no subnet was. One is all that a network here has.
 * @throws ApiError 400
 */
export function addressPool(ipam: IPAM | null | undefined): AddressPool | undefined {
  if (ipam?.Driver && ipam.Driver !== "default")
    throw badParameter(`could not find an IPAM driver called ${ipam.Driver}`);
  const [pool, ...more] = ipam?.Config ?? [];
  if (!pool) return undefined;
  if (more.length > 0) throw badParameter("bridge driver doesn't support multiple subnets");
  const { Subnet: text, IPRange, Gateway, AuxiliaryAddresses } = pool;
  if (!text) {
    if (IPRange || Gateway) throw badParameter("invalid network config:\nno matching subnet for the range or gateway");
    return undefined;
  }
  const subnet = attempt(() => parseSubnet(text));
  const inside = (what: string, address: string) => {
    const parsed = attempt(() => parseIpv4(address));
    if (!contains(subnet, parsed))
      throw invalid(`invalid ${what} ${address}: parent subnet ${text} doesn't contain this address`);
    return parsed;
  };
  const range = IPRange ? attempt(() => parseSubnet(IPRange)) : undefined;
  if (range && range.prefix < subnet.prefix)
    throw invalid(`invalid ip-range ${IPRange}: CIDR block is bigger than its parent subnet ${text}`);
  if (range && !contains(subnet, range.address))
    throw invalid(`invalid ip-range ${IPRange}: parent subnet ${formatSubnet(subnet)} doesn't contain ip-range`);
  if (subnet.prefix > 30) throw invalid(`invalid subnet ${text}: it has no room for a gateway and a container`);
  // With a range, the gateway is the first of that, as Docker's allocator has it.
  const first = range && range.address !== subnet.address ? range.address : subnet.address + 1;
  return {
    subnet,
    range,
    gateway: Gateway ? inside("gateway", Gateway) : first,
    reserved: Object.values(AuxiliaryAddresses ?? {}).map((address) => inside("auxiliary address", address)),
  };
}

function attempt<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    throw invalid((error as Error).message);
  }
}

function invalid(problem: string) {
  return badParameter(`invalid network config:\n${problem}`);
}

/** The device that a network asks for by an option. @throws ApiError 400 for what the kernel would refuse (`dev_valid_name`) */
export function deviceName(options: Readonly<Record<string, string>>): string | undefined {
  const name = options[BRIDGE_NAME_OPTION];
  if (!name) return undefined;
  if (
    new TextEncoder().encode(name).length > DEVICE_NAME_BYTES ||
    /[/:\s\0]/.test(name) ||
    name === "." ||
    name === ".."
  )
    throw badParameter(
      `invalid bridge name ${name}: a device's name has at most ${DEVICE_NAME_BYTES} bytes, no slash, colon or space`,
    );
  return name;
}

/** Networks that somebody made, whose containers have names for one another. */
export function isUserDefined({ driver, name }: Network): boolean {
  return driver === "bridge" && name !== "bridge";
}
