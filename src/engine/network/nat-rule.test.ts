import { expect, test } from "vitest";
import { portRules } from "./nat-rule";

test("rules of published ports are known by the address that they lead to", () => {
  // As iptables 1.8 prints them after `docker run -p 8080:80`.
  const listing = `-P PREROUTING ACCEPT
-P POSTROUTING ACCEPT
-A PREROUTING -p tcp -m tcp --dport 8080 -m addrtype --dst-type LOCAL -j DNAT --to-destination 172.17.0.2:80
-A OUTPUT ! -d 127.0.0.0/8 -p tcp -m tcp --dport 8080 -m addrtype --dst-type LOCAL -j DNAT --to-destination 172.17.0.2:80
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
`;
  const rules = portRules(listing);
  expect(rules.map(({ address, port }) => [address, port?.hostPort])).toEqual([
    ["172.17.0.2", 8080],
    ["172.17.0.2", 8080],
    ["172.17.0.2", undefined],
  ]);
  expect(rules[2].remove.slice(0, 5)).toEqual(["iptables", "-t", "nat", "-D", "POSTROUTING"]);
});

test("what is no rule is passed over", () => expect(portRules("iptables: no such table\n\n-A")).toEqual([]));
