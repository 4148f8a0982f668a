/** The networks of the engine, and what of them containers have: addresses, names, published ports. */
import type { EndpointSettings } from "../../protocol/docker";
import type { Plan } from "../../plan/step";
import { undoAll } from "../../plan/undo";
import { ApiError, badParameter, conflict, notFound } from "../api/error";
import { STATE_ROOT, type ContainerPaths } from "../container/paths";
import type { ContainerRecord } from "../container/record";
import { formatInstant, type Context } from "../context";
import { randomId } from "../identity";
import { bridgePlan, endpointPlan, macOf, publishPlan, sandboxPlan, type Bridge, type PublishedPort } from "./bridge";
import { portRules } from "./nat-rule";
import {
  dnsNames,
  forgetNetworkPlan,
  hostsFile,
  knowledgePlan,
  knowNetworkPlan,
  linksPlan,
  resolvConf,
  tablePlan,
  tableRemovalPlan,
  type HostLine,
} from "./names";
import {
  addressPool,
  deviceName,
  isUserDefined,
  MASQUERADE_OPTION,
  POOLS,
  type AddressPool,
  type Network,
  type NetworkRequest,
} from "./network";
import { contains, formatIpv4, formatSubnet, freeAddress, overlaps, parseIpv4, parseSubnet } from "./subnet";

export type { Network } from "./network";

/** What a container gets when it starts. */
export interface Joined {
  plan: Plan;
  hosts: string;
  resolvConf: string;
  /** Network namespace that a name server is to listen in. */
  resolver?: string;
}

/** Another container, by name or id. @throws ApiError 404 */
export type FindContainer = (name: string) => ContainerRecord;

/** What is remembered of a network in the guest. */
interface Remembered extends Network {
  /** Its device is there, whole. */
  made: boolean;
}

const NETWORKS = `${STATE_ROOT}/networks`;
const EPHEMERAL_FIRST = 32768;
const EPHEMERAL_LAST = 60999;

export class Networks {
  #context: Context;
  #all = new Map<string, Network>();
  /** Networks whose device there is, or will be in a moment. */
  #made = new Map<string, Promise<void>>();
  /** Containers by their addresses, by network. */
  #members = new Map<string, Map<number, ContainerRecord>>();
  /** Ports of the host, `8080/tcp`, and whose they are. */
  #ports = new Map<string, string>();

  constructor(context: Context) {
    this.#context = context;
    const createdAt = formatInstant(context.nowNs());
    const make = (name: string, driver: Network["driver"], bridge?: Bridge) => {
      const id = randomId(context.random);
      const rest = { internal: false, attachable: false, labels: {}, options: {} };
      this.#all.set(id, { id, name, driver, createdAt, ...rest, bridge });
    };
    const subnet = parseSubnet(POOLS[0]);
    make("bridge", "bridge", { device: "docker0", subnet, gateway: subnet.address + 1 });
    make("host", "host");
    make("none", "null");
  }

  /** Reads what is remembered in the guest. */
  async restore(): Promise<void> {
    const { boxd } = this.#context;
    const devices = new Set(await boxd.names("/sys/class/net"));
    for (const file of await boxd.names(NETWORKS)) {
      const text = file.endsWith(".json") ? await boxd.readText(`${NETWORKS}/${file}`) : undefined;
      if (text === undefined) continue;
      const { made, ...network } = JSON.parse(text) as Remembered;
      const predefined = this.all().find(({ name }) => name === network.name);
      if (predefined) this.#all.delete(predefined.id);
      this.#all.set(network.id, network);
      if (!network.bridge || !devices.has(network.bridge.device)) continue;
      if (made) this.#made.set(network.id, Promise.resolve());
      // An engine ended while it made it: what there is of it is taken back.
      else await this.#unmake(network.bridge);
    }
    for (const network of this.all()) await this.#remember(network);
  }

