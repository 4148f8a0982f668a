/**
 * SeaBIOS, as Debian builds it, for kernels that need a BIOS: the machine's own starts without one.
 *
 * `bios.bin` is the 128 KB build; the VGA BIOS would overwrite part of the 256 KB one.
 */
import type { Recipe } from "./recipe";

export const bios: Recipe = {
  name: "bios",
  license: { spdx: "LGPL-3.0-only", texts: [] },
  commands: [
    [
      "cp",
      "/usr/share/seabios/bios.bin",
      "/usr/share/seabios/vgabios-stdvga.bin",
      "/usr/share/doc/seabios/copyright",
      ".",
    ],
  ],
  outputs: { "bios.bin": "bios.bin", "vgabios.bin": "vgabios-stdvga.bin", "licenses/seabios/copyright": "copyright" },
};
