/** Where the engine keeps what belongs to a container, in the guest. */

export const STATE_ROOT = "/var/lib/box";
export const RUN_ROOT = "/run/box";
export const CONTAINERS = `${STATE_ROOT}/containers`;
export const OVERLAYS = `${STATE_ROOT}/overlay2`;
export const CGROUP_PARENT = "/docker";

export interface ContainerPaths {
  /** Lasts: config.json, log, and the files that are mounted into it. */
  state: string;
  config: string;
  log: string;
  hostname: string;
  hosts: string;
  resolvConf: string;
  /** What it writes. */
  upper: string;
  work: string;
  overlay: string;
  rootfs: string;
  /** While it runs: the shim's socket. */
  run: string;
  /** The program for its cgroup that says which devices may be used. */
  deviceFilter: string;
  /** Shared memory that other containers may share. */
  shm: string;
  /** Its user namespace, and places for layers as that sees them. */
  userns: string;
  lowers: string;
  /** The program for seccomp(2), for who joins the container later. */
  seccompFilter: string;
  /** From the root of the hierarchy. */
  cgroup: string;
  netns: string;
}

export function containerPaths(id: string): ContainerPaths {
  const state = `${CONTAINERS}/${id}`;
  const overlay = `${OVERLAYS}/${id}`;
  return {
    state,
    config: `${state}/config.json`,
    log: `${state}/log`,
    hostname: `${state}/hostname`,
    hosts: `${state}/hosts`,
    resolvConf: `${state}/resolv.conf`,
    overlay,
    upper: `${overlay}/diff`,
    work: `${overlay}/work`,
    rootfs: `${overlay}/merged`,
    // A socket's path has at most 107 bytes.
    run: `${RUN_ROOT}/${id}`,
    deviceFilter: `${RUN_ROOT}/${id}/devices.bpf`,
    shm: `${RUN_ROOT}/${id}/shm`,
    userns: `${RUN_ROOT}/${id}/userns`,
    lowers: `${RUN_ROOT}/${id}/lower`,
    seccompFilter: `${RUN_ROOT}/${id}/seccomp.bpf`,
    cgroup: `${CGROUP_PARENT}/${id}`,
    netns: `box-${id.slice(0, 12)}`,
  };
}
