import type { ObjectKind } from "../protocol/evidence";

/** The view that an object is best seen in, by id and name. */
const PLACE: Record<ObjectKind, { id: string; name: string }> = {
  task: { id: "processes", name: "Processes" },
  namespace: { id: "namespaces", name: "Namespaces" },
  ipc: { id: "namespaces", name: "Namespaces" },
  cgroup: { id: "cgroups", name: "Cgroups" },
  mount: { id: "mounts", name: "Mounts" },
  overlay: { id: "layers", name: "Layers" },
  file: { id: "layers", name: "Layers" },
  device: { id: "network", name: "Network" },
  route: { id: "network", name: "Network" },
  socket: { id: "network", name: "Network" },
};

export const viewOfObject = (object: ObjectKind): { id: string; name: string } => PLACE[object];
