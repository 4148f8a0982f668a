/** Networks of a real engine: names, cables that are plugged in while a container runs, and what an engine's end leaves alone. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { REGISTRY_DIRECTORY } from "../../images/library/build";
import { engineOn, listen } from "../../src/node/engine";
import type { KernelView } from "../../src/protocol/view";
import { engineForTest, type EngineForTest } from "../support/engine";
import { DOCKER } from "../support/engine/docker";
import { sh } from "../support/machine";

interface Inspected {
  Id: string;
  Name: string;
  State: { Pid: number };
  NetworkSettings: {
    Ports: Record<string, { HostPort: string }[] | null>;
    Networks: Record<
      string,
      { IPAddress: string; Gateway: string; Aliases: string[] | null; DNSNames: string[] | null }
    >;
  };
}

let box: EngineForTest;
beforeAll(async () => {
  box = await engineForTest();
  await box.pull("busybox");
  // The first container makes docker0, which stays.
  await box.run({ Image: "busybox", Cmd: ["true"] });
});

/** A test that failed must not be the reason why the next one does. */
afterEach(async ({ task }) => {
  if (task.result?.state !== "fail") return;
  const left = await box.api<{ Id: string }[]>("GET", "/containers/json?all=1");
  await remove(...left.map(({ Id }) => Id));
  await box.api("POST", "/networks/prune");
});

const on = (network: string, more: object = {}) => ({
  Image: "busybox",
  Cmd: ["sleep", "1000"],
  HostConfig: { NetworkMode: network },
  ...more,
});
const createNetwork = (Name: string, more: object = {}) =>
  box.api<{ Id: string }>("POST", "/networks/create", { Name, ...more });
const subnet = (Subnet: string, more: object = {}) => ({ IPAM: { Config: [{ Subnet, ...more }] } });
const inspect = (id: string) => box.api<Inspected>("GET", `/containers/${id}/json`);
const remove = (...ids: string[]) => Promise.all(ids.map((id) => box.api("DELETE", `/containers/${id}?force=1&v=1`)));
const removeNetwork = (name: string) => box.api("DELETE", `/networks/${name}`);
const addressOf = async (id: string, network: string) =>
  (await inspect(id)).NetworkSettings.Networks[network].IPAddress;

/** Runs a command line in a running container. */
async function inside(id: string, line: string): Promise<string> {
  const { State } = await inspect(id);
  return (await sh(box.machine, `nsenter -t ${State.Pid} -m -u -n -i -p -- sh -c '${line}' 2>&1 || true`)).trim();
}

/** What `ip` says in a container's network namespace. */
const ip = (id: string, line: string) => sh(box.machine, `ip -n box-${id.slice(0, 12)} ${line}`);

/** What there is of networks, whoever made it. */
function remains({ namespaces, devices, routes }: KernelView): unknown {
  return {
    namespaces: namespaces
      .filter(({ kind }) => kind === "net")
      .map(({ inum }) => inum)
      .toSorted(),
    devices: devices.map(({ name }) => name).toSorted(),
    routes: routes.map(({ destination, prefixLength }) => `${destination}/${prefixLength}`).toSorted(),
  };
}
const rules = () => sh(box.machine, "iptables -S; iptables -t nat -S");

