/** busybox: the shell, init and every everyday program. */
import { CFLAGS, type Recipe } from "../recipe";
import { busyboxEdits } from "./busybox-config";

export const busybox: Recipe = {
  name: "busybox",
  source: {
    package: "busybox",
    version: "1:1.37.0-6",
    suite: "trixie",
    dscSha256: "3ba2c096eef0c391f744f093edbe0df7b21ab118652487cc076818e92cb57e8e",
  },
  license: { spdx: "GPL-2.0-only", texts: ["LICENSE"] },
  files: () => ({ "edits.sed": busyboxEdits() }),
  commands: [
    ["make", "-s", "-C", "{source}", "O={build}", "defconfig"],
    ["sed", "-i", "-f", "edits.sed", ".config"],
    ["sh", "-c", 'yes "" | make -s oldconfig'],
    [
      "make",
      "-j{jobs}",
      "CC=musl-gcc",
      `CONFIG_EXTRA_CFLAGS=${CFLAGS.join(" ")}`,
      "CONFIG_EXTRA_LDFLAGS=-no-pie -Wl,--build-id=none",
      "busybox",
    ],
  ],
  outputs: { "bin/busybox": "busybox" },
};
