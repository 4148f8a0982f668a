import type { ContainerSummary, PortSummary } from "../../protocol/docker";
import { filtersQuery } from "../api";
import { command, none } from "../command";
import { CliFailure, reasonOf } from "../failure";
import { agoText, instantText } from "../instant";
import { printList } from "../list-format";
import { humanSize } from "../size";
import { compileTemplate } from "../template/execute";
import { row } from "../template/value";
import type { Value } from "../template/value";
import { ellipsis, labelText, shortId } from "../text";
import { LIST_FORMAT } from "./formats";

const MOUNT_COLUMNS = 15;
const COMMAND_COLUMNS = 20;

const joinHost = (ip: string, port: string | number): string => `${ip.includes(":") ? `[${ip}]` : ip}:${port}`;

/** `0.0.0.0:8080->80/tcp, 443/tcp`: ports in a row that are published under their own number become a range. */
export const portsText = (ports: PortSummary[]): string => {
  const sorted = [...ports].sort(
    (a, b) =>
      a.PrivatePort - b.PrivatePort ||
      compare(a.IP ?? "", b.IP ?? "") ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
      compare(a.Type, b.Type),
  );
  const groups = new Map<string, { ip: string; type: string; first: number; last: number }>();
  const done: string[] = [];
  const mapped: string[] = [];
  const text = ({ ip, type, first, last }: { ip: string; type: string; first: number; last: number }): string => {
    const range = first === last ? String(first) : `${first}-${last}`;
    return `${ip ? `${joinHost(ip, range)}->` : ""}${range}/${type}`;
  };
  for (const { IP: ip = "", PrivatePort: port, PublicPort: published, Type: type } of sorted) {
    if (ip && published !== port) {
      mapped.push(`${joinHost(ip, published ?? 0)}->${port}/${type}`);
      continue;
    }
    const key = ip ? `${ip}/${type}` : type;
    const group = groups.get(key);
    if (group && group.last + 1 === port) {
      group.last = port;
      continue;
    }
    if (group) done.push(text(group));
    groups.set(key, { ip, type, first: port, last: port });
  }
  return [...done, ...[...groups.values()].map(text), ...mapped].join(", ");
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What is shown of a container in lists. `size` is what `SIZE` says where it was asked for. */
export const containerRow = (container: ContainerSummary, nowMs: number, trunc: boolean): Record<string, Value> => {
  const names = container.Names.map((name) => name.replace(/^\//, ""));
  const mounts = (container.Mounts ?? []).map(({ Name, Source }) => {
    const name = Name || Source;
    return trunc ? ellipsis(name, MOUNT_COLUMNS) : name;
  });
  const rw = humanSize(container.SizeRw ?? 0, 3);
  return row("*formatter.ContainerContext", {
    Command: JSON.stringify(trunc ? ellipsis(container.Command, COMMAND_COLUMNS) : container.Command),
    CreatedAt: instantText(container.Created),
    ID: trunc ? shortId(container.Id) : container.Id,
    Image: imageText(container, trunc),
    Label: (name: Value) => container.Labels?.[String(name)] ?? "",
    Labels: labelText(container.Labels),
    LocalVolumes: String((container.Mounts ?? []).filter(({ Driver }) => Driver === "local").length),
    Mounts: mounts.join(","),
    // A name with a slash within is another container's link to this one.
    Names: (trunc ? names.filter((name) => !name.includes("/")) : names).join(","),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {})
      .sort()
      .join(","),
    Platform: null,
    Ports: portsText(container.Ports ?? []),
    RunningFor: agoText(container.Created, nowMs),
    Size: (container.SizeRootFs ?? 0) > 0 ? `${rw} (virtual ${humanSize(container.SizeRootFs ?? 0, 3)})` : rw,
    State: container.State,
    Status: container.Status,
  });
};

const imageText = ({ Image, ImageID }: ContainerSummary, trunc: boolean): string => {
  if (Image === "") return "<no image>";
  if (!trunc) return Image;
  return shortId(ImageID) === shortId(Image) || Image.startsWith("sha256:") ? shortId(Image) : Image;
};

export const CONTAINER_HEADERS: Record<string, Value> = {
  Command: "COMMAND",
  CreatedAt: "CREATED AT",
  ID: "CONTAINER ID",
  Image: "IMAGE",
  Labels: "LABELS",
  LocalVolumes: "LOCAL VOLUMES",
  Mounts: "MOUNTS",
  Names: "NAMES",
  Networks: "NETWORKS",
  Platform: "PLATFORM",
  Ports: "PORTS",
  RunningFor: "CREATED",
  Size: "SIZE",
  State: "STATE",
  Status: "STATUS",
};

/**
 * Whether a template shows sizes, which cost the engine much and are asked for only then. Tells mistakes in the template
 * before the engine is asked anything.
 */
const showsSize = (format: string): boolean => {
  const source = format.replace(/^table/, "").trim();
  if (source === "" || format === "json") return false;
  let shows = /\bjson \.\s*[|}]/.test(source);
  const probe = { Size: (): string => String((shows = true)), Label: (): string => "" };
  const fields = Object.fromEntries(Object.keys(CONTAINER_HEADERS).map((name) => [name, ""]));
  let template: ReturnType<typeof compileTemplate>;
  try {
    template = compileTemplate(source.replaceAll("\\t", "\t").replaceAll("\\n", "\n"));
  } catch (thrown) {
    throw new CliFailure(`failed to parse template: ${reasonOf(thrown)}`);
  }
  try {
    template(row("*formatter.ContainerContext", { ...fields, ...probe }));
  } catch (thrown) {
    throw new CliFailure(`failed to execute template: ${reasonOf(thrown)}`);
  }
  return shows;
};

export const ps = command("ls", {
  aliases: ["list", "ps"],
  use: "[OPTIONS]",
  short: "List containers",
  arity: none,
  options: `
    -a, --all            Show all containers (default shows just running)
    -f, --filter filter  Filter output based on conditions provided
    ${LIST_FORMAT}
    -n, --last int       Show n last created containers (includes all states) (default -1)
    -l, --latest         Show the latest created container (includes all states)
    --no-trunc           Don't truncate output
    -q, --quiet          Only display container IDs
    -s, --size           Display total file sizes
  `,
  run: async (context, options) => {
    const format = options.text("format");
    const quiet = options.flag("quiet");
    if (quiet && format !== "")
      await context.err("WARNING: Ignoring custom format, because both --format and --quiet are set.\n");
    const last = options.flag("latest") && options.number("last") === -1 ? 1 : options.number("last");
    const containers = await context.api.json<ContainerSummary[] | null>("GET", "/containers/json", {
      query: {
        all: options.flag("all"),
        limit: last > 0 ? last : undefined,
        size: options.flag("size") || (!quiet && showsSize(format)),
        filters: filtersQuery(options.list("filter")),
      },
    });
    if (!Array.isArray(containers ?? [])) throw new CliFailure("the engine's list of containers is none");
    const columns = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
    await printList(context, {
      format: quiet ? "{{.ID}}" : format,
      table: options.flag("size") ? `${columns}\t{{.Size}}` : columns,
      headers: CONTAINER_HEADERS,
      rows: (containers ?? []).map((each) => containerRow(each, context.io.now(), !options.flag("no-trunc"))),
    });
  },
});
