import { bubble } from "./bubble";
import { generate } from "./generate";
import { limit } from "./limit";
import { show } from "./show";
import { stack } from "./stack";
import type { Tool } from "./tool";
import { wire } from "./wire";

export const TOOLS: readonly Tool[] = [bubble, stack, limit, wire, show];

/** The demonstrators of the guest, as files for its root tree. `mode` is the permission bits. */
export function toolkit(): { path: string; mode: number; text: string }[] {
  return TOOLS.map((tool) => ({ path: `/usr/bin/${tool.name}`, mode: 0o755, text: generate(tool) }));
}
