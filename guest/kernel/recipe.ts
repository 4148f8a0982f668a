/** The kernel: built from Debian's source, assembled into an image that starts in place, with its types and symbols beside it. */
import { readFileSync } from "node:fs";
import { compress } from "../zstd";
import { readPatches } from "../patch";
import { SOURCE_DATE_EPOCH, type Recipe } from "../recipe";
import { bzImage, directAddress, LOAD_ADDRESS } from "./bzimage";
import { checkConfig, renderConfig } from "./config";
import { WITNESSED } from "../layout/pahole";
import { readSystemMap } from "../layout/system-map";

/** Room for direct.S, which is linked to end at LOAD_ADDRESS. */
const DIRECT_SIZE_BYTES = 512;
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
  patches: readPatches(new URL("patches/", import.meta.url)),
  files: () => ({
    "glassbox.config": renderConfig(),
    "direct.S": readFileSync(new URL("direct.S", import.meta.url), "utf8"),
  }),
  commands: [
    [...make, "KCONFIG_ALLCONFIG={build}/glassbox.config", "allnoconfig"],
    [...make, "bzImage"],
    ["as", "--32", `--defsym`, `LOAD_ADDRESS=${LOAD_ADDRESS}`, "direct.S", "-o", "direct.o"],
    [
      "ld",
      "-m",
      "elf_i386",
      `-Ttext=0x${directAddress(DIRECT_SIZE_BYTES).toString(16)}`,
      "--oformat=binary",
      "direct.o",
      "-o",
      "direct.bin",
    ],
    ["objcopy", "-O", "binary", "-R", ".note", "-R", ".comment", "-S", "vmlinux", "vmlinux.flat"],
    ["pahole", "-J", "--btf_encode_detached=vmlinux.btf", "vmlinux"],
    // Once it has printed what was asked for, pahole stops reading and says that it failed: its answer counts, not its status.
    ["sh", "-c", 'pahole -F dwarf -C "$0" vmlinux > pahole.txt || :', WITNESSED.join(",")],
    ["sh", "-ec", 'for name; do grep -q "^struct $name {" pahole.txt; done', "sh", ...WITNESSED],
  ],
  outputs: { "kernel.release": "include/config/kernel.release", "pahole.txt": "pahole.txt" },
  async finish({ read }) {
    const dropped = checkConfig((await read(".config")).toString());
    if (dropped.length > 0) throw new Error(`The kernel's configuration was not kept:\n  ${dropped.join("\n  ")}`);
    const map = await read("System.map");
    const end = readSystemMap(map.toString()).get("_end")!;
    return {
      bzImage: bzImage({
        setup: await read("arch/x86/boot/setup.bin"),
        kernel: await read("vmlinux.flat"),
        direct: await read("direct.bin"),
        initSizeBytes: end - PAGE_OFFSET - LOAD_ADDRESS,
      }),
      "System.map.zst": await compress(map),
      "vmlinux.btf.zst": await compress(await read("vmlinux.btf")),
    };
  },
};
