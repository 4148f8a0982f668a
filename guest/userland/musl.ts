/** musl, the C library that every program is linked with: here only its licence, the library comes from the toolchain. */
import type { Recipe } from "../recipe";

export const musl: Recipe = {
  name: "musl",
  license: { spdx: "MIT", texts: [] },
  commands: [["cp", "/usr/share/doc/musl-dev/copyright", "."]],
  outputs: { "licenses/musl/copyright": "copyright" },
};