describe("names", () => {
  test("containers of a network know one another by name, alias and short id, and who does not run is not known", async () => {
    await createNetwork("reef");
    const web = await box.start(
      on("reef", { NetworkingConfig: { EndpointsConfig: { reef: { Aliases: ["www", "site"] } } } }),
      "web",
    );
    const asking = await box.start(on("reef"), "asking");
    const address = await addressOf(web, "reef");
    for (const name of ["web", "WEB", "www", "site", web.slice(0, 12), "web.reef"])
      expect(await inside(asking, `nslookup ${name}`)).toContain(`Address: ${address}`);
    expect(await inside(asking, "ping -c 1 -W 5 www")).toContain("1 packets received");
    expect(await inside(asking, "cat /etc/resolv.conf")).toBe("nameserver 127.0.0.11\noptions ndots:0");

    expect(await inside(asking, `nslookup ${address}`)).toContain("name = web.reef");
    expect(await inside(asking, "nslookup 10.1.2.3")).toContain("NXDOMAIN");
    expect(await inside(asking, "nslookup nobody")).toContain("NXDOMAIN");
    expect(await inside(asking, "nslookup example.com")).toContain("SERVFAIL");
    // IPv6: the name is known, and has none.
    const six = await inside(asking, "nslookup -type=aaaa web");
    expect(six).not.toMatch(/NXDOMAIN|SERVFAIL|can.t/);
    expect(six).not.toContain(address);

    await box.api("POST", `/containers/${web}/rename?name=later`);
    expect(await inside(asking, "nslookup later")).toContain(`Address: ${address}`);
    expect(await inside(asking, "nslookup web")).toContain("NXDOMAIN");
    await box.api("POST", `/containers/${web}/stop?t=0`);
    expect(await inside(asking, "nslookup later")).toContain("NXDOMAIN");
    await box.api("POST", `/containers/${web}/start`);
    expect(await inside(asking, "nslookup www")).toContain(`Address: ${await addressOf(web, "reef")}`);
    await remove(web, asking);
    await removeNetwork("reef");
  });

  test("the name server is a socket in the container's own namespace, in the network that has one", async () => {
    await createNetwork("reef");
    const id = await box.start(on("reef"));
    const plain = await box.start(on("bridge"));
    const view = await box.picture();
    const namespaceOf = async (container: string) => {
      const { State } = await inspect(container);
      return view.tasks.find(({ pid }) => pid === State.Pid)!.namespaces.net;
    };
    const listening = view.sockets.filter(({ local }) => local === "127.0.0.11:53");
    const own = await namespaceOf(id);
    expect(listening.map(({ namespace, protocol }) => [namespace, protocol]).toSorted()).toEqual([
      [own, "tcp"],
      [own, "udp"],
    ]);
    expect(await namespaceOf(plain)).not.toBe(own);
    expect(await inside(plain, "cat /etc/resolv.conf")).not.toContain("127.0.0.11");
    await remove(id, plain);
    await removeNetwork("reef");
  });

  test("nonsense is answered or let go, and the next question is answered", async () => {
    await createNetwork("reef");
    const id = await box.start(on("reef"), "target");
    const netns = `box-${id.slice(0, 12)}`;
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.log(`seed of the nonsense: ${seed}`);
    let state = seed;
    const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
    const question = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 6, ...Buffer.from("target"), 0, 0, 1, 0, 1];
    const messages = Array.from({ length: 16 }, (_, index) => {
      const bytes = index % 2 ? question.map((byte) => (random() < 32 ? random() : byte)) : [];
      while (bytes.length < random()) bytes.push(random());
      return bytes;
    });
    const framed = [
      // Shorter than a header, a label that ends beyond the message, a name that points to itself, and far too long.
      [0, 3, 1, 2, 3],
      [0, 13, ...question.slice(0, 12), 63],
      [0, 18, ...question.slice(0, 12), 0xc0, 12, 0, 1, 0, 1],
      [255, 255, 1],
      ...messages.map((bytes) => [0, bytes.length, ...bytes]),
    ];
    const octal = (bytes: number[]) => bytes.map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
    const lines = framed.map((bytes) => `printf "${octal(bytes)}" | nc -w 1 127.0.0.11 53 | true`);
    await sh(box.machine, `ip netns exec ${netns} sh -c '${lines.join("\n")}'`);
    // Over TCP, in two pieces of one connection, it is answered with the address at its end.
    const whole = [0, question.length, ...question];
    const answer = await sh(
      box.machine,
      `ip netns exec ${netns} sh -c '{ printf "${octal(whole.slice(0, 9))}"; printf "${octal(whole.slice(9))}"; } | nc -w 2 127.0.0.11 53 | tail -c 4 | hexdump -e "4/1 \\"%u.\\""'`,
    );
    expect(answer).toBe(`${await addressOf(id, "reef")}.`);
    expect(await inside(id, "nslookup target")).toContain("Address");
    await remove(id);
    await removeNetwork("reef");
  });

  test("--link: a name in the network with a name server, a line of /etc/hosts in the one without", async () => {
    await createNetwork("reef");
    const web = await box.start(on("reef"), "web");
    const linked = await box.start(
      on("reef", { NetworkingConfig: { EndpointsConfig: { reef: { Links: ["web:store"] } } } }),
    );
    const other = await box.start(on("reef"));
    expect(await inside(linked, "nslookup store")).toContain(`Address: ${await addressOf(web, "reef")}`);
    expect(await inside(other, "nslookup store")).toContain("NXDOMAIN");
    const old = await box.start(on("bridge"), "old");
    const toOld = await box.start(on("bridge", { HostConfig: { Links: ["/old:/x/db"] } }));
    const line = new RegExp(`^${await addressOf(old, "bridge")}\tdb ${old.slice(0, 12)} old$`, "m");
    expect(await inside(toOld, "cat /etc/hosts")).toMatch(line);
    await remove(web, linked, other, old, toOld);
    await removeNetwork("reef");
  });
});

