/** How the agent is built: what the image build compiles, with which flags. */
import { frameHeader } from "./constants";

export const recipe = {
  /** Files of this folder, relative to it. Headers included: they are copied beside the sources. */
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
  /** Written beside the sources before compiling. */
  generated: { "frame.h": frameHeader() },
  compiler: "musl-gcc",
  cflags: [
    "-std=gnu11",
    "-O2",
    "-march=i686",
    "-static",
    "-s",
    "-Wall",
    "-Wextra",
    "-Werror",
    // The kernel's own headers (linux-libc-dev) behind musl's, which has none.
    "-idirafter",
    "/usr/include",
    "-idirafter",
    "/usr/include/i386-linux-gnu",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wl,--gc-sections",
    "-Wl,--build-id=none",
    "-Wl,-z,noseparate-code",
  ],
  outputs: ["agent"],
} as const;
