/** strace: what a program asks the kernel for. */
import { CFLAGS, LDFLAGS, type Recipe } from "../recipe";

export const strace: Recipe = {
  name: "strace",
  source: {
    package: "strace",
    version: "6.1-0.1",
    suite: "bookworm",
    dscSha256: "87e4b573b73bbb4efc4b89ab4a051bca77384058b649913dbae7d0cdf53f103d",
  },
  license: { spdx: "LGPL-2.1-or-later", texts: ["COPYING", "LGPL-2.1-or-later"] },
  commands: [
    [
      "{source}/configure",
      "--build=i686-pc-linux-gnu",
      "--host=i686-pc-linux-musl",
      "CC=musl-gcc",
      `CFLAGS=${CFLAGS.join(" ")}`,
      // Its build also runs the preprocessor without CFLAGS.
      "CPPFLAGS=-isystem /build/kernel-headers",
      `LDFLAGS=${LDFLAGS.join(" ")}`,
      "--enable-mpers=no",
      "--enable-bundled=yes",
      "--disable-gcc-Werror",
      "--without-libdw",
      "--without-libunwind",
      "--without-libiberty",
      "--without-libselinux",
    ],
    ["make", "-j{jobs}", "V=1"],
  ],
  outputs: { "bin/strace": "src/strace" },
};
