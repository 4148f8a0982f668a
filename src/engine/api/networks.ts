/** `/networks…` of the API. */
import type { Parts } from "../parts";
import { isUserDefined } from "../network/network";
import { formatIpv4 } from "../network/subnet";
import type { Network } from "../network/networks";
import type { NetworkConnectRequest, NetworkCreateRequest, NetworkDisconnectRequest } from "../../protocol/docker";
import { badParameter } from "./error";
import { empty, filters, json, type Routes } from "./router";

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
        ? [
            {
              ...network.ipam?.Config?.[0],
              Subnet: networks.subnetText(network),
              Gateway: formatIpv4(network.bridge.gateway),
            },
          ]
        : [],
    },
    Internal: network.internal,
    Attachable: network.attachable,
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
      const asked = await call.json<Partial<NetworkCreateRequest>>();
      if (asked.EnableIPv6) throw badParameter("IPv6 is not there on this machine: create the network without it");
      const network = await networks.create({
        name: asked.Name ?? "",
        driver: asked.Driver || undefined,
        internal: asked.Internal,
        attachable: asked.Attachable,
        ipam: asked.IPAM,
        labels: asked.Labels ?? {},
        options: asked.Options ?? {},
      });
      return json({ Id: network.id, Warning: "" }, 201);
    },
    "POST /networks/:id/connect": async (call) => {
      const network = networks.find(call.params.id);
      const { Container, EndpointConfig } = await call.json<Partial<NetworkConnectRequest>>();
      await containers.connect(containers.find(Container ?? ""), network, EndpointConfig ?? {});
      return empty(200);
    },
    "POST /networks/:id/disconnect": async (call) => {
      const network = networks.find(call.params.id);
      const { Container } = await call.json<Partial<NetworkDisconnectRequest>>();
      await containers.disconnect(containers.find(Container ?? ""), network);
      return empty(200);
    },
    "POST /networks/prune": async (call) => {
      filters(call.query);
      const used = new Set(containers.all().flatMap(({ record }) => Object.keys(record.endpoints)));
      const unused = networks.all().filter((network) => isUserDefined(network) && !used.has(network.name));
      for (const network of unused) await networks.remove(network);
      return json({ NetworksDeleted: unused.length > 0 ? unused.map(({ name }) => name) : null });
    },
    "DELETE /networks/:id": async (call) => {
      await networks.remove(networks.find(call.params.id));
      return empty();
    },
  };
}