  /** A container that went on without an engine has its addresses and ports still. */
  adopt(record: ContainerRecord) {
    for (const [name, { IPAddress }] of Object.entries(record.endpoints)) {
      const network = this.all().find((each) => each.name === name);
      if (network && IPAddress) this.#membersOf(network).set(parseIpv4(IPAddress), record);
    }
    for (const { hostPort, protocol } of record.published ?? []) this.#ports.set(`${hostPort}/${protocol}`, record.id);
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

  async create(asked: NetworkRequest): Promise<Network> {
    const { name, driver = "bridge", options = {} } = asked;
    if (["bridge", "host", "none", "default"].includes(name))
      throw new ApiError(403, `operation is not permitted on predefined ${name} network`);
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) throw badParameter(`invalid network name: ${name}`);
    if (this.all().some((network) => network.name === name)) throw conflict(`network with name ${name} already exists`);
    if (driver === "host" || driver === "null")
      throw new ApiError(403, `only one instance of "${driver}" network is allowed`);
    if (driver !== "bridge") throw notFound(`could not find plugin ${driver} in v1 plugin registry: plugin not found`);
    const pool = addressPool(asked.ipam);
    if (pool) this.#checkFree(pool);
    const { subnet, gateway, ...more } = pool ?? this.#freePool();
    const id = randomId(this.#context.random);
    const device = deviceName(options) ?? `br-${id.slice(0, 12)}`;
    const same = this.all().find(({ bridge }) => bridge?.device === device);
    if (same)
      throw new ApiError(
        403,
        `cannot create network ${id} (${device}): conflicts with network ${same.id} (${device}): networks have same bridge name`,
      );
    const network: Network = {
      id,
      name,
      driver: "bridge",
      createdAt: formatInstant(this.#context.nowNs()),
      internal: asked.internal ?? false,
      attachable: asked.attachable ?? false,
      labels: asked.labels ?? {},
      options,
      ipam: asked.ipam,
      bridge: {
        device,
        subnet,
        gateway,
        ...more,
        internal: asked.internal ?? false,
        masquerade: options[MASQUERADE_OPTION] !== "false",
      },
    };
    this.#all.set(id, network);
    try {
      await this.#make(network);
    } catch (error) {
      this.#all.delete(id);
      await this.#forget(network);
      throw error;
    }
    this.#context.events.emit("network", "create", id, { name, type: driver });
    return network;
  }

  #checkFree({ subnet }: AddressPool) {
    if (this.all().some(({ bridge }) => bridge && overlaps(bridge.subnet, subnet)))
      throw new ApiError(403, "Pool overlaps with other one on this address space");
  }

  #freePool(): AddressPool {
    const subnet = POOLS.map(parseSubnet).find(
      (each) => !this.all().some(({ bridge }) => bridge && overlaps(bridge.subnet, each)),
    );
    if (!subnet) throw new ApiError(400, "all predefined address pools have been fully subnetted");
    return { subnet, gateway: subnet.address + 1, reserved: [] };
  }

