/** `/networks…` of the API. */
import type { Parts } from "../engine";
import { formatIpv4 } from "../network/subnet";
import type { Network } from "../network/networks";
import { empty, filters, json, type Routes } from "./router";

interface CreateNetwork {
  Name?: string;
  Driver?: string;
  Internal?: boolean;
  IPAM?: { Config?: { Subnet?: string; Gateway?: string }[] | null };
  Options?: Record<string, string> | null;
  Labels?: Record<string, string> | null;
}

export function routes({ networks, containers }: Parts): Routes {
  const inspect = (network: Network, withMembers: boolean) => ({
    Name: network.name,
    Id: network.id,
    Created: network.createdAt,
    Scope: "local",
    Driver: network.driver,
    EnableIPv6: false,
    IPAM: {
      Driver: "default",
      Options: null,
      Config: network.bridge
        ? [{ Subnet: networks.subnetText(network), Gateway: formatIpv4(network.bridge.gateway) }]
        : [],
    },
    Internal: network.internal,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: withMembers ? members(network) : {},
    Options: network.options,
    Labels: network.labels,
  });
  const members = (network: Network) =>
    Object.fromEntries(
      networks.members(network).flatMap(({ id, address }) => {
        const record = containers.all().find((container) => container.id === id)?.record;
        const endpoint = record?.endpoints[network.name];
        if (!record || !endpoint) return [];
        const cidr = `${formatIpv4(address)}/${endpoint.IPPrefixLen}`;
        return [
          [
            id,
            {
              Name: record.name,
              EndpointID: endpoint.EndpointID,
              MacAddress: endpoint.MacAddress,
              IPv4Address: cidr,
              IPv6Address: "",
            },
          ],
        ];
      }),
    );
  return {
    "GET /networks": (call) => {
      const by = filters(call.query);
      const any = (name: string, test: (wanted: string) => boolean) => by.get(name)?.some(test) ?? true;
      const chosen = networks
        .all()
        .filter(
          ({ name, id, driver }) =>
            any("name", (wanted) => name.includes(wanted)) &&
            any("id", (wanted) => id.startsWith(wanted)) &&
            any("driver", (wanted) => driver === wanted),
        );
      return json(chosen.map((network) => inspect(network, false)));
    },
    "GET /networks/:id": (call) => json(inspect(networks.find(call.params.id), true)),
    "POST /networks/create": async (call) => {
      const asked = await call.json<CreateNetwork>();
      const [pool] = asked.IPAM?.Config ?? [];
      const network = await networks.create({
        name: asked.Name ?? "",
        driver: asked.Driver || undefined,
        internal: asked.Internal,
        subnet: pool?.Subnet || undefined,
        gateway: pool?.Gateway || undefined,
        labels: asked.Labels ?? {},
        options: asked.Options ?? {},
      });
      return json({ Id: network.id, Warning: "" }, 201);
    },
    "DELETE /networks/:id": async (call) => {
      await networks.remove(networks.find(call.params.id));
      return empty();
    },
  };
}
