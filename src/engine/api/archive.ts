/** Files of containers in the API: `docker cp`, `docker diff`, `docker export`. */
import { PATH_STAT_HEADER } from "../../protocol/docker";
import { changesOf, compareLayers } from "../container/changes";
import type { Container } from "../container/container";
import { copyIn } from "../container/copy-in";
import { copyOut, exportTree, statPath } from "../container/copy-out";
import { emitContainerEvent } from "../container/event";
import { cleanPath, encodePathStat } from "../container/path-stat";
import { lookUpUser, UserError } from "../container/user";
import type { View } from "../container/view";
import { withEnd } from "../container/with-end";
import type { Parts } from "../parts";
import type { ByteStream } from "../image/bytes";
import { badParameter } from "./error";
import { empty, flag, json, type Call, type Routes } from "./router";

export function routes(parts: Parts): Routes {
  const { containers, context, views } = parts;
  const { guest } = context;
  const find = (call: Call) => containers.find(call.params.id);

  /** Answers with a view of the container, which stays open until the body has been sent. */
  async function viewing(container: Container, answer: (view: View) => Promise<Response>): Promise<Response> {
    const view = await views.open(container);
    try {
      const response = await answer(view);
      if (response.body)
        return new Response(withEnd(response.body, view.close), { status: response.status, headers: response.headers });
      await view.close();
      return response;
    } catch (error) {
      await view.close();
      throw error;
    }
  }

  return {
    "HEAD /containers/:id/archive": (call) =>
      viewing(find(call), async (view) => {
        const stat = await statPath(guest, await view.files(), pathOf(call), call.params.id);
        return new Response(null, { headers: { [PATH_STAT_HEADER]: encodePathStat(stat) } });
      }),
    "GET /containers/:id/archive": (call) => {
      const container = find(call);
      return viewing(container, async (view) => {
        const { stat, archive } = await copyOut(guest, await view.files(), pathOf(call), call.params.id);
        emitContainerEvent(context, container.record, "archive-path");
        return tar(archive, { [PATH_STAT_HEADER]: encodePathStat(stat) });
      });
    },
    "PUT /containers/:id/archive": (call) => {
      const container = find(call);
      return viewing(container, async (view) => {
        const path = pathOf(call);
        if (!call.body) throw badParameter("an archive is expected in the body");
        const root = await view.files();
        await copyIn(guest, root, path, call.body, {
          noOverwriteDirNonDir: flag(call.query, "noOverwriteDirNonDir"),
          owner: flag(call.query, "copyUIDGID") ? await ownerOf(parts, container, root) : undefined,
          name: call.params.id,
          allowed: (directory) => checkWritable(container, directory),
        });
        emitContainerEvent(context, container.record, "extract-to-dir");
        return empty(200);
      });
    },
    "GET /containers/:id/changes": (call) => {
      const container = find(call);
      return viewing(container, async (view) => {
        const trees = { image: await view.image(), layers: view.layers };
        const changes = changesOf(await compareLayers(guest, container.paths.upper, trees));
        return json(changes.length > 0 ? changes : null);
      });
    },
    "GET /containers/:id/export": (call) => {
      const container = find(call);
      return viewing(container, async (view) => {
        emitContainerEvent(context, container.record, "export");
        return tar(exportTree(guest, view.layers));
      });
    },
  };
}

function tar(body: ByteStream, headers: Record<string, string> = {}): Response {
  return new Response(body, { headers: { ...headers, "content-type": "application/x-tar" } });
}

/** @throws ApiError 400 */
function pathOf({ query }: Call): string {
  const path = query.get("path") ?? "";
  if (path === "") throw badParameter("bad parameter: 'path' cannot be empty");
  if (path.includes("\0")) throw badParameter("bad parameter: 'path' holds a NUL");
  return cleanPath(path);
}

/** Who the container's files belong to that are copied with --archive: its user, when it has one. */
async function ownerOf({ context }: Parts, { record }: Container, root: string) {
  const user = record.config.User ?? "";
  if (user === "") return undefined;
  const read = async (path: string) =>
    (await context.boxd.readText(root + path, { root }).catch(() => undefined)) ?? "";
  try {
    const { uid, gid } = lookUpUser(user, await read("/etc/passwd"), await read("/etc/group"));
    return { uid, gid };
  } catch (error) {
    throw error instanceof UserError ? badParameter(error.message) : error;
  }
}

/** What the container must not write, nobody writes for it (moby `checkIfPathIsInAVolume`). @throws ApiError 400 */
function checkWritable({ record }: Container, directory: string) {
  const within = (place: string) => directory === place || directory.startsWith(`${place.replace(/\/$/, "")}/`);
  const volume = record.mounts
    .filter(({ Destination }) => within(Destination))
    .toSorted((a, b) => b.Destination.length - a.Destination.length)
    .at(0);
  if (volume && !volume.RW) throw badParameter("mounted volume is marked read-only");
  if (!volume && record.hostConfig.ReadonlyRootfs) throw badParameter("container rootfs is marked read-only");
}
