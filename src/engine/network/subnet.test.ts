import { expect, test } from "vitest";
import { contains, formatIpv4, formatSubnet, freeAddress, overlaps, parseIpv4, parseSubnet } from "./subnet";

test("addresses are read and written", () => {
  expect(formatIpv4(parseIpv4("172.17.0.2"))).toBe("172.17.0.2");
  for (const text of ["1.2.3", "1.2.3.256", "a.b.c.d", ""])
    expect(() => parseIpv4(text)).toThrow("invalid IPv4 address");
});

test("a subnet begins at its first address", () => {
  expect(formatSubnet(parseSubnet("10.9.0.0/24"))).toBe("10.9.0.0/24");
  expect(() => parseSubnet("10.9.0.7/24")).toThrow("it should be 10.9.0.0/24");
  for (const text of ["10.9.0.0", "10.9.0.0/33", "10.9.0.0/8/8"])
    expect(() => parseSubnet(text)).toThrow("invalid CIDR address");
});

test("subnets overlap when one holds the other's first address", () => {
  const [wide, narrow, other] = ["172.16.0.0/12", "172.18.0.0/16", "192.168.0.0/16"].map(parseSubnet);
  expect([overlaps(wide, narrow), overlaps(narrow, wide), overlaps(wide, other)]).toEqual([true, true, false]);
  expect(contains(narrow, parseIpv4("172.18.255.255"))).toBe(true);
});

test("free addresses leave out the first and the last, and run out", () => {
  const subnet = parseSubnet("10.0.0.0/30");
  const [one, two] = ["10.0.0.1", "10.0.0.2"].map(parseIpv4);
  expect(freeAddress(subnet, new Set())).toBe(one);
  expect(freeAddress(subnet, new Set([one]))).toBe(two);
  expect(freeAddress(subnet, new Set([one, two]))).toBeUndefined();
});
