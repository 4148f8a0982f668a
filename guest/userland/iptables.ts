/** iptables: the legacy variant, one program for all its names and every extension. */
import { CFLAGS, LDFLAGS, type Recipe } from "../recipe";

export const iptables: Recipe = {
  name: "iptables",
  source: {
    package: "iptables",
    version: "1.8.9-2",
    suite: "bookworm",
    dscSha256: "71825151f8dc92819f2713f17059e987f2f3e7808a1718ac07cf41f4f222e870",
  },
  license: { spdx: "GPL-2.0-or-later", texts: ["COPYING"] },
  commands: [
    [
      "{source}/configure",
      "--build=i686-pc-linux-gnu",
      "--host=i686-pc-linux-musl",
      "CC=musl-gcc",
      `CFLAGS=${CFLAGS.join(" ")}`,
      `LDFLAGS=${LDFLAGS.join(" ")}`,
      "PKG_CONFIG=false",
      "--disable-shared",
      "--enable-static",
      "--disable-nftables",
      "--disable-ipv6",
      "--disable-devel",
      "--disable-connlabel",
      "--with-xtlibdir=/usr/lib/xtables",
      "--with-pkgconfigdir=no",
    ],
    ["make", "-j{jobs}", "V=1", `LDFLAGS=-all-static ${LDFLAGS.join(" ")}`],
  ],
  outputs: { "bin/xtables-legacy-multi": "iptables/xtables-legacy-multi" },
};
