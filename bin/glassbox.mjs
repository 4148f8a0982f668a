#!/usr/bin/env -S node --v8-pool-size=1
// The `glassbox` command. TypeScript is run as it is, so nothing needs to be built by hand.
// V8 compiles the guest's code in the background, in four threads unless told otherwise: on two cores they take the
// machine's own thread half of its time. With one, commands in the guest are two to three times as fast.
import { register } from "tsx/esm/api";

register();
const { buildMachine } = await import("../guest/build.ts");
const { buildRegistry } = await import("../images/library/build.ts");
const { main } = await import("../src/node/main.ts");
process.exitCode = await main(process.argv.slice(2), {
  manifest: () => buildMachine({ snapshot: true, progress: (line) => process.stderr.write(`glassbox: ${line}\n`) }),
  registry: buildRegistry,
});
// The guest, if any, has been stopped; do not wait for what a shell left open on our standard input.
process.stdin.destroy?.();
