/** The mounts of every mount namespace of one picture. */
import type { Mount } from "../protocol/mount";
import type { Namespaces } from "./namespaces";
import type { Reading } from "./reading";

export function readMounts(_reading: Reading, _namespaces: Namespaces): Mount[] {
  return [];
}
