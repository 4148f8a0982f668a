/** `npm run bench [-- NAME…]`: prints a JSON object for each figure. A name may be the start of one: `boot`, `page`. */
import { bootCold, bootSnapshot } from "./boot";
import type { Benchmark } from "./figure";
import { execLatency, idleMachine, streamThroughput } from "./guest";
import { lessonCheck, lessonCheckpoints, lessonSuite } from "./lesson";
import { page } from "./page";
import { viewFull, viewShare, viewShort } from "./view";
import { viewFrame, viewLatency } from "./view-page";

const BENCHMARKS: Record<string, Benchmark> = {
  "boot.cold": bootCold,
  "boot.snapshot": bootSnapshot,
  "page.first page.again page.bytes tab.memory": page,
  "view.full view.guest": viewFull,
  "view.share": viewShare,
  "view.short": viewShort,
  "view.latency": viewLatency,
  "view.frame": viewFrame,
  "lesson.check lesson.rewind lesson.stored": lessonCheck,
  "lesson.checkpoints": lessonCheckpoints,
  "lesson.suite lesson.wrong": lessonSuite,
  "exec.latency": execLatency,
  "stream.throughput": streamThroughput,
  idle: idleMachine,
};

const names = Object.keys(BENCHMARKS);
const asked = process.argv.slice(2);
const chosen = (prefix: string) => names.filter((name) => name.split(" ").some((part) => part.startsWith(prefix)));
const unknown = asked.filter((prefix) => chosen(prefix).length === 0);
if (unknown.length > 0) {
  console.error(`There is no figure ${unknown.join(", ")}; there are: ${names.join(", ")}.`);
  process.exit(2);
}
for (const name of asked.length > 0 ? new Set(asked.flatMap(chosen)) : names) {
  for await (const figure of BENCHMARKS[name]()) console.log(JSON.stringify(figure));
}
process.exit(0);
