import * as wire from "../../src/protocol/command-line";
import { cHeader } from "../c-header";
import type { CProgram } from "../c-program";

/** `docker` and `box`, as they are typed in the guest. */
export const docker: CProgram = {
  name: "docker",
  sources: ["main.c"],
  headers: [],
  generated: {
    "wire.h": cHeader("src/protocol/command-line.ts", wire, {
      Report: "REPORT",
      Terminal: "TERMINAL",
      Order: "ORDER",
    }),
  },
};
