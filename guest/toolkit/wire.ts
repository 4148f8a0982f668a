import type { GuardedStep, Tool } from "./tool";

/** A step that runs `ip`. `undo` as in a plan: null when what it made ends with something else. */
function ip(when: string[], line: string, call: string, why: string, undo: string | null): GuardedStep {
  const words = (text: string): string[] => ["ip", ...text.split(" ")];
  const manual = { netns: "ip-netns(8)", link: "ip-link(8)", addr: "ip-address(8)", route: "ip-route(8)" };
  const object = words(line.replace(/^-n \S+ /, ""))[1] as keyof typeof manual;
  return {
    when,
    step: {
      kind: "run",
      argv: words(line),
      call,
      manual: [manual[object]],
      undo: undo === null ? null : words(undo),
      why,
    },
  };
}

const NEW_LINK = "sendto(netlink, RTM_NEWLINK)";
const NEW_ADDRESS = "sendto(netlink, RTM_NEWADDR)";

/** The room `{name}SUFFIX`: a network namespace with the inner end of a cable. */
function room(when: string[], suffix: string, number: number): GuardedStep[] {
  const space = `{name}${suffix}`;
  return [
    ip(
      when,
      `netns add ${space}`,
      "unshare(CLONE_NEWNET), mount(netns, name, NULL, MS_BIND, NULL)",
      "A network with nothing in it. A name under /run/netns holds it, so that it lives without a process.",
      `netns del ${space}`,
    ),
    ip(
      when,
      `link add ${space}-out type veth peer name eth0 netns ${space}`,
      NEW_LINK,
      "A cable with two ends: what goes in at one comes out at the other. One end is here, the other, eth0, in the room.",
      null,
    ),
    ip(
      when,
      `-n ${space} addr add {prefix}.${number}/24 dev eth0`,
      NEW_ADDRESS,
      "An address for the end in the room.",
      null,
    ),
    ip(when, `-n ${space} link set eth0 up`, NEW_LINK, "Switch that end on.", null),
    ip(when, `-n ${space} link set lo up`, NEW_LINK, "Switch on the loopback, so that the room reaches itself.", null),
    ip(when, `link set ${space}-out up`, NEW_LINK, "Switch on the end that is here. Now the cable is live.", null),
  ];
}

function defaultRoute(when: string[], suffix: string): GuardedStep {
  return ip(
    when,
    `-n {name}${suffix} route add default via {prefix}.1`,
    "sendto(netlink, RTM_NEWROUTE)",
    "What is for anywhere else goes to the host.",
    null,
  );
}

function plug(suffix: string): GuardedStep {
  return ip(["bridge"], `link set {name}${suffix}-out master {name}`, NEW_LINK, "Plug it into the bridge.", null);
}

/** `wire`: rooms of their own, and cables to them. */
export const wire: Tool = {
  name: "wire",
  summary: "Makes a network namespace and a cable to it, as Docker does for a container.",
  options: [
    { name: "name", value: "NAME", accepts: "name", default: "room", help: "the name of the namespace (room)" },
    {
      name: "prefix",
      value: "A.B.C",
      accepts: "address prefix",
      default: "10.9.0",
      help: "the addresses: the host has A.B.C.1 (10.9.0)",
    },
    { name: "bridge", help: "two rooms, NAME-a and NAME-b, and a bridge NAME between them" },
    { name: "nat", help: "a way out: who leaves gets the host's address" },
  ],
  onlyRoot: { may: "change the network" },
  steps: [
    ...room(["!bridge"], "", 2),
    ip(
      ["!bridge"],
      "addr add {prefix}.1/24 dev {name}-out",
      NEW_ADDRESS,
      "An address for the end that is here, of the same network.",
      null,
    ),
    defaultRoute(["!bridge"], ""),
    ip(
      ["bridge"],
      "link add {name} type bridge",
      NEW_LINK,
      "A bridge: it hands on what comes in at one end to the end where it belongs. docker0 is one.",
      "link del {name}",
    ),
    ip(
      ["bridge"],
      "addr add {prefix}.1/24 dev {name}",
      NEW_ADDRESS,
      "The host is in this network, too: as the bridge.",
      null,
    ),
    ip(["bridge"], "link set {name} up", NEW_LINK, "Switch the bridge on.", null),
    ...room(["bridge"], "-a", 2),
    plug("-a"),
    defaultRoute(["bridge"], "-a"),
    ...room(["bridge"], "-b", 3),
    plug("-b"),
    defaultRoute(["bridge"], "-b"),
    {
      when: ["nat"],
      step: {
        kind: "write",
        path: "/proc/sys/net/ipv4/ip_forward",
        text: "1",
        why: "Let the kernel hand on packets that are not for this host. It stays on: others may need it by then.",
      },
    },
    {
      when: ["nat"],
      step: {
        kind: "run",
        argv: "iptables -t nat -A POSTROUTING -s {prefix}.0/24 ! -d {prefix}.0/24 -j MASQUERADE".split(" "),
        undo: "iptables -t nat -D POSTROUTING -s {prefix}.0/24 ! -d {prefix}.0/24 -j MASQUERADE".split(" "),
        call: "setsockopt(raw, SOL_IP, IPT_SO_SET_REPLACE, table)",
        manual: ["iptables(8)", "iptables-extensions(8)"],
        why: "Who leaves the network gets the host's address, so that answers find their way back.",
      },
    },
  ],
  examples: [
    "wire",
    "wire --bridge --nat",
    "wire --name shop --prefix 10.7.0",
    "wire --bridge --explain",
    "wire --undo",
  ],
};
