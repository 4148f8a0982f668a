/** `--sysctl`: settings of the kernel that a container may have for itself (runc `libcontainer/configs/validate`). */
import type { HostConfig } from "../../protocol/docker";
import { badParameter } from "../api/error";

const OF_IPC: ReadonlySet<string> = new Set(
  "msgmax msgmnb msgmni sem shmall shmmax shmmni shm_rmid_forced".split(" ").map((name) => `kernel.${name}`),
);

/** File below `/proc/sys` of a setting, whose parts are parted by dots or, where one has a dot in it, by slashes. */
export function sysctlPath(name: string): string {
  const [first] = /[./]/.exec(name) ?? [];
  return `/proc/sys/${first === "/" ? name : name.replaceAll(".", "/")}`;
}

/** @throws ApiError 400 for a setting of the whole machine, or one of a namespace that the container shares with it */
export function checkSysctls({ Sysctls, NetworkMode = "", IpcMode = "", UTSMode = "" }: HostConfig) {
  const shared = (mode: string) => mode === "host" || mode.startsWith("container:");
  for (const given of Object.keys(Sysctls ?? {})) {
    const path = sysctlPath(given);
    if (!/^\/proc\/sys(\/[\w:@.*-]+)+$/.test(path) || /\/\.\.?(\/|$)/.test(path))
      throw badParameter(`invalid sysctl: ${JSON.stringify(given)}`);
    const name = path.slice("/proc/sys/".length).replaceAll("/", ".");
    const refuse = (namespace: string) =>
      badParameter(`sysctl ${JSON.stringify(name)} not allowed in host ${namespace} namespace`);
    if (name.startsWith("net.")) {
      if (NetworkMode === "host") throw refuse("network");
    } else if (OF_IPC.has(name) || name.startsWith("fs.mqueue.")) {
      if (shared(IpcMode)) throw refuse("ipc");
    } else if (name === "kernel.domainname") {
      if (UTSMode === "host") throw refuse("uts");
    } else throw badParameter(`sysctl ${JSON.stringify(name)} is not in a separate kernel namespace`);
  }
}
