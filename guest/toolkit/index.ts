import { bubble } from "./bubble";
import { generate } from "./generate";
import type { Tool } from "./tool";

const tools: Tool[] = [bubble];

/** The demonstrators of the guest, as files for its root tree. `mode` is the permission bits. */
export function toolkit(): { path: string; mode: number; text: string }[] {
  return tools.map((tool) => ({ path: `/usr/bin/${tool.name}`, mode: 0o755, text: generate(tool) }));
}
