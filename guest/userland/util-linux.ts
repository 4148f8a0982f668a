/** util-linux: the namespace tools that busybox has only in part. */
import { CFLAGS, LDFLAGS, type Recipe } from "../recipe";
import { libcapNgPrefix } from "./libcap-ng";

const PROGRAMS = ["unshare", "nsenter", "lsns", "setpriv", "findmnt", "ipcmk"] as const;

export const utilLinux: Recipe = {
  name: "util-linux",
  source: {
    package: "util-linux",
    version: "2.41.5-0+deb13u1",
    suite: "trixie",
    dscSha256: "43e9b2cbebd10fdc598c4ad10217c8202c28de53af6eafc892c8e9b5cbf3a3a5",
  },
  license: {
    spdx: "GPL-2.0-or-later AND LGPL-2.1-or-later",
    texts: ["COPYING", "Documentation/licenses/COPYING.LGPL-2.1-or-later"],
  },
  needs: ["libcap-ng"],
  commands: [
    [
      "{source}/configure",
      "--build=i686-pc-linux-gnu",
      "--host=i686-pc-linux-musl",
      "CC=musl-gcc",
      `CFLAGS=${CFLAGS.join(" ")} -I${libcapNgPrefix}/include`,
      `LDFLAGS=${LDFLAGS.join(" ")} -L${libcapNgPrefix}/lib`,
      "PKG_CONFIG=false",
      "--disable-shared",
      "--disable-nls",
      "--disable-asciidoc",
      "--disable-poman",
      "--disable-bash-completion",
      "--disable-pam",
      "--without-python",
      "--without-systemd",
      "--without-udev",
      "--without-selinux",
      "--without-ncurses",
      "--without-readline",
      "--without-tinfo",
      "--enable-setpriv",
      "--disable-liblastlog2",
      "--disable-pam-lastlog2",
    ],
    [
      "make",
      "-j{jobs}",
      "V=1",
      // Debian's patches are newer than the generated files, which they do not concern.
      "AUTOMAKE=:",
      "ACLOCAL=:",
      "AUTOCONF=:",
      "AUTOHEADER=:",
      `LDFLAGS=-all-static ${LDFLAGS.join(" ")} -L${libcapNgPrefix}/lib`,
      ...PROGRAMS,
    ],
  ],
  outputs: Object.fromEntries(PROGRAMS.map((name) => [`bin/${name}`, name])),
};
