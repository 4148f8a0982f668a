import type {
  BuildPruneResponse,
  ContainerPruneResponse,
  ImagePruneResponse,
  NetworkPruneResponse,
  VolumePruneResponse,
} from "../../protocol/docker";
import { filtersQuery } from "../api";
import { command, none } from "../command";
import type { Context } from "../context";
import { CliFailure, Exit } from "../failure";
import { humanSize } from "../size";

/** One part of a clean-up: what it removed, as text, and how many bytes that gave back. */
interface Pruned {
  text: string;
  bytes: number;
}

const listed = (title: string, names: string[] | null | undefined): string =>
  names && names.length > 0 ? `${title}\n${names.map((name) => `${name}\n`).join("")}` : "";

const pruneContainers = async (context: Context, filters: string[]): Promise<Pruned> => {
  const answer = await context.api.json<ContainerPruneResponse>("POST", "/containers/prune", {
    query: { filters: filtersQuery(filters) },
  });
  return { text: listed("Deleted Containers:", answer.ContainersDeleted), bytes: answer.SpaceReclaimed };
};

const pruneNetworks = async (context: Context, filters: string[]): Promise<Pruned> => {
  const answer = await context.api.json<NetworkPruneResponse>("POST", "/networks/prune", {
    query: { filters: filtersQuery(filters) },
  });
  return { text: listed("Deleted Networks:", answer.NetworksDeleted), bytes: 0 };
};

const pruneVolumes = async (context: Context, filters: string[]): Promise<Pruned> => {
  const answer = await context.api.json<VolumePruneResponse>("POST", "/volumes/prune", {
    query: { filters: filtersQuery(filters) },
  });
  return { text: listed("Deleted Volumes:", answer.VolumesDeleted), bytes: answer.SpaceReclaimed };
};

const pruneImages = async (context: Context, filters: string[], all: boolean): Promise<Pruned> => {
  const answer = await context.api.json<ImagePruneResponse>("POST", "/images/prune", {
    query: { filters: filtersQuery([...filters, `dangling=${!all}`]) },
  });
  const lines = (answer.ImagesDeleted ?? []).map(({ Untagged, Deleted }) =>
    Untagged ? `untagged: ${Untagged}` : `deleted: ${Deleted}`,
  );
  return { text: listed("Deleted Images:", lines), bytes: answer.SpaceReclaimed };
};

export const pruneBuildCache = async (
  context: Context,
  filters: string[],
  all: boolean,
  keepBytes?: number,
): Promise<Pruned> => {
  const answer = await context.api.json<BuildPruneResponse>("POST", "/build/prune", {
    query: { all, filters: filtersQuery(filters), "keep-storage": keepBytes || undefined },
  });
  return { text: listed("Deleted build cache objects:", answer.CachesDeleted), bytes: answer.SpaceReclaimed };
};

/** Longest answer that is read. */
const MAX_ANSWER_BYTES = 1024;

/** Asks on the terminal, or whatever stdin is; anything but y and yes is a no. */
export const confirmed = async (context: Context, question: string): Promise<boolean> => {
  await context.out(`${question} [y/N] `);
  const reader = context.io.stdin.getReader();
  const decoder = new TextDecoder();
  let line = "";
  try {
    while (!line.includes("\n") && line.length < MAX_ANSWER_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      line += decoder.decode(value, { stream: true });
    }
  } finally {
    reader.releaseLock();
  }
  return /^\s*y(es)?\s*$/i.test(line.split("\n")[0]);
};

/** Docker says nothing when the answer to its question was a no. */
const declined = (): Exit => new Exit(0);

const WARNING = "Are you sure you want to continue?";

const report = (context: Context, { text, bytes }: Pruned): Promise<void> =>
  context.out(`${text}${text === "" ? "" : "\n"}Total reclaimed space: ${humanSize(bytes)}\n`);

const FILTER_AND_FORCE = `
  --filter filter  Provide filter values (e.g. "until=<timestamp>")
  -f, --force      Do not prompt for confirmation
`;

export const containerPrune = command("prune", {
  use: "[OPTIONS]",
  short: "Remove all stopped containers",
  arity: none,
  options: FILTER_AND_FORCE,
  run: async (context, options) => {
    const warning = `WARNING! This will remove all stopped containers.\n${WARNING}`;
    if (!options.flag("force") && !(await confirmed(context, warning))) throw declined();
    await report(context, await pruneContainers(context, options.list("filter")));
  },
});

