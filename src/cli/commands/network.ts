import type {
  IPAMPool,
  Network,
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkCreateResponse,
} from "../../protocol/docker";
import { filtersQuery, segment } from "../api";
import { atLeast, command, exactly, none } from "../command";
import { pairsOf } from "../create/variables";
import { CREATE_KINDS } from "../create/list-values";
import { CliFailure, EngineFailure } from "../failure";
import { instantTextOf } from "../instant";
import { printList } from "../list-format";
import { row } from "../template/value";
import { compareNatural, labelText, shortId } from "../text";
import { LIST_FORMAT } from "./formats";

const path = (name: string): string => `/networks/${segment(name)}`;

export const networkLs = command("ls", {
  aliases: ["list"],
  use: "[OPTIONS]",
  short: "List networks",
  arity: none,
  options: `
    -f, --filter filter  Provide filter values (e.g. "driver=bridge")
    ${LIST_FORMAT}
    --no-trunc           Do not truncate the output
    -q, --quiet          Only display network IDs
  `,
  run: async (context, options) => {
    const networks = await context.api.json<Network[] | null>("GET", "/networks", {
      query: { filters: filtersQuery(options.list("filter")) },
    });
    const format = options.text("format");
    const isTable = format === "" || format.startsWith("table");
    await printList(context, {
      format: options.flag("quiet") && isTable ? "{{.ID}}" : format,
      table: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
      headers: {
        ID: "NETWORK ID",
        Name: "NAME",
        Driver: "DRIVER",
        Scope: "SCOPE",
        IPv4: "IPV4",
        IPv6: "IPV6",
        Internal: "INTERNAL",
        Labels: "LABELS",
        CreatedAt: "CREATED AT",
      },
      rows: [...(networks ?? [])]
        .sort((a, b) => compareNatural(a.Name, b.Name))
        .map((network) =>
          row("*network.networkContext", {
            CreatedAt: instantTextOf(network.Created),
            Driver: network.Driver,
            ID: options.flag("no-trunc") ? network.Id : shortId(network.Id),
            // Not told by API 1.44; Docker's client then says false.
            IPv4: "false",
            IPv6: String(network.EnableIPv6),
            Internal: String(network.Internal),
            Label: (name: unknown) => network.Labels?.[String(name)] ?? "",
            Labels: labelText(network.Labels),
            Name: network.Name,
            Scope: network.Scope,
          }),
        ),
    });
  },
});

const MAX_UINT32 = 2 ** 32;

const addressNumber = (text: string): number =>
  text.split(".").reduce((number, part) => number * 256 + Number(part), 0);

/** Whether an IPv4 subnet holds an address, or another subnet's beginning. Others are left to the engine. */
const holds = (subnet: string, address: string): boolean => {
  const [base, bits] = subnet.split("/");
  const [wanted] = address.split("/");
  if (base.includes(":") || wanted.includes(":")) return base.includes(":") === wanted.includes(":");
  const size = 2 ** (32 - Number(bits));
  return Math.floor(addressNumber(base) / size) === Math.floor((addressNumber(wanted) % MAX_UINT32) / size);
};

/** Puts ranges, gateways and named addresses to the subnet that holds them. */
const poolsOf = (
  subnets: string[],
  ranges: string[],
  gateways: string[],
  named: Record<string, string>,
): IPAMPool[] => {
  if (subnets.length < ranges.length || subnets.length < gateways.length)
    throw new CliFailure("every ip-range or gateway must have a corresponding subnet");
  const pools: IPAMPool[] = [];
  for (const subnet of subnets) {
    if (!/^[\d.:a-fA-F]+\/\d+$/.test(subnet)) throw new CliFailure(`invalid CIDR address: ${subnet}`);
    if (pools.some((pool) => holds(pool.Subnet ?? "", subnet) || holds(subnet, pool.Subnet ?? "")))
      throw new CliFailure("multiple overlapping subnet configuration is not supported");
    pools.push({ Subnet: subnet });
  }
  const place = (address: string, complaint: string): IPAMPool => {
    const pool = pools.find((each) => holds(each.Subnet ?? "", address));
    if (!pool) throw new CliFailure(complaint);
    return pool;
  };
  for (const range of ranges) place(range, `no matching subnet for range ${range}`).IPRange = range;
  for (const gateway of gateways) place(gateway, `no matching subnet for gateway ${gateway}`).Gateway = gateway;
  for (const [name, address] of Object.entries(named)) {
    const pool = place(address, `no matching subnet for aux-address ${address}`);
    (pool.AuxiliaryAddresses ??= {})[name] = address;
  }
  return pools;
};

