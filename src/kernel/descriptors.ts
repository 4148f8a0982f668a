/** Open descriptors: sockets, and namespaces that descriptors hold. */
import type { Socket } from "../protocol/network";
import type { Task } from "../protocol/task";
import type { Namespaces } from "./namespaces";
import type { Reading } from "./reading";

export function readDescriptors(_reading: Reading, _tasks: Task[], _namespaces: Namespaces): Socket[] {
  return [];
}
