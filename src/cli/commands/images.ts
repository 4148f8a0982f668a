import type { ImageSummary } from "../../protocol/docker";
import { filtersQuery } from "../api";
import { atMost, command } from "../command";
import { agoText, instantText } from "../instant";
import { printList } from "../list-format";
import { humanSize } from "../size";
import { row } from "../template/value";
import type { Value } from "../template/value";
import { shortId } from "../text";
import { LIST_FORMAT } from "./formats";

const NONE = "<none>";

export const IMAGE_HEADERS: Record<string, Value> = {
  Containers: "CONTAINERS",
  CreatedAt: "CREATED AT",
  CreatedSince: "CREATED",
  Digest: "DIGEST",
  ID: "IMAGE ID",
  Repository: "REPOSITORY",
  SharedSize: "SHARED SIZE",
  Size: "SIZE",
  Tag: "TAG",
  UniqueSize: "UNIQUE SIZE",
};

interface Named {
  repository: string;
  tag: string;
  digest: string;
}

const split = (text: string, separator: string): [string, string] => {
  const at = text.lastIndexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
};

/** A line for each name of an image; with `digests`, for each pair of tag and digest of the same repository. */
const namesOf = (image: ImageSummary, digests: boolean): Named[] => {
  const tags = (image.RepoTags ?? []).filter((text) => text !== "<none>:<none>").map((text) => split(text, ":"));
  const known = (image.RepoDigests ?? []).filter((text) => text !== "<none>@<none>").map((text) => split(text, "@"));
  if (tags.length === 0 && known.length === 0) return [{ repository: NONE, tag: NONE, digest: NONE }];
  const repositories = [...new Set([...tags, ...known].map(([repository]) => repository))];
  return repositories.flatMap((repository) => {
    const own = tags.filter(([name]) => name === repository).map(([, tag]) => tag);
    const ownDigests = known.filter(([name]) => name === repository).map(([, digest]) => digest);
    if (!digests)
      return own.length === 0
        ? [{ repository, tag: NONE, digest: NONE }]
        : own.map((tag) => ({ repository, tag, digest: NONE }));
    if (own.length === 0) return ownDigests.map((digest) => ({ repository, tag: NONE, digest }));
    if (ownDigests.length === 0) return own.map((tag) => ({ repository, tag, digest: NONE }));
    return own.flatMap((tag) => ownDigests.map((digest) => ({ repository, tag, digest })));
  });
};

export const imageRow = (image: ImageSummary, name: Named, nowMs: number, trunc: boolean): Record<string, Value> =>
  row("*formatter.imageContext", {
    Containers: image.Containers === -1 ? "N/A" : String(image.Containers),
    CreatedAt: instantText(image.Created),
    CreatedSince: agoText(image.Created, nowMs),
    Digest: name.digest,
    ID: trunc ? shortId(image.Id) : image.Id,
    Repository: name.repository,
    SharedSize: image.SharedSize === -1 ? "N/A" : humanSize(image.SharedSize),
    Size: humanSize(image.Size, 3),
    Tag: name.tag,
    UniqueSize: image.SharedSize === -1 ? "N/A" : humanSize(image.Size - image.SharedSize),
    VirtualSize: humanSize(image.Size),
  });

export const imageRows = (images: ImageSummary[], nowMs: number, trunc: boolean, digests: boolean) =>
  images.flatMap((image) => namesOf(image, digests).map((name) => imageRow(image, name, nowMs, trunc)));

export const images = command("ls", {
  aliases: ["list"],
  use: "[OPTIONS] [REPOSITORY[:TAG]]",
  short: "List images",
  arity: atMost(1),
  completes: "images",
  options: `
    -a, --all            Show all images (default hides intermediate images)
    --digests            Show digests
    -f, --filter filter  Filter output based on conditions provided
    ${LIST_FORMAT}
    --no-trunc           Don't truncate output
    -q, --quiet          Only show image IDs
  `,
  run: async (context, options, [name]) => {
    const filters = [...options.list("filter"), ...(name === undefined ? [] : [`reference=${name}`])];
    const found = await context.api.json<ImageSummary[] | null>("GET", "/images/json", {
      query: { all: options.flag("all"), filters: filtersQuery(filters) },
    });
    const format = options.text("format");
    const digests = options.flag("digests") || /{{.*\.Digest\b/.test(format);
    const isTable = format === "" || format.startsWith("table");
    await printList(context, {
      format: options.flag("quiet") && isTable ? "{{.ID}}" : format,
      table: `{{.Repository}}\t{{.Tag}}\t${digests ? "{{.Digest}}\t" : ""}{{.ID}}\t{{.CreatedSince}}\t{{.Size}}`,
      headers: IMAGE_HEADERS,
      rows: imageRows(found ?? [], context.io.now(), !options.flag("no-trunc"), digests),
    });
  },
});
