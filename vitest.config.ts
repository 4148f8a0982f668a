import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

/** One background compiler for each machine: bin/glassbox.mjs says why. */
const MACHINE_FLAGS = ["--v8-pool-size=1"];

/** A machine that stalls for a second is no fault of the product; `npm test` names what passed at the second attempt only. */
const ATTEMPTS_MORE = 1;

export default defineConfig({
  plugins: [svelte()],
  test: {
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["src/**/*.test.ts", "guest/**/*.test.ts", "images/library/**/*.test.ts"] },
      },
      // A machine needs a core, and the machines we test on have two.
      {
        test: {
          name: "guest",
          include: ["tests/guest/**/*.test.ts", "tests/agent/**/*.test.ts", "tests/engine/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          retry: ATTEMPTS_MORE,
          maxWorkers: 2,
          execArgv: MACHINE_FLAGS,
        },
      },
      {
        test: {
          name: "lessons",
          include: ["tests/lessons/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          retry: ATTEMPTS_MORE,
          maxWorkers: 2,
          execArgv: MACHINE_FLAGS,
        },
      },
      {
        test: {
          name: "browser",
          include: ["tests/browser/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          retry: ATTEMPTS_MORE,
          fileParallelism: false,
        },
      },
    ],
  },
});
