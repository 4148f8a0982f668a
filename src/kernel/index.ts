export { type Counters, pictureChanged, ranSince } from "./counters";
export { MemoryFault } from "./memory";
export type { FreeRun } from "./pages";
export { createXray, type Xray, type XrayOptions } from "./xray";
