/** The networks of the engine, and what of them containers have: addresses, names, published ports. */
import type { EndpointSettings, HostConfig } from "../../protocol/docker";
import type { Plan } from "../../plan/step";
import { undoAll } from "../../plan/undo";
import { ApiError, badParameter, conflict, notFound } from "../api/error";
import type { ContainerRecord } from "../container/record";
import { formatInstant, type Context } from "../context";
import { randomId } from "../identity";
import { bridgePlan, endpointPlan, macOf, publishPlan, sandboxPlan, type Bridge, type PublishedPort } from "./bridge";
import { portRules } from "./nat-rule";
import {
  contains,
  formatIpv4,
  formatSubnet,
  freeAddress,
  overlaps,
  parseIpv4,
  parseSubnet,
  type Subnet,
} from "./subnet";

export interface Network {
  id: string;
  name: string;
  driver: "bridge" | "host" | "null";
  createdAt: string;
  internal: boolean;
  labels: Record<string, string>;
  options: Record<string, string>;
  /** Of a bridge network. */
  bridge?: Bridge;
}

/** What a container gets when it starts. */
export interface Joined {
  plan: Plan;
  hosts: string;
  resolvConf: string;
}

/** Subnets that new networks get, one after the other, as Docker's default address pools have them. */
const POOLS: readonly string[] = Array.from({ length: 16 }, (_, index) => `172.${17 + index}.0.0/16`).slice(0, 15);
const EPHEMERAL_FIRST = 32768;
const EPHEMERAL_LAST = 60999;

export class Networks {
  #context: Context;
  #all = new Map<string, Network>();
  /** Networks whose device there is. */
  #made = new Set<string>();
  /** Addresses that are somebody's, by network, and ports of the host. */
  #addresses = new Map<string, Map<number, string>>();
  #ports = new Map<string, string>();

  constructor(context: Context) {
    this.#context = context;
    const createdAt = formatInstant(context.nowNs());
    const make = (name: string, driver: Network["driver"], bridge?: Bridge) => {
      const id = randomId(context.random);
      const network = { id, name, driver, createdAt, internal: false, labels: {}, options: {}, bridge };
      this.#all.set(id, network);
    };
    const subnet = parseSubnet(POOLS[0]);
    make("bridge", "bridge", { device: "docker0", subnet, gateway: subnet.address + 1 });
    make("host", "host");
    make("none", "null");
  }

  all(): Network[] {
    return [...this.#all.values()];
  }

  /** @throws ApiError 404 */
  find(name: string): Network {
    const exact = this.#all.get(name) ?? this.all().find((network) => network.name === name);
    const beginning = exact ? [exact] : this.all().filter(({ id }) => name !== "" && id.startsWith(name));
    if (beginning.length > 1)
      throw badParameter(`network ${name} is ambiguous (${beginning.length} matches found based on ID prefix)`);
    if (beginning.length === 0) throw notFound(`network ${name} not found`);
    return beginning[0];
  }

  /** `default` is the network called bridge. */
  nameOf(mode: string): string {
    if (mode === "" || mode === "default") return "bridge";
    return this.all().find(({ id, name }) => id === mode || name === mode)?.name ?? mode;
  }

  async create(asked: {
    name: string;
    driver?: string;
    internal?: boolean;
    subnet?: string;
    gateway?: string;
    labels?: Record<string, string>;
    options?: Record<string, string>;
  }): Promise<Network> {
    const { name, driver = "bridge" } = asked;
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) throw badParameter(`invalid network name: ${name}`);
    if (this.all().some((network) => network.name === name)) throw conflict(`network with name ${name} already exists`);
    if (driver !== "bridge") throw notFound(`could not find plugin ${driver} in v1 plugin registry: plugin not found`);
    const subnet = asked.subnet ? this.#given(asked.subnet) : this.#free();
    const id = randomId(this.#context.random);
    const gateway = asked.gateway ? parseIpv4(asked.gateway) : subnet.address + 1;
    const network: Network = {
      id,
      name,
      driver: "bridge",
      createdAt: formatInstant(this.#context.nowNs()),
      internal: asked.internal ?? false,
      labels: asked.labels ?? {},
      options: asked.options ?? {},
      bridge: { device: `br-${id.slice(0, 12)}`, subnet, gateway },
    };
    this.#all.set(id, network);
    try {
      await this.#make(network);
    } catch (error) {
      this.#all.delete(id);
      throw error;
    }
    this.#context.events.emit("network", "create", id, { name, type: driver });
    return network;
  }

  #given(text: string): Subnet {
    let subnet: Subnet;
    try {
      subnet = parseSubnet(text);
    } catch (error) {
      throw badParameter((error as Error).message);
    }
    if (this.all().some(({ bridge }) => bridge && overlaps(bridge.subnet, subnet)))
      throw new ApiError(403, "Pool overlaps with other one on this address space");
    return subnet;
  }

  #free(): Subnet {
    const free = POOLS.map(parseSubnet).find(
      (subnet) => !this.all().some(({ bridge }) => bridge && overlaps(bridge.subnet, subnet)),
    );
    if (!free) throw new ApiError(400, "all predefined address pools have been fully subnetted");
    return free;
  }

