import type { Volume, VolumeCreateRequest, VolumeListResponse } from "../../protocol/docker";
import { filtersQuery, segment } from "../api";
import { atLeast, atMost, command, none } from "../command";
import { CREATE_KINDS } from "../create/list-values";
import { pairsOf } from "../create/variables";
import { CliFailure, EngineFailure } from "../failure";
import { printList } from "../list-format";
import { humanSize } from "../size";
import { row } from "../template/value";
import type { Value } from "../template/value";
import { compareNatural, labelText } from "../text";
import { LIST_FORMAT } from "./formats";

export const VOLUME_HEADERS: Record<string, Value> = {
  Driver: "DRIVER",
  Labels: "LABELS",
  Links: "LINKS",
  Mountpoint: "MOUNTPOINT",
  Name: "VOLUME NAME",
  Scope: "SCOPE",
  Size: "SIZE",
};

export const volumeRow = (volume: Volume): Record<string, Value> =>
  row("*formatter.volumeContext", {
    Availability: "N/A",
    Driver: volume.Driver,
    Group: "N/A",
    Label: (name: Value) => volume.Labels?.[String(name)] ?? "",
    Labels: labelText(volume.Labels),
    Links: volume.UsageData ? String(volume.UsageData.RefCount) : "N/A",
    Mountpoint: volume.Mountpoint,
    Name: volume.Name,
    Scope: volume.Scope,
    Size: volume.UsageData ? humanSize(volume.UsageData.Size) : "N/A",
    Status: "N/A",
  });

export const volumeLs = command("ls", {
  aliases: ["list"],
  use: "[OPTIONS]",
  short: "List volumes",
  arity: none,
  options: `
    -f, --filter filter  Provide filter values (e.g. "dangling=true")
    ${LIST_FORMAT}
    -q, --quiet          Only display volume names
  `,
  run: async (context, options) => {
    const { Volumes } = await context.api.json<VolumeListResponse>("GET", "/volumes", {
      query: { filters: filtersQuery(options.list("filter")) },
    });
    const format = options.text("format");
    const isTable = format === "" || format.startsWith("table");
    await printList(context, {
      format: options.flag("quiet") && isTable ? "{{.Name}}" : format,
      table: "{{.Driver}}\t{{.Name}}",
      headers: VOLUME_HEADERS,
      rows: [...(Volumes ?? [])].sort((a, b) => compareNatural(a.Name, b.Name)).map(volumeRow),
    });
  },
});

export const volumeCreate = command("create", {
  use: "[OPTIONS] [VOLUME]",
  short: "Create a volume",
  arity: atMost(1),
  kinds: CREATE_KINDS,
  options: `
    -d, --driver string  Specify volume driver name (default "local")
    --label list:label   Set metadata for a volume
    # --name string      Specify volume name
    -o, --opt map        Set driver specific options (default map[])
  `,
  run: async (context, options, [argument]) => {
    if (argument !== undefined && options.text("name") !== "")
      throw new CliFailure(
        "conflicting options: cannot specify a volume-name through both --name and as a positional arg",
      );
    const name = argument ?? options.text("name");
    const labels = pairsOf(options.list("label"));
    const driverOpts = pairsOf(options.list("opt"));
    const request: VolumeCreateRequest = {
      Driver: options.text("driver"),
      ...(Object.keys(driverOpts).length > 0 ? { DriverOpts: driverOpts } : {}),
      ...(Object.keys(labels).length > 0 ? { Labels: labels } : {}),
      ...(name ? { Name: name } : {}),
    };
    const volume = await context.api.json<Volume>("POST", "/volumes/create", { json: request });
    await context.out(`${volume.Name}\n`);
  },
});

export const volumeRm = command("rm", {
  aliases: ["remove"],
  use: "[OPTIONS] VOLUME [VOLUME...]",
  short: "Remove one or more volumes",
  long: "Remove one or more volumes. You cannot remove a volume that is in use by a container.",
  arity: atLeast(1),
  completes: "volumes",
  options: `
    -f, --force  Force the removal of one or more volumes
  `,
  run: async (context, options, args) => {
    const failures: string[] = [];
    for (const name of args) {
      try {
        await context.api.done("DELETE", `/volumes/${segment(name)}`, { query: { force: options.flag("force") } });
        await context.out(`${name}\n`);
      } catch (thrown) {
        if (!(thrown instanceof EngineFailure)) throw thrown;
        failures.push(thrown.message);
      }
    }
    if (failures.length > 0) throw new CliFailure(failures.join("\n"));
  },
});
