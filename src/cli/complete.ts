import type { ContainerSummary, ImageSummary, Network, VolumeListResponse } from "../protocol/docker";
import { createApi } from "./api";
import type { Api } from "./api";
import type { Command } from "./command";
import type { Cli } from "./io";
import type { OptionSpec } from "./options";
import { GLOBAL_OPTIONS, GROUPS, TOP_COMMANDS, findCommand } from "./tree";

/** Most names that are offered. */
const MAX_OFFERS = 500;

export interface Offers {
  /** What may stand in the place of the last word, which they begin with. */
  words: string[];
  /** Whether files may stand there, too. */
  files: boolean;
}

/** What an option's value may be, where that is known. */
const VALUES: Record<string, string[] | Command["completes"]> = {
  network: "networks",
  net: "networks",
  volume: "volumes",
  "volumes-from": "containers",
  link: "containers",
  restart: ["no", "always", "unless-stopped", "on-failure"],
  pull: ["always", "missing", "never"],
  cgroupns: ["host", "private"],
  signal: ["HUP", "INT", "KILL", "QUIT", "STOP", "TERM", "USR1", "USR2"],
  "stop-signal": ["HUP", "INT", "KILL", "QUIT", "TERM", "USR1", "USR2"],
  format: ["json", "table"],
  type: ["container", "image", "network", "volume"],
  "env-file": "files",
  "label-file": "files",
  cidfile: "files",
  iidfile: "files",
  file: "files",
  input: "files",
  output: "files",
};

const namesFor = async (api: Api, what: Command["completes"]): Promise<string[]> => {
  if (what === "containers" || what === "running") {
    const list = await api.json<ContainerSummary[]>("GET", "/containers/json", {
      query: { all: what === "containers" },
    });
    return list.flatMap(({ Names }) =>
      Names.map((name) => name.replace(/^\//, "")).filter((name) => !name.includes("/")),
    );
  }
  if (what === "images") {
    const list = await api.json<ImageSummary[]>("GET", "/images/json");
    return list.flatMap(({ RepoTags }) =>
      (RepoTags ?? []).flatMap((tag) => (tag.endsWith(":latest") ? [tag, tag.slice(0, -7)] : [tag])),
    );
  }
  if (what === "networks") return (await api.json<Network[]>("GET", "/networks")).map(({ Name }) => Name);
  if (what === "volumes")
    return ((await api.json<VolumeListResponse>("GET", "/volumes")).Volumes ?? []).map(({ Name }) => Name);
  return [];
};

/** The option whose value the next word is, if the words so far end with one that wants it. */
const openOption = (specs: OptionSpec[], word: string | undefined): OptionSpec | undefined => {
  if (word === undefined || !word.startsWith("-") || word.includes("=")) return undefined;
  if (word.startsWith("--")) {
    const spec = specs.find((each) => `--${each.name}` === word);
    return spec?.type ? spec : undefined;
  }
  const spec = specs.find((each) => each.short !== "" && each.short === word.at(-1));
  return spec?.type ? spec : undefined;
};

/**
 * What a shell may offer for the last word of `argv` (empty when nothing of it has been typed). `argv[0]` is the program. An
 * engine that does not answer offers no names.
 */
export const complete = async (argv: string[], io: Pick<Cli, "fetch" | "upgrade">): Promise<Offers> => {
  const words = argv.slice(1);
  const last = words.pop() ?? "";
  const offers = (all: string[], files = false): Offers => ({
    words: [...new Set(all)]
      .filter((word) => word.startsWith(last))
      .sort()
      .slice(0, MAX_OFFERS),
    files,
  });
  const optionWords = (specs: OptionSpec[]): string[] =>
    specs.filter((spec) => !spec.hidden).map((spec) => `--${spec.name}`);

  let first = 0;
  while (first < words.length && words[first].startsWith("-"))
    first += openOption(GLOBAL_OPTIONS, words[first]) ? 2 : 1;
  const rest = words.slice(first);
  if (rest.length === 0)
    return last.startsWith("-")
      ? offers(optionWords(GLOBAL_OPTIONS))
      : offers([...TOP_COMMANDS.map((entry) => entry.name), ...GROUPS.map((group) => group.name)]);
  const { command, group, depth } = findCommand(rest);
  if (!command) return offers(group && rest.length === 1 ? group.commands.map((each) => each.name) : []);

  const typed = rest.slice(depth);
  const api = createApi(io);
  const named = async (what: Command["completes"]): Promise<Offers> => {
    if (what === "files") return offers([], true);
    return offers(await namesFor(api, what).catch(() => []));
  };
  const open = openOption(command.specs, typed.at(-1));
  if (open) {
    const values = VALUES[open.aliasOf || open.name];
    if (Array.isArray(values)) return offers(values);
    return values ? named(values) : offers([], true);
  }
  const args: string[] = [];
  for (let index = 0; index < typed.length; index++) {
    if (openOption(command.specs, typed[index])) index++;
    else if (!typed[index].startsWith("-")) args.push(typed[index]);
  }
  if (last.startsWith("-") && (command.interspersed || args.length === 0)) return offers(optionWords(command.specs));
  if (args.length >= command.arity.max) return offers([]);
  // Behind the image or the container stands another program's line.
  if (!command.interspersed && args.length > 0) return offers([], true);
  return named(command.completes);
};
