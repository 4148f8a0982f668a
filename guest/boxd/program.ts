import * as boxdWire from "../../src/protocol/boxd";
import { cHeader } from "../c-header";
import type { CProgram } from "../c-program";

export const boxd: CProgram = {
  name: "boxd",
  sources: [
    "main.c",
    "plan.c",
    "task.c",
    "log.c",
    "resolve.c",
    "netlink.c",
    "dns.c",
    "userns.c",
    "device-filter.c",
    "init.c",
  ],
  headers: [
    "plan.h",
    "task.h",
    "log.h",
    "resolve.h",
    "netlink.h",
    "dns.h",
    "userns.h",
    "device-filter.h",
    "init.h",
    "bytes.h",
  ],
  generated: {
    "boxd.h": cHeader("src/protocol/boxd.ts", boxdWire, {
      Request: "REQUEST",
      Answer: "ANSWER",
      TaskFlag: "TASK",
      ShimRequest: "SHIM",
      Subscription: "SUBSCRIPTION",
      ShimFrame: "SHIM_FRAME",
      StepCode: "STEP",
      PrivilegeFlag: "PRIVILEGE",
    }),
  },
};
