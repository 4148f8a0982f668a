/** A container made from a request: the image's wishes, overridden by the user's, checked. */
import type { ContainerConfig, ContainerCreateRequest, HostConfig } from "../../protocol/docker";
import { badParameter } from "../api/error";
import { checkHealth, mergeHealth } from "./health-config";
import { checkDevices } from "./device";
import { checkSysctls } from "./sysctl";
import { tmpfsMounts } from "./tmpfs";
import { capabilities, limits, rlimit } from "./resolve";
import { security } from "./security";

/** What a container takes from its image. */
export interface ImageDefaults {
  id: string;
  config: ContainerConfig;
}

/**
 * The configuration that a container has: what was asked for, and what the image says where nothing was (moby `merge`).
 * @throws ApiError 400 when there is nothing to run, or an option cannot be meant
 */
export function mergeConfig(
  asked: ContainerCreateRequest,
  image: ImageDefaults,
): { config: ContainerConfig; args: string[] } {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  const { HostConfig, NetworkingConfig, ...own } = asked;
  const from = image.config;
  const entrypointGiven = (own.Entrypoint?.length ?? 0) > 0;
  const entrypoint = entrypointGiven ? clean(own.Entrypoint) : (from.Entrypoint ?? []);
  // A new entrypoint makes nothing of the image's arguments, which were for the old one.
  const command = own.Cmd?.length ? own.Cmd : entrypointGiven ? [] : (from.Cmd ?? []);
  const config: ContainerConfig = {
    ...own,
    User: own.User || from.User || "",
    Env: mergeEnvironment(from.Env ?? [], own.Env ?? []),
    Entrypoint: entrypoint.length ? entrypoint : null,
    Cmd: command.length ? command : null,
    WorkingDir: own.WorkingDir || from.WorkingDir || "",
    ExposedPorts: { ...from.ExposedPorts, ...own.ExposedPorts },
    Volumes: { ...from.Volumes, ...own.Volumes },
    Labels: { ...from.Labels, ...own.Labels },
    StopSignal: own.StopSignal || from.StopSignal,
    Healthcheck: mergeHealth(own.Healthcheck, from.Healthcheck),
  };
  const args = [...entrypoint, ...command];
  if (args.length === 0 || args[0] === "") throw badParameter("no command specified");
  if (config.WorkingDir && !config.WorkingDir.startsWith("/"))
    throw badParameter(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  checkHealth(config.Healthcheck);
  for (const variable of own.Env ?? [])
    if (variable === "" || variable.startsWith("=")) throw badParameter(`invalid environment variable: ${variable}`);
  return { config, args };
}

/** @throws ApiError 400 for options that exclude one another or name what there is not */
export function checkHostConfig(host: HostConfig) {
  capabilities(host);
  limits(host);
  security(host);
  checkSysctls(host);
  tmpfsMounts(host);
  (host.Ulimits ?? []).forEach(rlimit);
  checkDevices(host);
  checkModes(host);
  const { AutoRemove, RestartPolicy } = host;
  if (AutoRemove && RestartPolicy?.Name && RestartPolicy.Name !== "no")
    throw badParameter("can't create 'AutoRemove' container with restart policy");
  if (RestartPolicy?.Name && !["no", "always", "unless-stopped", "on-failure"].includes(RestartPolicy.Name))
    throw badParameter(
      `invalid restart policy: unknown policy '${RestartPolicy.Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  if (host.NanoCpus && (host.CpuQuota || host.CpuPeriod))
    throw badParameter("Conflicting options: Nano CPUs and CPU Period cannot both be set.");
}

function checkModes({ IpcMode = "", OomScoreAdj = 0, PidMode = "", UTSMode = "", CgroupnsMode = "" }: HostConfig) {
  const among = (mode: string, words: string[]) => mode === "" || words.includes(mode);
  if (!among(IpcMode, ["none", "private", "shareable", "host"]) && !/^container:.+/.test(IpcMode))
    throw badParameter(`invalid IPC mode: ${IpcMode}`);
  if (!among(PidMode, ["host"]) && !/^container:.+/.test(PidMode)) throw badParameter(`invalid PID mode: ${PidMode}`);
  if (!among(UTSMode, ["host"])) throw badParameter(`invalid UTS mode: ${UTSMode}`);
  if (!among(CgroupnsMode, ["private", "host"])) throw badParameter(`invalid cgroup namespace mode: ${CgroupnsMode}`);
  if (OomScoreAdj < -1000 || OomScoreAdj > 1000)
    throw badParameter(`Invalid value ${OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
}

/** What was asked for and is left out, in Docker's words. */
export function createWarnings({ OomKillDisable }: HostConfig): string[] {
  return OomKillDisable ? ["Your kernel does not support OomKillDisable. OomKillDisable discarded."] : [];
}

/** `--entrypoint ""` is sent as one empty word: it takes the image's entrypoint away. */
function clean(entrypoint: string[] | null | undefined): string[] {
  return entrypoint?.length === 1 && entrypoint[0] === "" ? [] : (entrypoint ?? []);
}

/** The later one of two variables of one name counts. One without `=` takes the variable away. */
function mergeEnvironment(below: readonly string[], above: readonly string[]): string[] {
  const name = (variable: string) => variable.split("=", 1)[0];
  const named = new Set(above.map(name));
  return [
    ...below.filter((variable) => !named.has(name(variable))),
    ...above.filter((variable) => variable.includes("=")),
  ];
}