export const imagePrune = command("prune", {
  use: "[OPTIONS]",
  short: "Remove unused images",
  arity: none,
  options: `
    -a, --all  Remove all unused images, not just dangling ones
    ${FILTER_AND_FORCE}
  `,
  run: async (context, options) => {
    const what = options.flag("all")
      ? "all images without at least one container associated to them"
      : "all dangling images";
    const warning = `WARNING! This will remove ${what}.\n${WARNING}`;
    if (!options.flag("force") && !(await confirmed(context, warning))) throw declined();
    await report(context, await pruneImages(context, options.list("filter"), options.flag("all")));
  },
});

export const networkPrune = command("prune", {
  use: "[OPTIONS]",
  short: "Remove all unused networks",
  arity: none,
  options: FILTER_AND_FORCE,
  run: async (context, options) => {
    const warning = `WARNING! This will remove all custom networks not used by at least one container.\n${WARNING}`;
    if (!options.flag("force") && !(await confirmed(context, warning))) throw declined();
    const { text } = await pruneNetworks(context, options.list("filter"));
    await context.out(text === "" ? "" : `${text}\n`);
  },
});

export const volumePrune = command("prune", {
  use: "[OPTIONS]",
  short: "Remove unused local volumes",
  arity: none,
  options: `
    -a, --all        Remove all unused volumes, not just anonymous ones
    --filter filter  Provide filter values (e.g. "label=<label>")
    -f, --force      Do not prompt for confirmation
  `,
  run: async (context, options) => {
    const what = options.flag("all") ? "all local volumes" : "anonymous local volumes";
    const warning = `WARNING! This will remove ${what} not used by at least one container.\n${WARNING}`;
    const filters = [...options.list("filter")];
    if (options.flag("all")) {
      if (filters.some((filter) => filter.startsWith("all=")))
        throw new CliFailure("conflicting options: cannot specify both --all and --filter all=1");
      filters.push("all=true");
    }
    if (!options.flag("force") && !(await confirmed(context, warning))) throw declined();
    await report(context, await pruneVolumes(context, filters));
  },
});

export const systemPrune = command("prune", {
  use: "[OPTIONS]",
  short: "Remove unused data",
  arity: none,
  options: `
    -a, --all        Remove all unused images not just dangling ones
    --filter filter  Provide filter values (e.g. "label=<key>=<value>")
    -f, --force      Do not prompt for confirmation
    --volumes        Prune anonymous volumes
  `,
  run: async (context, options) => {
    const all = options.flag("all");
    const filters = options.list("filter");
    const volumes = options.flag("volumes");
    if (volumes && filters.some((filter) => filter.startsWith("until=")))
      throw new CliFailure(`ERROR: The "until" filter is not supported with "--volumes"`);
    const items = [
      "all stopped containers",
      "all networks not used by at least one container",
      ...(volumes ? ["all anonymous volumes not used by at least one container"] : []),
      all ? "all images without at least one container associated to them" : "all dangling images",
      all ? "all build cache" : "unused build cache",
    ];
    const filterText =
      filters.length > 0
        ? `  Items to be pruned will be filtered with:\n${filters.map((filter) => `  - ${filter}\n`).join("")}\n`
        : "";
    const warning = `WARNING! This will remove:\n${items.map((item) => `  - ${item}\n`).join("")}\n${filterText}${WARNING}`;
    if (!options.flag("force") && !(await confirmed(context, warning))) throw declined();
    const parts = [
      () => pruneContainers(context, filters),
      () => pruneNetworks(context, filters),
      ...(volumes ? [() => pruneVolumes(context, filters)] : []),
      () => pruneImages(context, filters, all),
      () =>
        pruneBuildCache(
          context,
          filters.filter((filter) => filter.startsWith("until=")),
          all,
        ),
    ];
    let bytes = 0;
    for (const part of parts) {
      const pruned = await part();
      bytes += pruned.bytes;
      if (pruned.text !== "") await context.out(`${pruned.text}\n`);
    }
    await context.out(`Total reclaimed space: ${humanSize(bytes)}\n`);
  },
});
