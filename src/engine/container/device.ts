/** Devices of the host that a container gets (moby `oci.DevicesFromPath`, `oci.HostDevices`). */
import type { HostConfig } from "../../protocol/docker";
import { ApiError, badParameter } from "../api/error";
import type { FileStatus } from "../boxd";
import type { Hands } from "../hands";
import { checkDeviceAccess, MAX_DEVICE_RULES, parseDeviceRule } from "./device-rule";
import type { ContainerDevice } from "./spec";

type Mapping = NonNullable<HostConfig["Devices"]>[number];

/** How deep, and how many devices, a directory of devices is looked through. */
const MAX_DEPTH = 8;
const MAX_DEVICES = 1024;

/** What of the host's /dev is each container's own. */
const OWN: ReadonlySet<string> = new Set([
  "pts",
  "shm",
  "fd",
  "mqueue",
  "console",
  "stdin",
  "stdout",
  "stderr",
  "ptmx",
]);

/** @throws ApiError 400 for what cannot be meant */
export function checkDevices({ Devices, DeviceCgroupRules, DeviceRequests }: HostConfig) {
  if ((Devices?.length ?? 0) + (DeviceCgroupRules?.length ?? 0) > MAX_DEVICE_RULES)
    throw badParameter(`a container has at most ${MAX_DEVICE_RULES} devices and rules of devices`);
  for (const { PathOnHost, PathInContainer, CgroupPermissions } of Devices ?? []) {
    for (const path of [PathOnHost, PathInContainer || PathOnHost])
      if (!path.startsWith("/") || path.split("/").includes(".."))
        throw badParameter(`${path} is not an absolute path`);
    checkDeviceAccess(CgroupPermissions || "rwm");
  }
  (DeviceCgroupRules ?? []).forEach(parseDeviceRule);
  if (DeviceRequests?.length)
    throw badParameter(
      `could not select device driver ${JSON.stringify(DeviceRequests[0].Driver)} with capabilities: ${JSON.stringify(DeviceRequests[0].Capabilities ?? [])}`,
    );
}

/** Those that `--device` names; of a directory, all in it. @throws ApiError 500 in Docker's words */
export async function askedDevices(boxd: Hands, mappings: readonly Mapping[]): Promise<ContainerDevice[]> {
  const found: ContainerDevice[] = [];
  for (const { PathOnHost: source, PathInContainer, CgroupPermissions } of mappings) {
    const target = PathInContainer || source;
    const access = CgroupPermissions || "rwm";
    const status = await boxd.stat(source);
    const refuse = (why: string) =>
      new ApiError(
        500,
        `error gathering device information while adding custom device ${JSON.stringify(source)}: ${why}`,
      );
    if (!status) throw refuse("no such file or directory");
    const device = deviceOf(status, { source, target, access });
    const inside = device ? [device] : status.type === "directory" ? await below(boxd, { source, target, access }) : [];
    if (inside.length === 0) throw refuse("not a device node");
    found.push(...inside);
  }
  return found;
}

/** All of the host's, for a privileged container. */
export function hostDevices(boxd: Hands): Promise<ContainerDevice[]> {
  return below(boxd, { source: "/dev", target: "/dev", access: "rwm" });
}

type Place = Pick<ContainerDevice, "source" | "target" | "access">;

async function below(boxd: Hands, place: Place, depth = 0): Promise<ContainerDevice[]> {
  if (depth > MAX_DEPTH) return [];
  const names = (await boxd.names(place.source)).filter((name) => depth > 0 || !OWN.has(name));
  const found: ContainerDevice[] = [];
  for (const name of names.slice(0, MAX_DEVICES).toSorted()) {
    const inside = { ...place, source: `${place.source}/${name}`, target: `${place.target}/${name}` };
    const status = await boxd.stat(inside.source).catch(() => undefined);
    const device = status && deviceOf(status, inside);
    if (device) found.push(device);
    else if (status?.type === "directory") found.push(...(await below(boxd, inside, depth + 1)));
  }
  return found.slice(0, MAX_DEVICES);
}

function deviceOf({ type, major, minor, mode, uid, gid }: FileStatus, place: Place): ContainerDevice | undefined {
  return type === "character" || type === "block" ? { ...place, type, major, minor, mode, uid, gid } : undefined;
}
