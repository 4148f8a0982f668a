/** The guest's root tree: committed binaries, scripts generated here, packed as the initramfs. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { archive, characterDevice, directory, file, symlink, type Entry } from "../cpio";
import { toolkit } from "../toolkit/index";
import { fstab, inittab, MOUNT_POINTS, profile, stageOne, sysinit } from "./init";

const BINARIES = fileURLToPath(new URL("../../images/machine/bin/", import.meta.url));

/** Committed binaries and where they live in the guest. */
const PLACES: Record<string, string> = {
  busybox: "bin/busybox",
  agent: "sbin/agent",
  boxd: "usr/libexec/boxd",
  docker: "usr/bin/docker",
  unshare: "usr/bin/unshare",
  nsenter: "usr/bin/nsenter",
  lsns: "usr/bin/lsns",
  setpriv: "usr/bin/setpriv",
  findmnt: "usr/bin/findmnt",
  ipcmk: "usr/bin/ipcmk",
  ip: "sbin/ip",
  bridge: "sbin/bridge",
  "xtables-legacy-multi": "sbin/xtables-legacy-multi",
  strace: "usr/bin/strace",
};

/** Other names of a binary. Busybox puts its other names in place itself, around whatever is there already. */
const LINKS: Record<string, string> = {
  "bin/sh": "busybox",
  "usr/bin/box": "docker",
  "sbin/init": "../bin/busybox",
  "sbin/iptables": "xtables-legacy-multi",
  "sbin/iptables-save": "xtables-legacy-multi",
  "sbin/iptables-restore": "xtables-legacy-multi",
};

/** The whole tree, as entries of the archive. */
export function tree(): Entry[] {
  const binaries = Object.entries(PLACES).map(([name, path]) => file(path, readFileSync(BINARIES + name), 0o755));
  const links = Object.entries(LINKS).map(([path, target]) => symlink(path, target));
  const tools = toolkit().map(({ path, mode, text }) => file(path.replace(/^\//, ""), text, mode));
  return [
    // The kernel opens the console before the first mount.
    characterDevice("dev/console", 5, 1),
    ...MOUNT_POINTS.filter((name) => name !== "dev").map((name) => directory(name, name === "tmp" ? 0o1777 : 0o755)),
    directory("root", 0o700),
    directory("new"),
    // Busybox puts its names only into directories that are there: chroot and httpd belong here.
    directory("usr/sbin"),
    directory("var/lib"),
    directory("var/log"),
    symlink("var/run", "/run"),
    file("init", stageOne(), 0o755),
    file("etc/inittab", inittab()),
    file("etc/fstab", fstab()),
    file("etc/init.d/rcS", sysinit(), 0o755),
    file("etc/profile", profile()),
    file("etc/hostname", "glassbox\n"),
    file("etc/hosts", "127.0.0.1 localhost glassbox\n"),
    file(
      "etc/passwd",
      "root:x:0:0:root:/root:/bin/sh\nlearner:x:1000:1000:learner:/home/learner:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    ),
    file("etc/group", "root:x:0:\ntty:x:5:\nlearner:x:1000:\nnogroup:x:65534:\n"),
    file("etc/shells", "/bin/sh\n"),
    file("etc/os-release", 'NAME=Glassbox\nID=glassbox\nPRETTY_NAME="Glassbox"\n'),
    { ...directory("home/learner"), uid: 1000, gid: 1000 },
    ...binaries,
    ...links,
    ...tools,
  ];
}

/** The initramfs. The same tree always gives the same bytes. */
export function rootArchive(): Uint8Array<ArrayBuffer> {
  return archive(tree());
}