describe("connect and disconnect", () => {
  test("a running container gets a cable, an address and names; what is taken away leaves the kernel as it was", async () => {
    await createNetwork("reef");
    const other = await box.start(on("reef"), "other");
    const id = await box.start(on("bridge"), "moving");
    const before = remains(await box.picture());
    const rulesBefore = await rules();

    await box.api("POST", "/networks/reef/connect", { Container: "moving", EndpointConfig: { Aliases: ["guest"] } });
    const { NetworkSettings } = await inspect(id);
    expect(Object.keys(NetworkSettings.Networks)).toEqual(["bridge", "reef"]);
    const address = NetworkSettings.Networks.reef.IPAddress;
    expect(await ip(id, "-o -4 addr show eth1")).toContain(`${address}/16`);
    // The way out stays the one there was.
    expect(await ip(id, "route")).toContain("default via 172.17.0.1 dev eth0");
    expect(await inside(id, "cat /etc/resolv.conf")).toContain("nameserver 127.0.0.11");
    expect(await inside(id, "cat /etc/hosts")).toContain(address);
    expect(await inside(id, "nslookup other")).toContain(`Address: ${await addressOf(other, "reef")}`);
    expect(await inside(other, "ping -c 1 -W 5 guest")).toContain("1 packets received");
    const members = await box.api<{ Containers: Record<string, { Name: string }> }>("GET", "/networks/reef");
    expect(
      Object.values(members.Containers)
        .map(({ Name }) => Name)
        .toSorted(),
    ).toEqual(["moving", "other"]);
    expect((await box.refused("POST", "/networks/reef/connect", { Container: "moving" })).message).toBe(
      "endpoint with name moving already exists in network reef",
    );

    await box.api("POST", "/networks/reef/disconnect", { Container: "moving" });
    expect(await inside(other, "nslookup guest")).toContain("NXDOMAIN");
    expect(await inside(id, "nslookup other")).toMatch(/NXDOMAIN|no servers|timed out|refused/);
    expect(remains(await box.until((view) => JSON.stringify(remains(view)) === JSON.stringify(before)))).toEqual(
      before,
    );
    expect(await rules()).toBe(rulesBefore);
    expect((await box.refused("POST", "/networks/reef/disconnect", { Container: "moving" })).message).toBe(
      `container ${id} is not connected to network reef`,
    );
    await remove(id, other);
    await removeNetwork("reef");
  });

  test("without its way out, a container takes the next, and its published ports lead there", async () => {
    await createNetwork("reef");
    const ports = { PortBindings: { "80/tcp": [{ HostPort: "8090" }] } };
    const id = await box.start(on("bridge", { HostConfig: ports }));
    await box.api("POST", "/networks/reef/connect", { Container: id });
    const address = await addressOf(id, "reef");
    await box.api("POST", "/networks/bridge/disconnect", { Container: id });
    expect(await ip(id, "route")).toMatch(/default via 172\.18\.0\.1 dev eth1/);
    const nat = await sh(box.machine, "iptables -t nat -S");
    expect(nat).toContain(`--to-destination ${address}:80`);
    expect(nat).not.toContain("--to-destination 172.17.");
    expect((await inspect(id)).NetworkSettings.Ports["80/tcp"]).toEqual([{ HostIp: "0.0.0.0", HostPort: "8090" }]);
    await remove(id);
    expect(await sh(box.machine, "iptables -t nat -S")).not.toContain("8090");
    await removeNetwork("reef");
  });

  test("a created container gets both when it starts, one of them by the address it asked for", async () => {
    await createNetwork("reef", subnet("10.9.0.0/24"));
    const { Id } = await box.api<{ Id: string }>("POST", "/containers/create", on("bridge"));
    await box.api("POST", "/networks/reef/connect", {
      Container: Id,
      EndpointConfig: { IPAMConfig: { IPv4Address: "10.9.0.77" } },
    });
    await box.api("POST", `/containers/${Id}/start`);
    expect(await ip(Id, "-o -4 addr")).toMatch(/eth0 +inet 172\.17\.[^]*eth1 +inet 10\.9\.0\.77\/24/);
    const second = await box.api<{ Id: string }>("POST", "/containers/create", {
      ...on("reef"),
      NetworkingConfig: { EndpointsConfig: { reef: { IPAMConfig: { IPv4Address: "10.9.0.77" } } } },
    });
    expect(await box.refused("POST", `/containers/${second.Id}/start`)).toEqual({
      status: 403,
      message: "Address already in use",
    });
    await remove(Id, second.Id);
    await removeNetwork("reef");
  });

  test.each([
    ["host", "host", "container cannot be disconnected from host network or connected to host network"],
    [
      "none",
      "reef",
      "container cannot be connected to multiple networks with one of the networks in private (none) mode",
    ],
    [
      "container:first",
      "reef",
      "container sharing network namespace with another container or host cannot be connected to any other network",
    ],
  ])("a container in %s cannot be connected to %s", async (mode, network, message) => {
    await createNetwork("reef");
    const first = await box.start(on("bridge"), "first");
    const { Id } = await box.api<{ Id: string }>("POST", "/containers/create", on(mode));
    expect(await box.refused("POST", `/networks/${network}/connect`, { Container: Id })).toEqual({
      status: 400,
      message,
    });
    await remove(Id, first);
    await removeNetwork("reef");
  });
});