  async #make(network: Network): Promise<void> {
    if (!network.bridge || this.#made.has(network.id)) return;
    this.#made.add(network.id);
    try {
      await this.#context.boxd.take(bridgePlan(network.bridge));
    } catch (error) {
      this.#made.delete(network.id);
      throw error;
    }
  }

  async remove(network: Network): Promise<void> {
    if (["bridge", "host", "none"].includes(network.name))
      throw new ApiError(403, `${network.name} is a pre-defined network and cannot be removed`);
    const users = this.#addresses.get(network.id);
    if (users?.size)
      throw new ApiError(
        403,
        `error while removing network: network ${network.name} id ${network.id} has active endpoints`,
      );
    if (network.bridge && this.#made.has(network.id))
      for (const step of undoAll(bridgePlan(network.bridge)).plan)
        await this.#context.boxd.take([step]).catch(() => {});
    this.#all.delete(network.id);
    this.#made.delete(network.id);
    this.#context.events.emit("network", "destroy", network.id, { name: network.name, type: network.driver });
  }

  /**
   * Takes over what an earlier engine left in the guest: addresses and ports of containers that run are theirs, rules of others
   * go. A bridge that no running container is on is made anew when it is needed, since it may be half made.
   */
  async restore(running: readonly ContainerRecord[]): Promise<void> {
    const { guest, boxd } = this.#context;
    const devices = new Set(await boxd.names("/sys/class/net"));
    const bridges = this.all().filter(({ bridge }) => bridge && devices.has(bridge.device));
    if (bridges.length === 0) return;
    const listed = await guest.execute({ argv: ["iptables", "-t", "nat", "-S"], purpose: "rules of published ports" });
    const rules = portRules(new TextDecoder().decode(listed.stdout));
    const holders = new Map<string, string>();
    for (const record of running)
      for (const [name, { IPAddress }] of Object.entries(record.endpoints)) {
        const network = this.all().find((each) => each.name === name);
        if (!network || !IPAddress) continue;
        holders.set(IPAddress, record.id);
        const taken = this.#addresses.get(network.id) ?? new Map<number, string>();
        this.#addresses.set(network.id, taken.set(parseIpv4(IPAddress), record.id));
        this.#made.add(network.id);
      }
    for (const { address, port, remove } of rules) {
      const holder = holders.get(address);
      if (holder !== undefined && port) this.#ports.set(`${port.hostPort}/${port.protocol}`, holder);
      if (holder === undefined)
        await guest.execute({ argv: remove, purpose: "a rule of a container that does not run" });
    }
    for (const { id, bridge } of bridges)
      if (bridge && !this.#made.has(id))
        for (const step of undoAll(bridgePlan(bridge)).plan) await boxd.take([step]).catch(() => {});
  }

  /** What a container's network takes when it starts; its record then has its addresses. @throws ApiError */
  async join(record: ContainerRecord, netns: string): Promise<Joined> {
    const { hostConfig } = record;
    const mode = hostConfig.NetworkMode ?? "default";
    if (mode === "host" || mode.startsWith("container:"))
      return { plan: [], hosts: this.#hosts(record, []), resolvConf: this.#resolvConf(hostConfig) };
    const plan = sandboxPlan(netns);
    const own: { address: string; names: string[] }[] = [];
    for (const [index, name] of Object.keys(record.endpoints).entries()) {
      const network = this.find(name);
      if (!network.bridge) continue;
      await this.#make(network);
      const address = this.#take(network, network.bridge, record, record.endpoints[name]);
      const endpoint = this.#endpoint(network, network.bridge, record.endpoints[name], address);
      record.endpoints[name] = endpoint;
      const veth = `veth${endpoint.EndpointID!.slice(0, 7)}`;
      const inner = `eth${index}`;
      plan.push(...endpointPlan(network.bridge, { netns, veth, inner, address, mac: macOf(address) }));
      for (const port of this.#published(record, address)) plan.push(...publishPlan(network.bridge, port));
      own.push({ address: formatIpv4(address), names: [record.config.Hostname ?? ""] });
    }
    return { plan, hosts: this.#hosts(record, own), resolvConf: this.#resolvConf(hostConfig) };
  }

  #take(network: Network, bridge: Bridge, record: ContainerRecord, wanted: EndpointSettings): number {
    const taken = this.#addresses.get(network.id) ?? new Map<number, string>();
    this.#addresses.set(network.id, taken);
    const asked = wanted.IPAMConfig?.IPv4Address;
    const address = asked ? parseIpv4(asked) : freeAddress(bridge.subnet, new Set([bridge.gateway, ...taken.keys()]));
    if (address === undefined)
      throw new ApiError(
        500,
        `no available IPv4 addresses on this network's address pools: ${network.name} (${network.id})`,
      );
    if (!contains(bridge.subnet, address))
      throw badParameter(`Invalid address ${asked}: It does not belong to any of this network's subnets`);
    if (taken.has(address) && taken.get(address) !== record.id) throw conflict("Address already in use");
    taken.set(address, record.id);
    return address;
  }

  #endpoint(network: Network, bridge: Bridge, given: EndpointSettings, address: number): EndpointSettings {
    return {
      ...given,
      NetworkID: network.id,
      EndpointID: randomId(this.#context.random),
      Gateway: formatIpv4(bridge.gateway),
      IPAddress: formatIpv4(address),
      IPPrefixLen: bridge.subnet.prefix,
      MacAddress: macOf(address),
    };
  }

  /** The ports of the host that lead to the container; each is taken. @throws ApiError 500 for one that is somebody's */
  #published(record: ContainerRecord, address: number): PublishedPort[] {
    const ports: PublishedPort[] = [];
    const bindings = { ...record.hostConfig.PortBindings };
    if (record.hostConfig.PublishAllPorts)
      for (const exposed of Object.keys(record.config.ExposedPorts ?? {})) bindings[exposed] ??= [{ HostPort: "" }];
    for (const [exposed, given] of Object.entries(bindings)) {
      const [, port, protocol = "tcp"] = /^(\d+)(?:\/(tcp|udp))?$/.exec(exposed) ?? [];
      if (port === undefined) throw badParameter(`invalid port specification: "${exposed}"`);
      for (const { HostIp, HostPort } of given ?? []) {
        const hostPort = HostPort ? Number(HostPort) : this.#ephemeral(protocol);
        const key = `${hostPort}/${protocol}`;
        const holder = this.#ports.get(key);
        if (holder !== undefined && holder !== record.id)
          throw new ApiError(
            500,
            `driver failed programming external connectivity on endpoint ${record.name}: Bind for ${HostIp || "0.0.0.0"}:${hostPort} failed: port is already allocated`,
          );
        this.#ports.set(key, record.id);
        ports.push({
          protocol: protocol as "tcp" | "udp",
          hostIp: HostIp || "0.0.0.0",
          hostPort,
          address,
          containerPort: Number(port),
        });
      }
    }
    return ports;
  }

  #ephemeral(protocol: string): number {
    for (let port = EPHEMERAL_FIRST; port <= EPHEMERAL_LAST; port++)
      if (!this.#ports.has(`${port}/${protocol}`)) return port;
    throw new ApiError(500, "all ports of the host are allocated");
  }

  /** The ports of a running container, as `docker ps` shows them. */
  portsOf(record: ContainerRecord): { protocol: string; containerPort: number; hostPort: number; hostIp: string }[] {
    const taken = [...this.#ports].filter(([, holder]) => holder === record.id).map(([key]) => key);
    return Object.entries(record.hostConfig.PortBindings ?? {}).flatMap(([exposed, given]) => {
      const [port, protocol = "tcp"] = exposed.split("/");
      return (given ?? []).flatMap(({ HostIp, HostPort }) => {
        const key = HostPort ? `${HostPort}/${protocol}` : taken.find((each) => each.endsWith(`/${protocol}`));
        return key && this.#ports.get(key) === record.id
          ? [{ protocol, containerPort: Number(port), hostPort: parseInt(key, 10), hostIp: HostIp || "0.0.0.0" }]
          : [];
      });
    });
  }

  /** What takes a container's network away. */
  leavePlan(record: ContainerRecord, netns: string): Plan {
    const { hostConfig } = record;
    const mode = hostConfig.NetworkMode ?? "default";
    if (mode === "host" || mode.startsWith("container:")) return [];
    const rules = Object.entries(record.endpoints).flatMap(([name, { IPAddress }]) => {
      const bridge = this.all().find((network) => network.name === name)?.bridge;
      if (!bridge || !IPAddress) return [];
      const ports = this.portsOf(record).map((port) => ({
        ...port,
        protocol: port.protocol as "tcp" | "udp",
        address: parseIpv4(IPAddress),
      }));
      return ports.flatMap((port) => undoAll(publishPlan(bridge, port)).plan);
    });
    return [...rules, { kind: "netnsRemove", name: netns, why: "Its network goes, and the cable with it." }];
  }

  /** Its addresses and ports are free again. */
  leave(record: ContainerRecord) {
    for (const taken of this.#addresses.values())
      for (const [address, holder] of taken) if (holder === record.id) taken.delete(address);
    for (const [port, holder] of this.#ports) if (holder === record.id) this.#ports.delete(port);
    for (const [name, endpoint] of Object.entries(record.endpoints))
      record.endpoints[name] = {
        ...endpoint,
        EndpointID: "",
        Gateway: "",
        IPAddress: "",
        IPPrefixLen: 0,
        MacAddress: "",
      };
  }

  #hosts(record: ContainerRecord, own: { address: string; names: string[] }[]): string {
    const extra = (record.hostConfig.ExtraHosts ?? []).map((host) => {
      const at = host.indexOf(":");
      return `${host.slice(at + 1)}\t${host.slice(0, at)}`;
    });
    return [
      "127.0.0.1\tlocalhost",
      "::1\tlocalhost ip6-localhost ip6-loopback",
      ...extra,
      ...own.map(({ address, names }) => `${address}\t${names.join(" ")}`),
    ].join("\n");
  }

  #resolvConf({ Dns, DnsSearch }: HostConfig): string {
    const lines = (Dns ?? []).map((server) => `nameserver ${server}`);
    if (DnsSearch?.length) lines.push(`search ${DnsSearch.join(" ")}`);
    return lines.join("\n") || "# No name server: this machine has none to ask.";
  }

  /** The containers in a network: id, address. */
  members(network: Network): { id: string; address: number }[] {
    return [...(this.#addresses.get(network.id) ?? [])].map(([address, id]) => ({ id, address }));
  }

  subnetText({ bridge }: Network): string {
    return bridge ? formatSubnet(bridge.subnet) : "";
  }
}
