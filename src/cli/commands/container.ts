import type {
  ContainerInspect,
  ContainerTop,
  ContainerUpdateRequest,
  ContainerUpdateResponse,
  ContainerWaitResponse,
  FilesystemChange,
  IDResponse,
  Resources,
} from "../../protocol/docker";
import { segment } from "../api";
import { atLeast, between, command, exactly } from "../command";
import { parseRestartPolicy } from "../create/restart-policy";
import { CliFailure, reasonOf } from "../failure";
import { fullName, parseReference, withDefaultTag } from "../reference";
import { alignColumns } from "../tabwriter";
import { compareNatural } from "../text";
import { saveStream } from "../transfer";

const path = (name: string): string => `/containers/${segment(name)}`;

export const rename = command("rename", {
  use: "CONTAINER NEW_NAME",
  short: "Rename a container",
  arity: exactly(2),
  completes: "containers",
  run: async (context, _, [oldName, newName]) => {
    const from = oldName.trim();
    const to = newName.trim();
    if (from === "" || to === "") throw new CliFailure("Error: Neither old nor new names may be empty");
    try {
      await context.api.done("POST", `${path(from)}/rename`, { query: { name: to } });
    } catch (thrown) {
      if (thrown instanceof CliFailure && thrown.name === "Exit") throw thrown;
      throw new CliFailure(`${reasonOf(thrown)}\nError: failed to rename container named ${from}`);
    }
  },
});

export const wait = command("wait", {
  use: "CONTAINER [CONTAINER...]",
  short: "Block until one or more containers stop, then print their exit codes",
  arity: atLeast(1),
  completes: "running",
  run: async (context, _, args) => {
    const failures: string[] = [];
    for (const name of args) {
      try {
        const answer = await context.api.json<ContainerWaitResponse>("POST", `${path(name)}/wait`);
        if (answer.Error) throw new CliFailure(answer.Error.Message);
        await context.out(`${answer.StatusCode}\n`);
      } catch (thrown) {
        if (thrown instanceof CliFailure && thrown.name === "Exit") throw thrown;
        failures.push(reasonOf(thrown));
      }
    }
    if (failures.length > 0) throw new CliFailure(failures.join("\n"));
  },
});

export const top = command("top", {
  use: "CONTAINER [ps OPTIONS]",
  short: "Display the running processes of a container",
  arity: atLeast(1),
  interspersed: false,
  completes: "running",
  run: async (context, _, [name, ...psArgs]) => {
    const { Titles, Processes } = await context.api.json<ContainerTop>("GET", `${path(name)}/top`, {
      query: { ps_args: psArgs.length > 0 ? psArgs.join(" ") : undefined },
    });
    const lines = [Titles, ...(Processes ?? [])].map((cells) => cells.join("\t"));
    await context.out(alignColumns(`${lines.join("\n")}\n`, { minWidth: 20, padding: 3 }));
  },
});

const CHANGE_LETTERS = ["C", "A", "D"];

export const diff = command("diff", {
  use: "CONTAINER",
  short: "Inspect changes to files or directories on a container's filesystem",
  arity: exactly(1),
  completes: "containers",
  run: async (context, _, [name]) => {
    if (name === "") throw new CliFailure("Container name cannot be empty");
    const changes = await context.api.json<FilesystemChange[] | null>("GET", `${path(name)}/changes`);
    await context.out((changes ?? []).map(({ Kind, Path }) => `${CHANGE_LETTERS[Kind] ?? "?"} ${Path}\n`).join(""));
  },
});

const hostPort = (ip: string | undefined, port: string | undefined): string =>
  `${ip?.includes(":") ? `[${ip}]` : (ip ?? "")}:${port ?? ""}`;

export const port = command("port", {
  use: "CONTAINER [PRIVATE_PORT[/PROTO]]",
  short: "List port mappings or a specific mapping for the container",
  arity: between(1, 2),
  completes: "running",
  run: async (context, _, [name, wanted]) => {
    const { NetworkSettings } = await context.api.json<ContainerInspect>("GET", `${path(name)}/json`);
    const ports = NetworkSettings.Ports ?? {};
    if (wanted !== undefined) {
      const [number, protocol = "tcp"] = wanted.split("/");
      if (!/^\d+$/.test(number) || Number(number) > 65535)
        throw new CliFailure(
          `Error: invalid port (${wanted}): strconv.ParseUint: parsing ${JSON.stringify(number)}: ${/^\d+$/.test(number) ? "value out of range" : "invalid syntax"}`,
        );
      const bindings = ports[`${number}/${protocol}`];
      if (!bindings || bindings.length === 0)
        throw new CliFailure(`Error: No public port '${number}/${protocol}' published for ${name}`);
      await context.out(bindings.map(({ HostIp, HostPort }) => `${hostPort(HostIp, HostPort)}\n`).join(""));
      return;
    }
    const lines = Object.entries(ports).flatMap(([from, bindings]) =>
      (bindings ?? []).map(({ HostIp, HostPort }) => `${from} -> ${hostPort(HostIp, HostPort)}\n`),
    );
    await context.out(lines.sort(compareNatural).join(""));
  },
});

