/**
 * What an engine or a boxd that ended in the middle of something left in the guest. Every step that makes something puts it
 * under the container's id, so the names alone tell what there is: nothing has to be remembered before it is made.
 */
import type { Plan } from "../../plan/step";
import type { Context } from "../context";
import { Shim } from "../shim";
import { CGROUP_PARENT, containerPaths, CONTAINERS, OVERLAYS, RUN_ROOT } from "./paths";
import { MAX_LAYERS } from "../image/manifest";

const NETNS = "/run/netns";
const CGROUP = `/sys/fs/cgroup${CGROUP_PARENT}`;

/** The containers that there are, by their ids. */
export interface Kept {
  /** Nothing of these is touched. */
  running: ReadonlySet<string>;
  /** These keep their layer and their record. */
  stopped: ReadonlySet<string>;
}

/** Takes away what belongs to no container, and what belongs to one that does not run but is there only while one runs. */
export async function sweep(context: Context, kept: Kept): Promise<void> {
  const { boxd } = context;
  const names = async (directory: string) =>
    (await boxd.names(directory)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const [runs, cgroups, overlays, states] = await Promise.all([RUN_ROOT, CGROUP, OVERLAYS, CONTAINERS].map(names));
  const live = new Set([...runs, ...cgroups].filter((id) => !kept.running.has(id)));
  for (const id of live) await sweepRun(context, id, cgroups.includes(id));
  const known = (id: string) => kept.running.has(id) || kept.stopped.has(id);
  for (const id of new Set([...overlays, ...states].filter((id) => !known(id)))) {
    const { overlay, state, rootfs } = containerPaths(id);
    await takeEach(context, [
      { kind: "umount", target: rootfs, lazy: true, why: "A container that was never whole." },
      { kind: "remove", what: "tree", path: overlay, why: "What it wrote." },
      { kind: "remove", what: "tree", path: state, why: "What was remembered of it." },
    ]);
  }
  const namespaces = new Set([...kept.running].map((id) => containerPaths(id).netns));
  const left = (await boxd.names(NETNS)).filter((name) => /^box-[0-9a-f]{12}$/.test(name) && !namespaces.has(name));
  await takeEach(
    context,
    left.map((name) => ({ kind: "netnsRemove", name, why: "Its container does not run." })),
  );
}

async function sweepRun(context: Context, id: string, hasCgroup: boolean): Promise<void> {
  const { boxd } = context;
  const paths = containerPaths(id);
  const cgroup = `/sys/fs/cgroup${paths.cgroup}`;
  if (hasCgroup)
    await takeEach(context, [
      { kind: "write", path: `${cgroup}/cgroup.kill`, text: "1", why: "A start that nobody saw the end of." },
    ]);
  for (const name of await boxd.names(paths.run)) await endShim(context, `${paths.run}/${name}`);
  await endShim(context, paths.run);
  const lowers = await boxd.names(paths.lowers);
  await takeEach(context, [
    { kind: "umount", target: paths.rootfs, lazy: true, why: "Its layers are no longer seen as one." },
    ...lowers.slice(0, MAX_LAYERS).map((name): Plan[number] => ({
      kind: "umount",
      target: `${paths.lowers}/${name}`,
      lazy: true,
      why: "A layer with other owners, for an overlay that was not mounted.",
    })),
    { kind: "umount", target: paths.shm, lazy: true, why: "Shared memory of nobody." },
    { kind: "umount", target: paths.userns, lazy: true, why: "Nobody is in the user namespace." },
    ...(hasCgroup ? [{ kind: "remove", what: "directory", path: cgroup, why: "Its cgroup is empty." } as const] : []),
    { kind: "remove", what: "tree", path: paths.run, why: "Where its shim could be reached." },
  ]);
}

/** A shim whose program has ended goes as soon as somebody has listened to it. */
async function endShim({ guest, boxd }: Context, directory: string): Promise<void> {
  const names: string[] = await boxd.names(directory).catch(() => []);
  if (!names.includes("shim.sock")) return;
  const shim = new Shim(guest, directory);
  try {
    await shim.subscribe({});
    for await (const event of shim.events()) if (event.kind === "exit") break;
  } catch {
    // It has gone already.
  } finally {
    shim.close();
  }
}

/** One by one: what is not there must not keep the rest from being taken away. */
async function takeEach({ boxd }: Context, plan: Plan): Promise<void> {
  for (const step of plan) await boxd.take([step]).catch(() => {});
}
