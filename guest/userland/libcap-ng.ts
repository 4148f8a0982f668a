/** libcap-ng: what util-linux's setpriv sets capabilities with. Nothing of it is committed but what setpriv links. */
import { CFLAGS, type Recipe } from "../recipe";

/** Where it is installed for those that need it. */
export const libcapNgPrefix = "/build/libcap-ng/prefix";

export const libcapNg: Recipe = {
  name: "libcap-ng",
  source: {
    package: "libcap-ng",
    version: "0.8.3-1",
    suite: "bookworm",
    dscSha256: "1bf38dbc0c30bcbc776d2d5c25e31d89202de0858f9ca9379c993d55103d7ef0",
  },
  license: { spdx: "LGPL-2.1-or-later", texts: ["COPYING.LIB"] },
  commands: [
    [
      "{source}/configure",
      "--build=i686-pc-linux-gnu",
      "--host=i686-pc-linux-musl",
      "CC=musl-gcc",
      `CFLAGS=${CFLAGS.join(" ")}`,
      "--disable-shared",
      "--enable-static",
      "--without-python",
      "--without-python3",
      `--prefix=${libcapNgPrefix}`,
    ],
    ["make", "-j{jobs}", "-C", "src", "install"],
  ],
  outputs: {},
};
