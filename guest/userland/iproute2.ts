/** iproute2: `ip` and `bridge`, which know every device type and namespace verb. From Debian 12, whose sources no longer change. */
import { CFLAGS, LDFLAGS, type Recipe } from "../recipe";

export const iproute2: Recipe = {
  name: "iproute2",
  source: {
    package: "iproute2",
    version: "6.1.0-3",
    suite: "bookworm",
    dscSha256: "cd9e054a0c1f371a23fdd66e1f593b35bd1b12a2e53c284ec19c764da201a31f",
  },
  license: { spdx: "GPL-2.0-or-later", texts: ["COPYING"] },
  inTree: true,
  commands: [
    ["env", "CC=musl-gcc", "PKG_CONFIG=false", "./configure", "--libbpf_force", "off"],
    [
      "make",
      "-j{jobs}",
      "V=1",
      "CC=musl-gcc",
      "HOSTCC=gcc",
      "SHARED_LIBS=n",
      "SUBDIRS=lib ip bridge",
      // musl declares basename in libgen.h alone, and its headers include one another less than glibc's.
      `CCOPTS=${CFLAGS.join(" ")} -D_GNU_SOURCE -include libgen.h -include sys/time.h`,
      `LDFLAGS=${LDFLAGS.join(" ")}`,
    ],
  ],
  outputs: { "bin/ip": "ip/ip", "bin/bridge": "bridge/bridge" },
};