export const networkCreate = command("create", {
  use: "[OPTIONS] NETWORK",
  short: "Create a network",
  arity: exactly(1),
  kinds: CREATE_KINDS,
  options: `
    --attachable          Enable manual container attachment
    --aux-address map     Addresses that the network driver uses itself (default map[])
    --config-from string  The network from which to copy the configuration
    --config-only         Create a configuration only network
    -d, --driver string   Driver to manage the Network (default "bridge")
    --gateway strings     IPv4 or IPv6 Gateway for the master subnet
    --ingress             Create swarm routing-mesh network
    --internal            Restrict external access to the network
    --ip-range strings    Allocate container ip from a sub-range
    --ipam-driver string  IP Address Management Driver (default "default")
    --ipam-opt map        Set IPAM driver specific options (default map[])
    --ipv6                Enable or disable IPv6 address assignment
    --label list:label    Set metadata on a network
    -o, --opt map         Set driver specific options (default map[])
    --scope string        Control the network's scope
    --subnet strings      Subnet in CIDR format that represents a network segment
  `,
  run: async (context, options, [name]) => {
    const request: NetworkCreateRequest = {
      Driver: options.text("driver"),
      Scope: options.text("scope"),
      ...(options.changed("ipv6") ? { EnableIPv6: options.flag("ipv6") } : {}),
      IPAM: {
        Driver: options.text("ipam-driver"),
        Options: pairsOf(options.list("ipam-opt")),
        Config: poolsOf(
          options.list("subnet"),
          options.list("ip-range"),
          options.list("gateway"),
          pairsOf(options.list("aux-address")),
        ),
      },
      Internal: options.flag("internal"),
      Attachable: options.flag("attachable"),
      Ingress: options.flag("ingress"),
      ConfigOnly: options.flag("config-only"),
      ConfigFrom: options.text("config-from") ? { Network: options.text("config-from") } : null,
      Options: pairsOf(options.list("opt")),
      Labels: pairsOf(options.list("label")),
      Name: name,
    };
    const { Id } = await context.api.json<NetworkCreateResponse>("POST", "/networks/create", { json: request });
    await context.out(`${Id}\n`);
  },
});

export const networkConnect = command("connect", {
  use: "[OPTIONS] NETWORK CONTAINER",
  short: "Connect a container to a network",
  arity: exactly(2),
  completes: "networks",
  kinds: CREATE_KINDS,
  options: `
    --alias strings          Add network-scoped alias for the container
    --driver-opt strings     driver options for the network
    --ip string              IPv4 address (e.g., "172.30.100.104")
    --ip6 string             IPv6 address (e.g., "2001:db8::33")
    --link list:link         Add link to another container
    --link-local-ip strings  Add a link-local address for the container
  `,
  run: async (context, options, [network, container]) => {
    const driverOpts: Record<string, string> = {};
    for (const option of options.list("driver-opt")) {
      const at = option.indexOf("=");
      if (at < 0) throw new CliFailure("invalid key/value pair format in driver options");
      driverOpts[option.slice(0, at)] = option.slice(at + 1);
    }
    const request: NetworkConnectRequest = {
      Container: container,
      EndpointConfig: {
        IPAMConfig: {
          ...(options.text("ip") ? { IPv4Address: options.text("ip") } : {}),
          ...(options.text("ip6") ? { IPv6Address: options.text("ip6") } : {}),
          ...(options.list("link-local-ip").length > 0 ? { LinkLocalIPs: options.list("link-local-ip") } : {}),
        },
        Links: options.list("link").length > 0 ? options.list("link") : null,
        Aliases: options.list("alias"),
        MacAddress: "",
        DriverOpts: driverOpts,
        NetworkID: "",
        EndpointID: "",
        Gateway: "",
        IPAddress: "",
        IPPrefixLen: 0,
        IPv6Gateway: "",
        GlobalIPv6Address: "",
        GlobalIPv6PrefixLen: 0,
        DNSNames: null,
      },
    };
    await context.api.done("POST", `${path(network)}/connect`, { json: request });
  },
});

export const networkDisconnect = command("disconnect", {
  use: "[OPTIONS] NETWORK CONTAINER",
  short: "Disconnect a container from a network",
  arity: exactly(2),
  completes: "networks",
  options: `
    -f, --force  Force the container to disconnect from a network
  `,
  run: (context, options, [network, container]) =>
    context.api.done("POST", `${path(network)}/disconnect`, {
      json: { Container: container, Force: options.flag("force") },
    }),
});

export const networkRm = command("rm", {
  aliases: ["remove"],
  use: "NETWORK [NETWORK...]",
  short: "Remove one or more networks",
  arity: atLeast(1),
  completes: "networks",
  options: `
    -f, --force  Do not error if the network does not exist
  `,
  run: async (context, options, args) => {
    let status = 0;
    for (const name of args) {
      try {
        await context.api.done("DELETE", path(name));
        await context.out(`${name}\n`);
      } catch (thrown) {
        if (!(thrown instanceof EngineFailure)) throw thrown;
        if (options.flag("force") && thrown.httpStatus === 404) continue;
        await context.err(`${thrown.message}\n`);
        status = 1;
      }
    }
    return status;
  },
});