export const commit = command("commit", {
  use: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
  short: "Create a new image from a container's changes",
  arity: between(1, 2),
  completes: "containers",
  options: `
    -a, --author string   Author (e.g., "Grace Hopper <grace@example.com>")
    -c, --change list     Apply Dockerfile instruction to the created image
    -m, --message string  Commit message
    -p, --pause           Pause container during commit (default true)
  `,
  run: async (context, options, [name, target]) => {
    const reference = target ? withDefaultTag(parseReference(target)) : undefined;
    if (reference?.digest) throw new CliFailure("refusing to create a tag with a digest reference");
    const { Id } = await context.api.json<IDResponse>("POST", "/commit", {
      query: {
        author: options.text("author"),
        changes: options.list("change").length > 0 ? options.list("change") : undefined,
        comment: options.text("message"),
        container: name,
        pause: options.flag("pause") ? undefined : "0",
        repo: reference && fullName(reference),
        tag: reference?.tag,
      },
    });
    await context.out(`${Id}\n`);
  },
});

export const exportContainer = command("export", {
  use: "[OPTIONS] CONTAINER",
  short: "Export a container's filesystem as a tar archive",
  arity: exactly(1),
  completes: "containers",
  options: `
    -o, --output string  Write to a file, instead of STDOUT
  `,
  run: async (context, options, [name]) => {
    await saveStream(context, options.text("output"), "export container", async () => {
      const response = await context.api.stream("GET", `${path(name)}/export`, { signal: context.signal });
      return response.body;
    });
  },
});

export const update = command("update", {
  use: "[OPTIONS] CONTAINER [CONTAINER...]",
  short: "Update configuration of one or more containers",
  arity: atLeast(1),
  completes: "containers",
  options: `
    --blkio-weight uint16       Block IO weight, 10 to 1000, or 0 to disable (default 0)
    --cpu-period int            Length of a period of the processor limit, in microseconds
    --cpu-quota int             Time that may be used within a period, in microseconds
    --cpu-rt-period int         Period of the real-time limit, in microseconds
    --cpu-rt-runtime int        Real-time use within a period, in microseconds
    -c, --cpu-shares int        CPU shares (relative weight)
    --cpus decimal              Number of CPUs
    --cpuset-cpus string        CPUs in which to allow execution (0-3, 0,1)
    --cpuset-mems string        MEMs in which to allow execution (0-3, 0,1)
    # --kernel-memory bytes     Kernel memory limit
    -m, --memory bytes          Memory limit
    --memory-reservation bytes  Memory soft limit
    --memory-swap bytes:swap    Memory and swap together: -1 to enable unlimited swap
    --pids-limit int            Tune container pids limit (set -1 for unlimited)
    --restart string            Restart policy to apply when a container exits
  `,
  run: async (context, options, args) => {
    const names = Object.keys(UPDATED) as (keyof typeof UPDATED)[];
    if (![...names, "restart"].some((name) => options.changed(name)))
      throw new CliFailure("you must provide one or more flags when using this command");
    const request: ContainerUpdateRequest = {
      CpuShares: 0,
      Memory: 0,
      NanoCpus: 0,
      CgroupParent: "",
      BlkioWeight: 0,
      BlkioWeightDevice: null,
      BlkioDeviceReadBps: null,
      BlkioDeviceWriteBps: null,
      BlkioDeviceReadIOps: null,
      BlkioDeviceWriteIOps: null,
      CpuPeriod: 0,
      CpuQuota: 0,
      CpuRealtimePeriod: 0,
      CpuRealtimeRuntime: 0,
      CpusetCpus: "",
      CpusetMems: "",
      Devices: null,
      DeviceCgroupRules: null,
      DeviceRequests: null,
      MemoryReservation: 0,
      MemorySwap: 0,
      MemorySwappiness: null,
      OomKillDisable: null,
      PidsLimit: null,
      Ulimits: null,
      CpuCount: 0,
      CpuPercent: 0,
      IOMaximumIOps: 0,
      IOMaximumBandwidth: 0,
      RestartPolicy: options.text("restart")
        ? parseRestartPolicy(options.text("restart"))
        : { Name: "", MaximumRetryCount: 0 },
    };
    for (const name of names)
      if (options.changed(name)) Object.assign(request, { [UPDATED[name]]: options.value(name) });
    const warnings: string[] = [];
    const failures: string[] = [];
    for (const name of args) {
      try {
        const answer = await context.api.json<ContainerUpdateResponse>("POST", `${path(name)}/update`, {
          json: request,
        });
        await context.out(`${name}\n`);
        warnings.push(...(answer.Warnings ?? []));
      } catch (thrown) {
        if (thrown instanceof CliFailure && thrown.name === "Exit") throw thrown;
        failures.push(reasonOf(thrown));
      }
    }
    if (warnings.length > 0) await context.out(warnings.join("\n"));
    if (failures.length > 0) throw new CliFailure(failures.join("\n"));
  },
});

/** The field that an option of `update` sets. */
const UPDATED = {
  "blkio-weight": "BlkioWeight",
  "cpu-period": "CpuPeriod",
  "cpu-quota": "CpuQuota",
  "cpu-rt-period": "CpuRealtimePeriod",
  "cpu-rt-runtime": "CpuRealtimeRuntime",
  "cpu-shares": "CpuShares",
  cpus: "NanoCpus",
  "cpuset-cpus": "CpusetCpus",
  "cpuset-mems": "CpusetMems",
  memory: "Memory",
  "memory-reservation": "MemoryReservation",
  "memory-swap": "MemorySwap",
  "pids-limit": "PidsLimit",
} as const satisfies Record<string, keyof Resources>;
