import type { Command, Group } from "./command";
import { attach, start } from "./commands/attach";
import { build, builderPrune } from "./commands/build";
import { commit, diff, exportContainer, port, rename, top, update, wait } from "./commands/container";
import { contextInspect, contextLs, contextShow } from "./commands/context";
import { cp } from "./commands/cp";
import { events } from "./commands/events";
import { exec } from "./commands/exec";
import { history } from "./commands/history";
import { images } from "./commands/images";
import { importImage, load, rmi, save, search, tag } from "./commands/image";
import { info } from "./commands/info";
import { containerInspect, imageInspect, inspect, networkInspect, volumeInspect } from "./commands/inspect";
import { kill, pause, restart, rm, stop, unpause } from "./commands/lifecycle";
import { login, logout } from "./commands/login";
import { logs } from "./commands/logs";
import { networkConnect, networkCreate, networkDisconnect, networkLs, networkRm } from "./commands/network";
import { containerPrune, imagePrune, networkPrune, systemPrune, volumePrune } from "./commands/prune";
import { ps } from "./commands/ps";
import { pull, push } from "./commands/pull";
import { create, run } from "./commands/run";
import { stats } from "./commands/stats";
import { systemDf } from "./commands/system-df";
import { version } from "./commands/version";
import { volumeCreate, volumeLs, volumeRm } from "./commands/volume";
import { declareOptions } from "./options";

export const GLOBAL_OPTIONS = declareOptions(`
  # --config string          Location of client config files
  -c, --context string       Name of the context to use
  -D, --debug                Enable debug mode
  -H, --host list            Daemon socket to connect to
  -l, --log-level string     Set the logging level ("debug", "info", "warn", "error", "fatal") (default "info")
  # --tls                    Use TLS
  # --tlscacert string       Trust certs signed only by this CA
  # --tlscert string         Path to TLS certificate file
  # --tlskey string          Path to TLS key file
  # --tlsverify              Use TLS and verify the remote
  -v, --version              Print version information and quit
`);

/** A command under another name: Docker's first commands have two. */
const named = (name: string, command: Command): Command => ({ ...command, name });

const CONTAINER: Command[] = [
  attach, commit, cp, create, diff, exec, exportContainer, containerInspect, kill, logs, ps, pause, port, containerPrune,
  rename, restart, rm, run, start, stats, stop, top, unpause, update, wait,
]; // prettier-ignore

const IMAGE: Command[] = [
  build, history, importImage, imageInspect, load, images, imagePrune, pull, push, rmi, save, tag,
]; // prettier-ignore

/** The management commands. */
export const GROUPS: Group[] = [
  { name: "builder", short: "Manage builds", commands: [build, builderPrune] },
  { name: "container", short: "Manage containers", commands: CONTAINER },
  { name: "context", short: "Manage contexts", commands: [contextInspect, contextLs, contextShow] },
  { name: "image", short: "Manage images", commands: IMAGE },
  {
    name: "network",
    short: "Manage networks",
    commands: [networkConnect, networkCreate, networkDisconnect, networkInspect, networkLs, networkPrune, networkRm],
  },
  { name: "system", short: "Manage Docker", commands: [systemDf, events, info, systemPrune] },
  {
    name: "volume",
    short: "Manage volumes",
    commands: [volumeCreate, volumeInspect, volumeLs, volumePrune, volumeRm],
  },
];

/** What may be typed without a group, by the name it has there. */
export const TOP_COMMANDS: { name: string; command: Command }[] = [
  ...CONTAINER.filter((command) => !["inspect", "ls", "prune"].includes(command.name)),
  ...IMAGE.filter((command) => !["inspect", "ls", "prune", "rm"].includes(command.name)),
  named("ps", ps),
  named("images", images),
  named("rmi", rmi),
  inspect,
  version,
  info,
  events,
  login,
  logout,
  search,
].map((command) => ({ name: command.name, command }));

/** Texts of the first page that differ from the command's own. */
export const ALIASES_AT_TOP: Record<string, string> = {};

/** The first section of the first page, in its order. */
export const COMMON = [
  "run",
  "exec",
  "ps",
  "build",
  "pull",
  "push",
  "images",
  "login",
  "logout",
  "search",
  "version",
  "info",
];

/** Every way to call a command, as the help lists them: by group, then at the top. */
export const pathsOf = (program: string, command: Command): string[] => {
  const paths: string[] = [];
  const isSame = (other: Command): boolean => other.run === command.run;
  for (const group of [...GROUPS].sort((a, b) => Number(a.name === "builder") - Number(b.name === "builder"))) {
    const found = group.commands.find(isSame);
    if (!found || group.name === "builder") continue;
    for (const name of [found.name, ...found.aliases]) paths.push(`${program} ${group.name} ${name}`);
  }
  const short = TOP_COMMANDS.find((entry) => isSame(entry.command));
  if (short) paths.push(`${program} ${short.name}`);
  if (isSame(build)) paths.push(`${program} builder build`);
  return paths;
};

export interface Found {
  command?: Command;
  group?: Group;
  /** How many words name it. */
  depth: number;
}

/** The command, or the group, that the first words name. */
export const findCommand = (words: string[]): Found => {
  const group = GROUPS.find((each) => each.name === words[0]);
  if (group) {
    const command = group.commands.find((each) => each.name === words[1] || each.aliases.includes(words[1]));
    return command ? { command, group, depth: 2 } : { group, depth: 1 };
  }
  const command = TOP_COMMANDS.find((each) => each.name === words[0])?.command;
  return command ? { command, depth: 1 } : { depth: 0 };
};
