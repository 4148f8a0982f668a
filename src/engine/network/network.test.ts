import { describe, expect, test } from "vitest";
import { ApiError } from "../api/error";
import { createdState, type ContainerRecord } from "../container/record";
import { dnsNames, hostsFile, resolvConf } from "./names";
import { addressPool, deviceName, POOLS } from "./network";
import { parseLink } from "./networks";
import { formatIpv4, freeAddress, overlaps, parseSubnet } from "./subnet";

describe("the subnets that networks get", () => {
  test("are thirty-one, and none is in another", () => {
    const subnets = POOLS.map(parseSubnet);
    expect(subnets).toHaveLength(31);
    for (const [index, subnet] of subnets.entries())
      expect(subnets.filter((other, place) => place > index && overlaps(subnet, other))).toEqual([]);
  });

  test.each([
    [{}, "10.0.0.1", "10.0.0.2"],
    [{ Gateway: "10.0.0.9" }, "10.0.0.9", "10.0.0.1"],
    [{ IPRange: "10.0.0.128/25" }, "10.0.0.128", "10.0.0.129"],
    [{ IPRange: "10.0.0.128/25", Gateway: "10.0.0.1" }, "10.0.0.1", "10.0.0.128"],
    [{ AuxiliaryAddresses: { router: "10.0.0.2" } }, "10.0.0.1", "10.0.0.3"],
  ])("with %j have the gateway %s, and %s is the first that a container gets", (more, gateway, first) => {
    const pool = addressPool({ Config: [{ Subnet: "10.0.0.0/24", ...more }] })!;
    expect(formatIpv4(pool.gateway)).toBe(gateway);
    const taken = new Set([pool.gateway, ...pool.reserved]);
    expect(formatIpv4(freeAddress(pool.subnet, taken, pool.range)!)).toBe(first);
  });

  test.each([
    [{ Subnet: "10.0.0.0/24", AuxiliaryAddresses: { a: "10.1.0.0" } }, /invalid auxiliary address 10\.1\.0\.0/],
    [{ Subnet: "10.0.0.0/31" }, /no room/],
    [{ Subnet: "fd00::/64" }, /invalid/],
    [{ Gateway: "10.0.0.1" }, /no matching subnet/],
  ])("%j is refused", (pool, message) => {
    expect(() => addressPool({ Config: [pool] })).toThrow(message);
    expect(() => addressPool({ Config: [pool] })).toThrow(ApiError);
  });

  test("the last address of a range is a container's, that of a subnet is not", () => {
    const subnet = parseSubnet("10.0.0.0/29");
    const all = (range?: string) => {
      const taken = new Set<number>();
      for (;;) {
        const address = freeAddress(subnet, taken, range ? parseSubnet(range) : undefined);
        if (address === undefined) return [...taken].map(formatIpv4);
        taken.add(address);
      }
    };
    expect(all()).toEqual([1, 2, 3, 4, 5, 6].map((last) => `10.0.0.${last}`));
    expect(all("10.0.0.0/30")).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    expect(all("10.0.0.4/30")).toEqual(["10.0.0.4", "10.0.0.5", "10.0.0.6"]);
  });
});

test("a device's name is what the kernel takes", () => {
  const named = (name: string) => deviceName({ "com.docker.network.bridge.name": name });
  expect(named("fifteen-letters")).toBe("fifteen-letters");
  expect(deviceName({})).toBeUndefined();
  for (const wrong of ["sixteen--letters", "a/b", "a b", "a:1", "..", "ääääääää"])
    expect(() => named(wrong)).toThrow(/invalid bridge name/);
});

test.each([
  ["/web:/app/db", "web", "db"],
  ["web:db", "web", "db"],
  ["web", "web", "web"],
])("the link %s is to %s, called %s", (link, other, alias) => {
  expect(parseLink(link)).toEqual({ other, alias });
});

describe("names", () => {
  const id = "0123456789abcdef".repeat(4);
  const record = {
    id,
    name: "web",
    config: { Hostname: id.slice(0, 12) },
    hostConfig: { ExtraHosts: ["far:10.1.1.1", "six:fd00::1"] },
    state: createdState(),
  } as ContainerRecord;

  test("of a container: its own, aliases, its short id; each once", () => {
    expect(dnsNames(record, { Aliases: ["www", "web"] })).toEqual(["web", "www", "0123456789ab"]);
  });

  test("in /etc/hosts, those that were asked for, too", () => {
    expect(hostsFile(record, [{ address: "172.17.0.2", names: ["host"] }], [])).toBe(
      "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n10.1.1.1\tfar\nfd00::1\tsix\n172.17.0.2\thost",
    );
  });

  test("are asked for at 127.0.0.11 where somebody answers, and where the user says otherwise", () => {
    expect(resolvConf({ DnsSearch: ["box"] }, true)).toBe("nameserver 127.0.0.11\nsearch box\noptions ndots:0");
    expect(resolvConf({ DnsOptions: ["ndots:2"] }, true)).toBe("nameserver 127.0.0.11\noptions ndots:2");
    expect(resolvConf({ Dns: ["10.0.0.1"] }, false)).toBe("nameserver 10.0.0.1");
    expect(resolvConf({}, false)).toMatch(/^#/);
  });
});
