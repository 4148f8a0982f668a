/** The image keeps its promises: each kernel feature that guest/kernel/config.ts names a use for, and each program, does its work. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gunzipSync } from "node:zlib";
import { MANIFEST } from "../../guest/build";
import { checkConfig } from "../../guest/kernel/config";
import type { Machine } from "../../src/machine/machine";
import { bootMachine } from "../../src/node/machine";
import { sh } from "../support/machine";

let machine: Machine;
beforeAll(async () => void (machine = await bootMachine({ manifest: MANIFEST })));
afterAll(() => machine.stop());
const says = async (script: string) => (await sh(machine, script)).trim();

describe("the kernel", () => {
  test("runs with the configuration of guest/kernel/config.ts", async () => {
    const encoded = await says("base64 /proc/config.gz");
    expect(checkConfig(gunzipSync(Buffer.from(encoded, "base64")).toString())).toEqual([]);
  });

  test("has all eight namespaces, and a process can be in new ones of each", async () => {
    const own = await says("for link in /proc/self/ns/*; do readlink $link; done | sort -u");
    const other = await says(
      "unshare -mpniuUCTrf --mount-proc sh -c 'for link in /proc/self/ns/*; do readlink $link; done | sort -u'",
    );
    const kinds = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];
    for (const kind of kinds) expect(own).toContain(`${kind}:[`);
    const shared = own.split("\n").filter((name) => other.split("\n").includes(name));
    // A new time namespace is entered by children alone.
    expect(shared.filter((name) => !name.startsWith("time"))).toEqual([]);
  });

  test("has the cgroup controllers, and kills what takes more memory than its group may", async () => {
    expect((await says("cat /sys/fs/cgroup/cgroup.controllers")).split(" ")).toEqual(["cpu", "io", "memory", "pids"]);
    const events = await says(`
      group=/sys/fs/cgroup/too-small; mkdir $group; echo 4M > $group/memory.max
      (echo 0 > $group/cgroup.procs; exec dd if=/dev/zero of=/dev/shm/large bs=1M count=16) 2> /dev/null
      cat $group/memory.events; cat $group/memory.pressure $group/cpu.pressure $group/io.pressure > /dev/null
      rm /dev/shm/large; rmdir $group`);
    expect(events).toMatch(/^oom_kill 1$/m);
  });

  test("freezes a group", async () => {
    const frozen = await says(`
      group=/sys/fs/cgroup/ice; mkdir $group; sleep 100 & echo $! > $group/cgroup.procs; echo 1 > $group/cgroup.freeze
      until grep -q 'frozen 1' $group/cgroup.events; do :; done; grep frozen $group/cgroup.events
      echo 1 > $group/cgroup.kill; wait; rmdir $group`);
    expect(frozen).toBe("frozen 1");
  });

  test("stacks layers, and hides a removed file behind a whiteout", async () => {
    const whiteout = await says(`
      cd $(mktemp -d); mkdir lower upper work merged; echo old > lower/file
      mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged
      rm merged/file; stat -c '%F %t,%T' upper/file; umount merged`);
    expect(whiteout).toBe("character special file 0,0");
  });

  test("mounts a filesystem from a file over a loop device", async () => {
    const type = await says(`
      cd $(mktemp -d); mkdir at; dd if=/dev/zero of=disk bs=1M count=2 2> /dev/null; mkfs.ext2 -F disk > /dev/null
      mount -o loop disk at; stat -f -c %T at; umount at`);
    expect(type).toBe("ext2/ext3");
  });

  test("connects two network namespaces by a bridge and virtual cables", async () => {
    const reply = await says(`
      ip netns add left; ip link add bridge0 type bridge; ip addr add 10.9.0.1/24 dev bridge0; ip link set bridge0 up
      ip link add cable type veth peer name eth0 netns left; ip link set cable master bridge0 up
      ip -n left addr add 10.9.0.2/24 dev eth0; ip -n left link set eth0 up
      bridge link show dev cable; ping -c 1 -w 5 10.9.0.2
      ip netns del left; ip link del bridge0`);
    expect(reply).toContain("master bridge0");
    expect(reply).toContain(" 0% packet loss");
  });

  test.each([
    ["macvlan", "link base name new type macvlan mode bridge"],
    ["ipvlan", "link base name new type ipvlan mode l2"],
    ["vlan", "link base name new type vlan id 7"],
    ["vxlan", "new type vxlan id 7 dstport 4789 remote 10.9.0.3"],
    ["dummy", "new type dummy"],
  ])("makes a %s device", async (kind, words) => {
    const details = await says(
      `ip link add base type dummy; ip link add ${words}; ip -d link show new; ip link del new; ip link del base`,
    );
    expect(details).toContain(kind);
  });

  test("filters and translates packets with every match and target that Docker uses", async () => {
    const rules = [
      "-t nat -A POSTROUTING -s 10.9.0.0/24 ! -o bridge0 -j MASQUERADE",
      "-t nat -A PREROUTING -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 80 -j DNAT --to-destination 10.9.0.2:80",
      "-t nat -A OUTPUT -p tcp -m tcp --dport 81 -j REDIRECT --to-ports 80",
      "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment answers -j ACCEPT",
      "-A INPUT -p tcp -m multiport --dports 1,2 -j REJECT --reject-with icmp-port-unreachable",
    ];
    const saved = await says(`unshare -n sh -ec '${rules.map((rule) => `iptables ${rule};`).join(" ")} iptables-save'`);
    for (const rule of rules) expect(saved).toContain(rule.replace(/^-t nat /, ""));
  });

  test("limits system calls and shows them", async () => {
    expect(await says("grep Seccomp: /proc/self/status")).toBe("Seccomp:\t0");
    const calls = await says("strace -f -e trace=execve,exit_group sh -c 'true; exit 3' 2>&1 || true");
    expect(calls).toMatch(/^execve\("\/bin\/sh", \["sh", "-c", /m);
    expect(calls).toMatch(/exit_group\(3\)/);
  });
});

describe("the programs", () => {
  test("are those of their projects, not busybox's of the same name", async () => {
    expect(await says("unshare --version")).toContain("util-linux");
    expect(await says("nsenter --version")).toContain("util-linux");
    expect(await says("lsns --version")).toContain("util-linux");
    expect(await says("findmnt --version")).toContain("util-linux");
    expect(await says("setpriv --version")).toContain("util-linux");
    expect(await says("ip -V")).toContain("iproute2");
    expect(await says("iptables --version")).toContain("legacy");
  });

  test("an interactive shell has job control and a line editor", async () => {
    const applets = (await says("busybox --list")).split("\n");
    for (const name of [
      "sh",
      "vi",
      "less",
      "top",
      "ps",
      "pstree",
      "stty",
      "setsid",
      "cttyhack",
      "httpd",
      "nc",
      "wget",
      "script",
    ]) {
      expect(applets).toContain(name);
    }
    for (const name of ["ip", "modprobe", "fdisk", "hwclock", "mdev"]) expect(applets).not.toContain(name);
    expect(await says("set -m; sleep 100 & jobs; kill %1; wait %1 || true")).toContain("Running");
  });

  test("know times after 2038", async () => {
    expect(await says("cd /tmp; touch -d '2040-01-02 03:04' late; stat -c %y late; rm late")).toMatch(
      /^2040-01-02 03:04/,
    );
  });
});
