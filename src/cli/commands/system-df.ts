import type { BuildCacheEntry, ContainerSummary, DiskUsageResponse, ImageSummary } from "../../protocol/docker";
import { command, none } from "../command";
import { humanDuration } from "../duration";
import { secondsOf } from "../instant";
import { listText, printList } from "../list-format";
import { humanSize } from "../size";
import { row } from "../template/value";
import type { Value } from "../template/value";
import { LIST_FORMAT } from "./formats";
import { IMAGE_HEADERS, imageRow } from "./images";
import { CONTAINER_HEADERS, containerRow } from "./ps";
import { VOLUME_HEADERS, volumeRow } from "./volume";

const RUNNING = ["running", "paused", "restarting"];

interface Usage {
  type: string;
  total: number;
  active: number;
  bytes: number;
  reclaimable: number;
  /** Whether the share that could be freed is told as a percentage, too. */
  percent: boolean;
}

const sum = (numbers: number[]): number => numbers.reduce((all, number) => all + number, 0);

const sharedBytes = (images: ImageSummary[]): number =>
  sum(
    images
      .filter((image) => image.Containers > 0 && image.Size !== -1)
      .map((image) => image.Size - Math.max(0, image.SharedSize)),
  );

const usagesOf = (df: DiskUsageResponse): Usage[] => {
  const images = df.Images ?? [];
  const containers = df.Containers ?? [];
  const volumes = (df.Volumes ?? []).map((volume) => ({
    size: volume.UsageData?.Size ?? -1,
    links: volume.UsageData?.RefCount ?? 0,
  }));
  const cache = df.BuildCache ?? [];
  const sizes = (list: ContainerSummary[]): number => sum(list.map((container) => container.SizeRw ?? 0));
  return [
    {
      type: "Images",
      total: images.length,
      active: images.filter((image) => image.Containers > 0).length,
      bytes: df.LayersSize,
      reclaimable: df.LayersSize - sharedBytes(images),
      percent: true,
    },
    {
      type: "Containers",
      total: containers.length,
      active: containers.filter((container) => RUNNING.includes(container.State)).length,
      bytes: sizes(containers),
      reclaimable: sizes(containers.filter((container) => !RUNNING.includes(container.State))),
      percent: true,
    },
    {
      type: "Local Volumes",
      total: volumes.length,
      active: volumes.filter((volume) => volume.links > 0).length,
      bytes: sum(volumes.filter((volume) => volume.size !== -1).map((volume) => volume.size)),
      reclaimable: sum(
        volumes.filter((volume) => volume.size !== -1 && volume.links === 0).map((volume) => volume.size),
      ),
      percent: true,
    },
    {
      type: "Build Cache",
      total: cache.length,
      active: cache.filter((entry) => entry.InUse).length,
      bytes: sum(cache.filter((entry) => !entry.Shared).map((entry) => entry.Size)),
      reclaimable: sum(cache.filter((entry) => !entry.InUse && !entry.Shared).map((entry) => entry.Size)),
      percent: false,
    },
  ];
};

const usageRow = ({ type, total, active, bytes, reclaimable, percent }: Usage): Record<string, Value> =>
  row("*formatter.diskUsageContext", {
    Active: String(active),
    Reclaimable:
      percent && bytes > 0
        ? `${humanSize(reclaimable)} (${Math.trunc((reclaimable / bytes) * 100)}%)`
        : humanSize(reclaimable),
    Size: humanSize(bytes),
    TotalCount: String(total),
    Type: type,
  });

const cacheRow = (entry: BuildCacheEntry, nowMs: number): Record<string, Value> => {
  const age = (instant: string): string => `${humanDuration(nowMs / 1000 - secondsOf(instant))} ago`;
  return row("*formatter.buildCacheContext", {
    CacheType: entry.Type,
    CreatedAt: entry.CreatedAt,
    CreatedSince: age(entry.CreatedAt),
    Description: entry.Description,
    ID: entry.InUse ? `${entry.ID.slice(0, 12)}*` : entry.ID.slice(0, 12),
    InUse: String(entry.InUse),
    LastUsedAt: entry.LastUsedAt ?? "",
    LastUsedSince: entry.LastUsedAt ? age(entry.LastUsedAt) : "",
    Parent: (entry.Parents ?? []).join(", "),
    Shared: String(entry.Shared),
    Size: humanSize(entry.Size, 3),
    UsageCount: String(entry.UsageCount),
  });
};

/** The name that an image's line begins with: its first tag, its digest's repository, or none. */
const firstName = (image: ImageSummary) => {
  const [tagged] = image.RepoTags ?? [];
  const at = tagged?.lastIndexOf(":") ?? -1;
  if (tagged && at > 0 && tagged !== "<none>:<none>")
    return { repository: tagged.slice(0, at), tag: tagged.slice(at + 1), digest: "" };
  const [repository] = (image.RepoDigests ?? [])[0]?.split("@") ?? ["<none>"];
  return { repository, tag: "<none>", digest: "" };
};

export const systemDf = command("df", {
  use: "[OPTIONS]",
  short: "Show docker disk usage",
  arity: none,
  options: `
    ${LIST_FORMAT}
    -v, --verbose  Show detailed information on space usage
  `,
  run: async (context, options) => {
    const df = await context.api.json<DiskUsageResponse>("GET", "/system/df");
    const now = context.io.now();
    const format = options.text("format");
    if (!options.flag("verbose")) {
      await printList(context, {
        format,
        table: "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
        headers: { Type: "TYPE", TotalCount: "TOTAL", Active: "ACTIVE", Size: "SIZE", Reclaimable: "RECLAIMABLE" },
        rows: usagesOf(df).map(usageRow),
      });
      return;
    }
    const images = (df.Images ?? []).map((image) => imageRow(image, firstName(image), now, format === ""));
    const containers = (df.Containers ?? []).map((container) => ({
      ...containerRow({ ...container, SizeRootFs: 0 }, now, format === ""),
    }));
    const volumes = (df.Volumes ?? []).map(volumeRow);
    const cache = (df.BuildCache ?? []).map((entry) => cacheRow(entry, now));
    if (format !== "") {
      const all = { Images: images, Containers: containers, Volumes: volumes, BuildCache: cache };
      await printList(context, { format, table: "", headers: {}, rows: [all] });
      return;
    }
    const cacheBytes = sum((df.BuildCache ?? []).filter((entry) => !entry.Shared).map((entry) => entry.Size));
    await context.out(
      "Images space usage:\n\n" +
        listText({
          format: "",
          table:
            "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}",
          headers: IMAGE_HEADERS,
          rows: images,
        }) +
        "\nContainers space usage:\n\n" +
        listText({
          format: "",
          table:
            "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}",
          headers: CONTAINER_HEADERS,
          rows: containers,
        }) +
        "\nLocal Volumes space usage:\n\n" +
        listText({ format: "", table: "{{.Name}}\t{{.Links}}\t{{.Size}}", headers: VOLUME_HEADERS, rows: volumes }) +
        `\nBuild cache usage: ${humanSize(cacheBytes)}\n\n` +
        listText({
          format: "",
          table:
            "{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}",
          headers: {
            ID: "CACHE ID",
            CacheType: "CACHE TYPE",
            Size: "SIZE",
            CreatedSince: "CREATED",
            LastUsedSince: "LAST USED",
            UsageCount: "USAGE",
            Shared: "SHARED",
          },
          rows: cache,
        }),
    );
  },
});