describe("network create", () => {
  test("takes subnet, range, gateway, labels, a device's name and internal; the kernel has them", async () => {
    const before = remains(await box.picture());
    const rulesBefore = await rules();
    await createNetwork("tank", {
      ...subnet("10.20.0.0/16", { IPRange: "10.20.5.0/24", Gateway: "10.20.0.254" }),
      Internal: true,
      Labels: { depth: "9" },
      Options: { "com.docker.network.bridge.name": "tank0" },
    });
    const view = await box.picture();
    expect(view.devices.find(({ name }) => name === "tank0")).toMatchObject({ kind: "bridge" });
    expect(await sh(box.machine, "ip -o -4 addr show tank0")).toContain("10.20.0.254/16");
    expect(await box.api("GET", "/networks/tank")).toMatchObject({
      Internal: true,
      Labels: { depth: "9" },
      IPAM: { Config: [{ Subnet: "10.20.0.0/16", IPRange: "10.20.5.0/24", Gateway: "10.20.0.254" }] },
    });
    const id = await box.start(on("tank"));
    expect(await addressOf(id, "tank")).toBe("10.20.5.0");
    expect(await ip(id, "route")).not.toContain("default");
    expect(await inside(id, "ping -c 1 -W 1 172.17.0.1")).toContain("Network unreachable");
    expect(await rules()).not.toContain("10.20.0.0/16 ! -o tank0 -j MASQUERADE");
    await remove(id);
    await removeNetwork("tank");
    expect(remains(await box.until((now) => JSON.stringify(remains(now)) === JSON.stringify(before)))).toEqual(before);
    expect(await rules()).toBe(rulesBefore);
  });

  test.each([
    [403, "Pool overlaps with other one on this address space", subnet("172.17.128.0/24")],
    [400, "invalid network config:\ninvalid subnet 10.0.0.1/8: it should be 10.0.0.0/8", subnet("10.0.0.1/8")],
    [
      400,
      "invalid network config:\ninvalid gateway 10.1.0.1: parent subnet 10.0.0.0/24 doesn't contain this address",
      subnet("10.0.0.0/24", { Gateway: "10.1.0.1" }),
    ],
    [
      400,
      "invalid network config:\ninvalid ip-range 10.0.0.0/8: CIDR block is bigger than its parent subnet 10.0.0.0/24",
      subnet("10.0.0.0/24", { IPRange: "10.0.0.0/8" }),
    ],
    [
      400,
      "invalid bridge name a-name-that-is-too-long: a device's name has at most 15 bytes, no slash, colon or space",
      { Options: { "com.docker.network.bridge.name": "a-name-that-is-too-long" } },
    ],
    [403, /networks have same bridge name$/, { Options: { "com.docker.network.bridge.name": "docker0" } }],
    [404, "could not find plugin overlay in v1 plugin registry: plugin not found", { Driver: "overlay" }],
  ])("%i: %s", async (status, message, asked) => {
    const refused = await box.refused("POST", "/networks/create", { Name: "wrong", ...asked });
    expect(refused).toEqual({ status, message: expect.stringMatching(message) as string });
    expect(await box.api<{ Name: string }[]>("GET", "/networks")).toHaveLength(3);
  });

  test.each([
    [
      "an address in the network that has none to choose",
      "bridge",
      { IPAMConfig: { IPv4Address: "172.17.0.9" } },
      "user specified IP address is supported on user defined networks only",
    ],
    [
      "an alias there",
      "bridge",
      { Aliases: ["x"] },
      "network-scoped alias is supported only for containers in user defined networks",
    ],
    [
      "an address in a subnet nobody chose",
      "auto",
      { IPAMConfig: { IPv4Address: "172.18.0.9" } },
      "user specified IP address is supported only when connecting to networks with user configured subnets",
    ],
    [
      "an address that is elsewhere",
      "chosen",
      { IPAMConfig: { IPv4Address: "10.4.0.9" } },
      "no configured subnet contains IP address 10.4.0.9",
    ],
  ])("a container asks for %s", async (_, network, endpoint, message) => {
    await createNetwork("auto");
    await createNetwork("chosen", subnet("10.3.0.0/24"));
    const asked = on(network, { NetworkingConfig: { EndpointsConfig: { [network]: endpoint } } });
    expect(await box.refused("POST", "/containers/create", asked)).toEqual({
      status: 400,
      message: `invalid endpoint settings:\n${message}`,
    });
    await removeNetwork("auto");
    await removeNetwork("chosen");
  });

  test("when all pools are somebody's there is no more, and a subnet of one's own still is", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `pool${index}`);
    for (const name of names) await createNetwork(name);
    expect(await box.refused("POST", "/networks/create", { Name: "more" })).toEqual({
      status: 400,
      message: "all predefined address pools have been fully subnetted",
    });
    await createNetwork("own", subnet("10.77.0.0/30"));
    const one = await box.start(on("own"));
    const two = await box.api<{ Id: string }>("POST", "/containers/create", on("own"));
    expect((await box.refused("POST", `/containers/${two.Id}/start`)).message).toMatch(
      /^no available IPv4 addresses on this network's address pools: own /,
    );
    await remove(one, two.Id);
    const { NetworksDeleted } = await box.api<{ NetworksDeleted: string[] }>("POST", "/networks/prune");
    expect(NetworksDeleted.toSorted()).toEqual([...names, "own"].toSorted());
  });
});

