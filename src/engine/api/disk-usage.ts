/** `GET /system/df`: what images, containers and volumes take of the guest's memory. */
import type { ContainerSummary, DiskUsageResponse, ImageSummary, Volume } from "../../protocol/docker";
import type { Container } from "../container/container";
import { measureDirectories } from "../container/disk-usage";
import { summarizeContainer } from "../container/inspect";
import type { Parts } from "../parts";
import { badParameter } from "./error";
import { summary as summarizeImage } from "./images";
import { json, type Routes } from "./router";
import { show as showVolume } from "./volumes";

const TYPES: readonly string[] = ["container", "image", "volume", "build-cache"];

export function routes(parts: Parts): Routes {
  return {
    "GET /system/df": async ({ query }) => {
      const asked = query.getAll("type").filter((type) => type !== "");
      for (const type of asked) if (!TYPES.includes(type)) throw badParameter(`unknown object type: ${type}`);
      const wanted = (type: string) => asked.length === 0 || asked.includes(type);
      const { containers, volumes } = parts;
      const all = wanted("container") ? containers.all() : [];
      const places = wanted("volume") ? volumes.all() : [];
      const sizes = await measureDirectories(parts.context, [
        ...all.map(({ paths }) => paths.upper),
        ...places.map(({ mountpoint }) => mountpoint),
      ]);
      const usage: DiskUsageResponse = {
        LayersSize: 0,
        Images: null,
        Containers: null,
        Volumes: null,
        BuildCache: null,
        ...(wanted("image") ? imageUsage(parts) : {}),
        ...(wanted("container") ? { Containers: all.map((container) => sizedSummary(parts, container, sizes)) } : {}),
        ...(wanted("volume")
          ? {
              Volumes: places.map((volume) => ({
                ...(showVolume(volume) as Volume),
                UsageData: {
                  Size: sizes.get(volume.mountpoint) ?? 0,
                  RefCount: containers
                    .all()
                    .filter(({ record }) => record.mounts.some(({ Name }) => Name === volume.name)).length,
                },
              })),
            }
          : {}),
        ...(wanted("build-cache") ? { BuildCache: [] } : {}),
      };
      return json(usage);
    },
  };
}

/** Sizes of images with what they share, and of all layers, each counted once. */
function imageUsage({ images, containers }: Parts): Pick<DiskUsageResponse, "LayersSize" | "Images"> {
  const users = new Map<string, number>();
  for (const { image } of images.all())
    for (const { chainId } of image.layers) users.set(chainId, (users.get(chainId) ?? 0) + 1);
  const layers = new Map(images.all().flatMap(({ image }) => image.layers.map(({ chainId }) => [chainId, chainId])));
  return {
    LayersSize: [...layers.values()].reduce((sum, chainId) => sum + images.layerSize(chainId), 0),
    Images: images.all().map((named) => {
      const shared = named.image.layers.filter(({ chainId }) => (users.get(chainId) ?? 0) > 1);
      const count = containers.all().filter(({ record }) => record.imageId === named.image.id).length;
      return {
        ...(summarizeImage(named, count) as ImageSummary),
        SharedSize: shared.reduce((sum, { chainId }) => sum + images.layerSize(chainId), 0),
      };
    }),
  };
}

/** A container as in a list, with what it wrote and what it has in all. */
function sizedSummary(parts: Parts, container: Container, sizes: ReadonlyMap<string, number>): ContainerSummary {
  const { context, networks } = parts;
  const nowMs = Number(context.nowNs() / 1_000_000n);
  const summary = summarizeContainer(container, networks, nowMs) as ContainerSummary;
  return { ...summary, ...sizesOf(parts, container, sizes) };
}

/** Containers as `docker ps --size` lists them. */
export async function sizedSummaries(parts: Parts, containers: readonly Container[]): Promise<ContainerSummary[]> {
  const sizes = await measureDirectories(
    parts.context,
    containers.map(({ paths }) => paths.upper),
  );
  return containers.map((container) => sizedSummary(parts, container, sizes));
}

/** What `docker inspect --size` says more. */
export async function containerSizes(parts: Parts, container: Container) {
  return sizesOf(parts, container, await measureDirectories(parts.context, [container.paths.upper]));
}

function sizesOf({ images }: Parts, { record, paths }: Container, sizes: ReadonlyMap<string, number>) {
  const image = images.all().find((each) => each.image.id === record.imageId);
  const written = sizes.get(paths.upper) ?? 0;
  return { SizeRw: written, SizeRootFs: written + (image?.sizeBytes ?? 0) };
}
