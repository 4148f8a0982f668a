/** The kernel: built from Debian's source, assembled into an image that starts in place, with its types and symbols beside it. */
import { compress } from "../zstd";
import { SOURCE_DATE_EPOCH, type Recipe } from "../recipe";
import { bzImage, LOAD_ADDRESS } from "./bzimage";
import { checkConfig, renderConfig } from "./config";
import { readSystemMap } from "../layout/system-map";

const PAGE_OFFSET = 0xc0000000;

const make = [
  "make",
  "-j{jobs}",
  "-C",
  "{source}",
  "O={build}",
  "ARCH=i386",
  `KBUILD_BUILD_TIMESTAMP=${new Date(SOURCE_DATE_EPOCH * 1000).toUTCString()}`,
  "KBUILD_BUILD_USER=glassbox",
  "KBUILD_BUILD_HOST=glassbox",
  "KBUILD_BUILD_VERSION=1",
];

export const kernel: Recipe = {
  name: "kernel",
  source: {
    package: "linux",
    version: "6.12.107-1",
    suite: "trixie",
    dscSha256: "00f5874a383295a3237321cf59a0f172495084f16cb3dac24ee5aae6649d809a",
  },
  license: { spdx: "GPL-2.0-only WITH Linux-syscall-note", texts: ["COPYING", "LICENSES/preferred/GPL-2.0"] },
  files: () => ({ "glassbox.config": renderConfig() }),
  commands: [
    [...make, "KCONFIG_ALLCONFIG={build}/glassbox.config", "allnoconfig"],
    [...make, "bzImage"],
    ["objcopy", "-O", "binary", "-R", ".note", "-R", ".comment", "-S", "vmlinux", "vmlinux.flat"],
    ["pahole", "-J", "--btf_encode_detached=vmlinux.btf", "vmlinux"],
  ],
  outputs: { "kernel.release": "include/config/kernel.release" },
  async finish({ read }) {
    const dropped = checkConfig((await read(".config")).toString());
    if (dropped.length > 0) throw new Error(`The kernel's configuration was not kept:\n  ${dropped.join("\n  ")}`);
    const map = await read("System.map");
    const end = readSystemMap(map.toString()).get("_end")!;
    return {
      bzImage: bzImage({
        setup: await read("arch/x86/boot/setup.bin"),
        kernel: await read("vmlinux.flat"),
        initSizeBytes: end - PAGE_OFFSET - LOAD_ADDRESS,
      }),
      "System.map.zst": await compress(map),
      "vmlinux.btf.zst": await compress(await read("vmlinux.btf")),
    };
  },
};