describe.skipIf(!DOCKER)("docker's own command line", () => {
  const home = mkdtempSync(join(tmpdir(), "glassbox-network-"));
  let server: Server;
  beforeAll(async () => {
    server = await listen(box.engine, "127.0.0.1", 0);
  });
  afterAll(() => {
    server?.close();
    rmSync(home, { recursive: true });
  });

  async function docker(...args: string[]): Promise<string> {
    const { port } = server.address() as AddressInfo;
    // docker does not end for SIGTERM.
    const child = spawn("timeout", ["-s", "KILL", "60", DOCKER!, ...args], {
      env: { PATH: "/usr/bin:/bin", HOME: home, DOCKER_HOST: `tcp://127.0.0.1:${port}` },
    });
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
    await new Promise((resolve) => child.on("close", resolve));
    return said.trim();
  }

  test("creates, runs, connects, asks, pushes", async () => {
    await docker("network", "create", "--subnet", "10.5.0.0/24", "--label", "a=b", "reef");
    await docker(
      "run",
      "-d",
      "--name",
      "web",
      "--network",
      "reef",
      "--network-alias",
      "www",
      "--ip",
      "10.5.0.9",
      "busybox",
      "sleep",
      "1000",
    );
    expect(await docker("run", "--rm", "--network", "reef", "busybox", "ping", "-c", "1", "www")).toContain(
      "(10.5.0.9)",
    );
    await docker("run", "-d", "--name", "late", "busybox", "sleep", "1000");
    await docker("network", "connect", "--alias", "tardy", "reef", "late");
    expect(await docker("exec", "web", "nslookup", "tardy")).toContain("Address: 10.5.0.2");
    const members = await docker("network", "inspect", "-f", "{{range .Containers}}{{.Name}} {{end}}", "reef");
    expect(members.split(" ").toSorted()).toEqual(["late", "web"]);
    await docker("network", "disconnect", "reef", "late");
    expect(await docker("exec", "web", "nslookup", "tardy")).toContain("NXDOMAIN");
    expect(await docker("network", "create", "--subnet", "10.5.0.0/16", "big")).toContain(
      "Pool overlaps with other one on this address space",
    );
    await docker("tag", "busybox", "registry.box/me/app:1");
    expect(await docker("push", "registry.box/me/app:1")).toMatch(
      /: Pushed\n1: digest: sha256:[0-9a-f]{64} size: \d+$/,
    );
    await docker("rm", "-f", "web", "late");
    expect(await docker("network", "rm", "reef")).toBe("reef");
  });
});

