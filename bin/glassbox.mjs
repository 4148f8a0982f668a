#!/usr/bin/env node
// The `glassbox` command. TypeScript is run as it is, so nothing needs to be built by hand.
import { register } from "tsx/esm/api";

register();
const { buildMachine } = await import("../guest/build.ts");
const { main } = await import("../src/node/main.ts");
process.exitCode = await main(process.argv.slice(2), {
  manifest: () => buildMachine({ snapshot: true, progress: (line) => process.stderr.write(`glassbox: ${line}\n`) }),
});
// The guest, if any, has been stopped; do not wait for what a shell left open on our standard input.
process.stdin.destroy?.();