  /** Makes its device if there is none yet; who comes second waits for the first. */
  async #make(network: Network): Promise<void> {
    const { bridge } = network;
    if (!bridge) return;
    const making = this.#made.get(network.id) ?? this.#makeBridge(network, bridge);
    this.#made.set(network.id, making);
    try {
      await making;
    } catch (error) {
      this.#made.delete(network.id);
      throw error;
    }
  }

  async #makeBridge(network: Network, bridge: Bridge): Promise<void> {
    // First of all, so that an engine that ends on the way is followed by one that knows what it left.
    await this.#remember(network, false);
    const plan = bridgePlan(bridge);
    const taken: Plan = [];
    try {
      for (const step of plan) {
        await this.#context.boxd.take([step]);
        taken.push(step);
      }
    } catch (error) {
      for (const step of undoAll(taken).plan) await this.#context.boxd.take([step]).catch(() => {});
      throw error;
    }
    await this.#remember(network, true);
  }

  async #unmake(bridge: Bridge): Promise<void> {
    for (const step of undoAll(bridgePlan(bridge)).plan) await this.#context.boxd.take([step]).catch(() => {});
  }

  async #remember(network: Network, made = this.#made.has(network.id)): Promise<void> {
    const path = `${NETWORKS}/${network.id}.json`;
    const remembered: Remembered = { ...network, made };
    await this.#context.boxd.take([
      { kind: "mkdir", path: NETWORKS, parents: true, why: "The engine's memory of networks." },
      { kind: "write", path: `${path}.new`, text: JSON.stringify(remembered), why: "What it is." },
      { kind: "rename", from: `${path}.new`, to: path, why: "At once, so that half of it is never read." },
    ]);
  }

  async #forget({ id }: Network): Promise<void> {
    await this.#context.boxd.take([
      { kind: "remove", what: "file", path: `${NETWORKS}/${id}.json`, why: "The engine's memory of it." },
      ...tableRemovalPlan(id),
    ]);
  }

  async remove(network: Network): Promise<void> {
    if (["bridge", "host", "none"].includes(network.name))
      throw new ApiError(403, `${network.name} is a pre-defined network and cannot be removed`);
    if (this.#membersOf(network).size > 0)
      throw new ApiError(
        403,
        `error while removing network: network ${network.name} id ${network.id} has active endpoints`,
      );
    // Before anything is waited for, so that nobody joins what goes.
    this.#all.delete(network.id);
    if (network.bridge && this.#made.delete(network.id)) await this.#unmake(network.bridge);
    this.#members.delete(network.id);
    await this.#forget(network);
    this.#context.events.emit("network", "destroy", network.id, { name: network.name, type: network.driver });
  }

  /** Rules of published ports that lead to no container that runs go: an engine that ended on the way left them. */
  async sweep(running: readonly ContainerRecord[]): Promise<void> {
    const { guest } = this.#context;
    if (!this.all().some(({ bridge }) => bridge)) return;
    const listed = await guest.execute({ argv: ["iptables", "-t", "nat", "-S"], purpose: "rules of published ports" });
    const addresses = new Set(
      running.flatMap(({ endpoints }) => Object.values(endpoints).map(({ IPAddress }) => IPAddress)),
    );
    for (const { address, remove } of portRules(new TextDecoder().decode(listed.stdout)))
      if (!addresses.has(address))
        await guest.execute({ argv: remove, purpose: "a rule of a container that does not run" });
  }

  /** What a container asks of a network, before it is started. @throws ApiError 400 in Docker's words */
  check(name: string, { IPAMConfig, Aliases }: EndpointSettings) {
    const network = this.all().find((each) => each.name === name);
    const asked = IPAMConfig?.IPv4Address;
    const refuse = (problem: string) => badParameter(`invalid endpoint settings:\n${problem}`);
    // What there is not yet may be there when the container starts.
    if (!network) return;
    if (!isUserDefined(network)) {
      if (asked) throw refuse("user specified IP address is supported on user defined networks only");
      if (Aliases?.length)
        throw refuse("network-scoped alias is supported only for containers in user defined networks");
      return;
    }
    if (!asked || !network.bridge) return;
    if (!network.ipam?.Config?.some(({ Subnet }) => Subnet))
      throw refuse(
        "user specified IP address is supported only when connecting to networks with user configured subnets",
      );
    if (!isAddress(asked)) throw refuse(`invalid IPv4 address: ${asked}`);
    if (!contains(network.bridge.subnet, parseIpv4(asked)))
      throw refuse(`no configured subnet contains IP address ${asked}`);
  }

  /** What a container's network takes when it starts; its record then has its addresses. @throws ApiError */
  async join(record: ContainerRecord, paths: ContainerPaths, find: FindContainer): Promise<Joined> {
    const mode = record.hostConfig.NetworkMode ?? "default";
    if (!hasOwnNetwork(mode)) return { plan: [], ...this.files(record, find) };
    const networks = Object.keys(record.endpoints).map((name) => this.find(name));
    for (const network of networks) await this.#make(network);
    // From here on nothing is waited for: what is taken is told to nobody else.
    record.interfaces = {};
    record.published = [];
    record.gatewayNetwork = undefined;
    const plan = [...sandboxPlan(paths.netns)];
    if (networks.some(({ bridge }) => bridge)) plan.push(...knowledgePlan(paths));
    for (const network of networks) plan.push(...this.#plug(record, paths, network));
    return {
      plan,
      ...this.files(record, find),
      resolver: networks.some(isUserDefined) ? paths.netns : undefined,
    };
  }

  /** What plugs a container into a running network namespace. Its record then has its address. @throws ApiError */
  async connect(record: ContainerRecord, paths: ContainerPaths, network: Network): Promise<Plan> {
    await this.#make(network);
    return this.#plug(record, paths, network);
  }

  #plug(record: ContainerRecord, paths: ContainerPaths, network: Network): Plan {
    const { bridge, name } = network;
    if (!bridge) return [];
    const address = this.#take(network, bridge, record, record.endpoints[name]);
    const endpoint = this.#endpoint(network, bridge, record, address);
    record.endpoints[name] = endpoint;
    const inner = freeInterface(Object.values(record.interfaces ?? {}));
    record.interfaces = { ...record.interfaces, [name]: inner };
    const isGateway = record.gatewayNetwork === undefined && !bridge.internal;
    if (isGateway) {
      record.gatewayNetwork = name;
      record.published = this.#published(record, address);
    }
    const veth = vethOf(endpoint);
    return [
      ...endpointPlan(bridge, { netns: paths.netns, veth, inner, address, mac: macOf(address), isGateway }),
      ...(isGateway ? (record.published ?? []).flatMap((port) => publishPlan(bridge, port)) : []),
      ...(isUserDefined(network) ? knowNetworkPlan(paths, network.id) : []),
    ];
  }

  /**
   * What unplugs a running container; its record knows of the network no more. Another one becomes the way out, and its
   * ports lead there.
   */
  disconnectPlan(record: ContainerRecord, paths: ContainerPaths, network: Network): Plan {
    const { bridge, name } = network;
    const endpoint = record.endpoints[name];
    if (!bridge || !endpoint?.EndpointID) return [];
    const wasGateway = record.gatewayNetwork === name;
    const plan: Plan = wasGateway ? this.#unpublishPlan(record, bridge) : [];
    plan.push(
      { kind: "linkRemove", name: vethOf(endpoint), why: "The cable goes; its other end is gone with it." },
      ...(isUserDefined(network) ? forgetNetworkPlan(paths, network.id) : []),
    );
    this.release(record, network);
    if (!wasGateway) return plan;
    const next = Object.keys(record.endpoints)
      .map((each) => this.find(each))
      .find((each) => each.bridge && !each.bridge.internal);
    if (!next?.bridge) return plan;
    record.gatewayNetwork = next.name;
    record.published = this.#published(record, parseIpv4(record.endpoints[next.name].IPAddress!));
    return [
      ...plan,
      {
        kind: "netnsExec",
        name: paths.netns,
        why: "Inside:",
        inside: [
          {
            kind: "routeAdd",
            destination: "default",
            via: formatIpv4(next.bridge.gateway),
            why: "What goes elsewhere goes by another network now.",
          },
        ],
      },
      ...record.published.flatMap((port) => publishPlan(next.bridge!, port)),
    ];
  }

  /** The record knows of the network no more, and its address is free. */
  release(record: ContainerRecord, network: Network) {
    const members = this.#membersOf(network);
    for (const [address, holder] of members) if (holder === record) members.delete(address);
    if (record.gatewayNetwork === network.name) {
      record.gatewayNetwork = undefined;
      record.published = [];
      for (const [port, holder] of this.#ports) if (holder === record.id) this.#ports.delete(port);
    }
    delete record.interfaces?.[network.name];
    delete record.endpoints[network.name];
  }

  #take(network: Network, bridge: Bridge, record: ContainerRecord, wanted: EndpointSettings): number {
    const members = this.#membersOf(network);
    const asked = wanted.IPAMConfig?.IPv4Address;
    const taken = new Set([bridge.gateway, ...(bridge.reserved ?? []), ...members.keys()]);
    const address = asked ? parseIpv4(asked) : freeAddress(bridge.subnet, taken, bridge.range);
    if (address === undefined)
      throw new ApiError(
        500,
        `no available IPv4 addresses on this network's address pools: ${network.name} (${network.id})`,
      );
    if (!contains(bridge.subnet, address))
      throw badParameter(`Invalid address ${asked}: It does not belong to any of this network's subnets`);
    if (taken.has(address) && members.get(address) !== record) throw new ApiError(403, "Address already in use");
    members.set(address, record);
    return address;
  }

  #endpoint(network: Network, bridge: Bridge, record: ContainerRecord, address: number): EndpointSettings {
    const given = record.endpoints[network.name];
    return {
      ...given,
      NetworkID: network.id,
      EndpointID: randomId(this.#context.random),
      Gateway: bridge.internal ? "" : formatIpv4(bridge.gateway),
      IPAddress: formatIpv4(address),
      IPPrefixLen: bridge.subnet.prefix,
      MacAddress: macOf(address),
      DNSNames: isUserDefined(network) ? dnsNames(record, given) : null,
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
  portsOf({ published }: ContainerRecord): readonly PublishedPort[] {
    return published ?? [];
  }

  #unpublishPlan({ published }: ContainerRecord, bridge: Bridge): Plan {
    return (published ?? []).flatMap((port) => undoAll(publishPlan(bridge, port)).plan);
  }

  /** What takes a container's network away. */
  leavePlan(record: ContainerRecord, netns: string): Plan {
    if (!hasOwnNetwork(record.hostConfig.NetworkMode ?? "default")) return [];
    const gateway = this.all().find(({ name }) => name === record.gatewayNetwork)?.bridge;
    return [
      ...(gateway ? this.#unpublishPlan(record, gateway) : []),
      { kind: "netnsRemove", name: netns, why: "Its network goes, and the cable with it." },
    ];
  }

  /** Its addresses and ports are free again. */
  leave(record: ContainerRecord) {
    for (const members of this.#members.values())
      for (const [address, holder] of members) if (holder === record) members.delete(address);
    for (const [port, holder] of this.#ports) if (holder === record.id) this.#ports.delete(port);
    record.published = [];
    record.interfaces = {};
    record.gatewayNetwork = undefined;
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

  /** Tells all name servers in these networks who is there now, by which names. */
  async announce(names: readonly string[], pathsOf: (record: ContainerRecord) => ContainerPaths): Promise<void> {
    const networks = this.all().filter((network) => names.includes(network.name) && isUserDefined(network));
    const plan = networks.flatMap((network) => [
      ...tablePlan(network.id, this.#hostLines(network)),
      ...[...new Set(this.#membersOf(network).values())]
        .filter((record) => Object.values(record.endpoints).some(({ Links }) => Links?.length))
        .flatMap((record) => linksPlan(pathsOf(record), this.#linksOf(record))),
    ]);
    if (plan.length > 0) await this.#context.boxd.take(plan);
  }

  #hostLines(network: Network): HostLine[] {
    return [...this.#membersOf(network)].map(([address, record]) => ({
      address: formatIpv4(address),
      names: [`${record.name}.${network.name}`, ...dnsNames(record, record.endpoints[network.name] ?? {})],
    }));
  }

  /** Names that a container alone has for others in networks that somebody made: `--link other:name`. */
  #linksOf(record: ContainerRecord): HostLine[] {
    return Object.entries(record.endpoints).flatMap(([name, { Links }]) => {
      const network = this.all().find((each) => each.name === name);
      const members = network ? [...this.#membersOf(network)] : [];
      return (Links ?? []).flatMap((link) => {
        const { other, alias } = parseLink(link);
        const member = members.find(([, each]) => each.name === other || each.id.startsWith(other));
        return member ? [{ address: formatIpv4(member[0]), names: [alias] }] : [];
      });
    });
  }

  /** /etc/hosts and /etc/resolv.conf, as they are to be now. @throws ApiError for a link to who does not run */
  files(record: ContainerRecord, find: FindContainer): { hosts: string; resolvConf: string } {
    const [, shared] = /^container:(.+)$/.exec(record.hostConfig.NetworkMode ?? "") ?? [];
    // Who shares another's network has its names, too.
    if (shared !== undefined) return this.files(find(shared), find);
    const own = Object.values(record.endpoints).flatMap(({ IPAddress }) =>
      IPAddress ? [{ address: IPAddress, names: [hostNames(record)] }] : [],
    );
    const hasNameServer = Object.keys(record.endpoints).some((name) =>
      this.all().some((network) => network.name === name && isUserDefined(network)),
    );
    return {
      hosts: hostsFile(record, own, this.#legacyLinks(record, find)),
      resolvConf: resolvConf(record.hostConfig, hasNameServer),
    };
  }

  /** `--link` in the network that has no name server: lines of /etc/hosts (docs.docker.com/engine/network/links). */
  #legacyLinks(record: ContainerRecord, find: FindContainer): HostLine[] {
    return (record.hostConfig.Links ?? []).map((link) => {
      const { other, alias } = parseLink(link);
      const target = find(other);
      const address = target.endpoints.bridge?.IPAddress;
      if (!target.state.Running)
        throw new ApiError(500, `Cannot link to a non running container: /${target.name} AS /${record.name}/${alias}`);
      if (!address)
        throw new ApiError(
          500,
          `Cannot link to ${target.name}: it is not in the network bridge, and ${record.name} is`,
        );
      return { address, names: [...new Set([alias, target.config.Hostname || target.id.slice(0, 12), target.name])] };
    });
  }

  #membersOf(network: Network): Map<number, ContainerRecord> {
    const members = this.#members.get(network.id) ?? new Map<number, ContainerRecord>();
    this.#members.set(network.id, members);
    return members;
  }

  /** The containers in a network: id, address. */
  members(network: Network): { id: string; address: number }[] {
    return [...this.#membersOf(network)].map(([address, { id }]) => ({ id, address }));
  }

  subnetText({ bridge }: Network): string {
    return bridge ? formatSubnet(bridge.subnet) : "";
  }
}

/** `other:alias`, or one name for both. */
export function parseLink(link: string): { other: string; alias: string } {
  const [other, alias] = link.split(":");
  return { other: other.replace(/^\//, ""), alias: (alias ?? other).replace(/^.*\//, "") };
}

/** True where a network namespace of its own is made for the container. */
export function hasOwnNetwork(mode: string): boolean {
  return mode !== "host" && !mode.startsWith("container:");
}

function isAddress(text: string): boolean {
  try {
    parseIpv4(text);
    return true;
  } catch {
    return false;
  }
}

function hostNames({ config, id }: ContainerRecord): string {
  const name = config.Hostname || id.slice(0, 12);
  return config.Domainname ? `${name}.${config.Domainname} ${name}` : name;
}

function vethOf({ EndpointID }: EndpointSettings): string {
  return `veth${EndpointID!.slice(0, 7)}`;
}

/** The first of eth0, eth1, … that is free. */
function freeInterface(taken: readonly string[]): string {
  for (let index = 0; ; index++) if (!taken.includes(`eth${index}`)) return `eth${index}`;
}
