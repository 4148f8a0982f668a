/** `/volumes…` of the API. */
import { measureDirectories, sum } from "../container/disk-usage";
import type { Parts } from "../parts";
import type { Volume } from "../volume/volumes";
import { badParameter } from "./error";
import { empty, filters, flag, json, type Routes } from "./router";

export function routes({ context, volumes }: Parts): Routes {
  return {
    "GET /volumes": (call) => {
      const by = filters(call.query);
      const names = by.get("name");
      const dangling = by.get("dangling")?.[0];
      const chosen = volumes
        .all()
        .filter(({ name }) => !names || names.some((wanted) => name.includes(wanted)))
        .filter(
          ({ name }) => dangling === undefined || volumes.inUse(name) !== (dangling === "true" || dangling === "1"),
        );
      return json({ Volumes: chosen.map(show), Warnings: null });
    },
    "GET /volumes/:name": (call) => json(show(volumes.find(call.params.name))),
    "POST /volumes/create": async (call) => {
      const { Name, Driver, Labels } = await call.json<{
        Name?: string;
        Driver?: string;
        Labels?: Record<string, string> | null;
      }>();
      if (Driver && Driver !== "local")
        throw badParameter(`error looking up volume plugin ${Driver}: plugin "${Driver}" not found`);
      return json(show(await volumes.create(Name || undefined, Labels ?? {})), 201);
    },
    "DELETE /volumes/:name": async (call) => {
      try {
        await volumes.remove(call.params.name);
      } catch (error) {
        if (!flag(call.query, "force")) throw error;
      }
      return empty();
    },
    "POST /volumes/prune": async (call) => {
      const everything = filters(call.query).get("all")?.[0];
      const unused = volumes
        .all()
        .filter(
          ({ name, labels }) =>
            !volumes.inUse(name) &&
            (everything === "true" || everything === "1" || "com.docker.volume.anonymous" in labels),
        );
      const sizes = await measureDirectories(
        context,
        unused.map(({ mountpoint }) => mountpoint),
      );
      for (const { name } of unused) await volumes.remove(name);
      return json({ VolumesDeleted: unused.map(({ name }) => name), SpaceReclaimed: sum(sizes.values()) });
    },
  };
}

export function show({ name, createdAt, labels, mountpoint }: Volume): object {
  return {
    CreatedAt: createdAt,
    Driver: "local",
    Labels: labels,
    Mountpoint: mountpoint,
    Name: name,
    Options: null,
    Scope: "local",
  };
}
