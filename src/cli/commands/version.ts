import type { VersionResponse } from "../../protocol/docker";
import { API_VERSION } from "../../protocol/docker";
import { command, none } from "../command";
import { CliFailure, reasonOf } from "../failure";
import { alignColumns } from "../tabwriter";
import { OBJECT_FORMAT } from "./formats";
import { compileObjectTemplate } from "./inspect-format";

/** What this client is. Its version is that of the Docker release whose API it speaks. */
export const CLIENT_VERSION = {
  version: "25.0.0",
  commit: "glassbox",
  language: "TypeScript",
  os: "browser",
  arch: "js",
};

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const DAYS = "Sun Mon Tue Wed Thu Fri Sat".split(" ");

/** Go's ANSI C date in UTC: `Tue Feb  6 21:13:09 2024`. What is no date stays. */
const buildDate = (text: string): string => {
  const at = new Date(text.replace(/(\.\d{3})\d+/, "$1"));
  if (Number.isNaN(at.getTime())) return text;
  const clock = at.toISOString().slice(11, 19);
  return `${DAYS[at.getUTCDay()]} ${MONTHS[at.getUTCMonth()]} ${String(at.getUTCDate()).padStart(2)} ${clock} ${at.getUTCFullYear()}`;
};

/** Rows of ` name:\tvalue`, aligned among themselves as Docker's tabwriter does it. */
const aligned = (rows: [string, string][], indent: string): string =>
  alignColumns(rows.map(([name, value]) => `${indent}${name}:\t${value}\n`).join(""), { minWidth: 20, padding: 1 });

const clientText = (): string =>
  `Client:\n${aligned(
    [
      ["Version", CLIENT_VERSION.version],
      ["API version", API_VERSION],
      ["Go version", `none (${CLIENT_VERSION.language})`],
      ["Git commit", CLIENT_VERSION.commit],
      ["OS/Arch", `${CLIENT_VERSION.os}/${CLIENT_VERSION.arch}`],
      ["Context", "default"],
    ],
    " ",
  )}`;

const serverText = (server: VersionResponse): string => {
  const name = server.Platform?.Name ? `: ${server.Platform.Name}` : ":";
  const components = (server.Components ?? []).map(({ Name, Version, Details }) => {
    const details = Details ?? {};
    const isEngine = Name === "Engine";
    const rows: [string, string][] = isEngine
      ? [
          ["Version", Version],
          ["API version", `${details.ApiVersion} (minimum version ${details.MinAPIVersion})`],
          ["Go version", details.GoVersion],
          ["Git commit", details.GitCommit],
          ["Built", buildDate(details.BuildTime ?? "")],
          ["OS/Arch", `${details.Os}/${details.Arch}`],
          ["Experimental", details.Experimental],
        ]
      : [["Version", Version], ...Object.entries(details).sort()];
    return ` ${Name}:\n${aligned(rows, "  ")}`;
  });
  return `\nServer${name}\n${components.join("")}`;
};

export const version = command("version", {
  use: "[OPTIONS]",
  short: "Show the Docker version information",
  arity: none,
  options: OBJECT_FORMAT,
  run: async (context, options) => {
    const format = options.text("format");
    const template = format === "" || format === "json" ? undefined : compileObjectTemplate(format);
    let server: VersionResponse | undefined;
    let failure = "";
    try {
      server = await context.api.json<VersionResponse>("GET", "/version");
    } catch (thrown) {
      failure = reasonOf(thrown);
    }
    const view = {
      Client: {
        Version: CLIENT_VERSION.version,
        ApiVersion: API_VERSION,
        DefaultAPIVersion: API_VERSION,
        GitCommit: CLIENT_VERSION.commit,
        GoVersion: `none (${CLIENT_VERSION.language})`,
        Os: CLIENT_VERSION.os,
        Arch: CLIENT_VERSION.arch,
        BuildTime: "",
        Context: "default",
      },
      Server: server ?? null,
    };
    if (format === "json") await context.out(`${JSON.stringify(view)}\n`);
    else if (template) await context.out(`${template(view)}\n`);
    else await context.out(clientText() + (server ? serverText(server) : ""));
    if (failure !== "") throw new CliFailure(failure);
  },
});
