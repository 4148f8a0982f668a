import * as frame from "../../src/protocol/frame";
import { cHeader } from "../c-header";
import type { CProgram } from "../c-program";

export const agent: CProgram = {
  name: "agent",
  sources: [
    "main.c",
    "device.c",
    "output.c",
    "input.c",
    "stream.c",
    "process.c",
    "spawn.c",
    "socket.c",
    "system.c",
    "guard.c",
  ],
  headers: [
    "device.h",
    "output.h",
    "input.h",
    "stream.h",
    "process.h",
    "spawn.h",
    "socket.h",
    "system.h",
    "guard.h",
    "wire.h",
  ],
  generated: {
    "frame.h": cHeader("src/protocol/frame.ts", frame, {
      FrameType: "FRAME",
      RunFlag: "RUN_FLAG",
      Family: "FAMILY",
      ListenFlag: "LISTEN_FLAG",
      KillTarget: "KILL",
      ExitKind: "EXIT",
      Protection: "PROTECTION",
      ErrorCode: "ERROR",
    }),
  },
};