test("an engine that is started anew has the networks and volumes of the one before, and names go on meanwhile", async () => {
  await createNetwork("reef", { ...subnet("10.6.0.0/24"), Labels: { kept: "yes" } });
  await box.api("POST", "/volumes/create", { Name: "pool", Labels: { kept: "too" } });
  const web = await box.start(
    on("reef", {
      HostConfig: { NetworkMode: "reef", Binds: ["pool:/data"], PublishAllPorts: true },
      ExposedPorts: { "80/tcp": {} },
    }),
    "web",
  );
  const asking = await box.start(on("reef"), "asking");
  const before = await Promise.all([box.api("GET", "/networks/reef"), box.api("GET", "/volumes/pool"), inspect(web)]);
  const ids = (await box.api<{ Id: string }[]>("GET", "/networks")).map(({ Id }) => Id).toSorted();
  const { State } = await inspect(asking);
  const lookUp = () => sh(box.machine, `nsenter -t ${State.Pid} -m -n -- nslookup web`);
  box.engine.close();
  expect(await lookUp()).toContain("Address: 10.6.0.2");

  const next = await engineOn(box.machine, REGISTRY_DIRECTORY);
  const ask = async (method: string, path: string, body?: object) => {
    const init = body ? { method, body: JSON.stringify(body) } : { method };
    const answer = (await next.handle(new Request(`http://docker${path}`, init))) as Response;
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
  };
  const after = await Promise.all(
    ["/networks/reef", "/volumes/pool", "/containers/web/json"].map((path) => ask("GET", path)),
  );
  expect(after.map(({ body }) => body)).toEqual(before);
  const all = (await ask("GET", "/networks")).body as { Id: string }[];
  expect(all.map(({ Id }) => Id).toSorted()).toEqual(ids);
  expect(await lookUp()).toContain("Address: 10.6.0.2");

  // Addresses, users and ports are somebody's still.
  const started = (await ask("POST", "/containers/create?name=third", on("reef"))).body as { Id: string };
  expect((await ask("POST", `/containers/${started.Id}/start`)).status).toBe(204);
  const third = (await ask("GET", "/containers/third/json")).body as Inspected;
  expect(third.NetworkSettings.Networks.reef.IPAddress).toBe("10.6.0.4");
  expect((await ask("DELETE", "/volumes/pool")).status).toBe(409);
  expect((await ask("DELETE", "/networks/reef")).status).toBe(403);
  expect((await ask("POST", "/networks/create", { Name: "x", ...subnet("10.6.0.0/16") })).status).toBe(403);

  for (const name of ["web", "asking", "third"])
    expect((await ask("DELETE", `/containers/${name}?force=1`)).status).toBe(204);
  expect((await ask("DELETE", "/networks/reef")).status).toBe(204);
  expect((await ask("DELETE", "/volumes/pool")).status).toBe(204);
  expect(await rules()).not.toMatch(/10\.6\.|32768/);
  next.close();
});
