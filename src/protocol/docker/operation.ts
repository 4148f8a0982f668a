/** The version of the Engine API that these types describe, and the oldest one a client may ask for. */
export const API_VERSION = "1.44";
export const MIN_API_VERSION = "1.24";

/** What `filters=` holds, as JSON: every name with its values; Docker's clients write `{ "label": { "a=b": true } }`. */
export type Filters = Record<string, string[] | Record<string, boolean>>;

/** The answer's head of `GET` and `HEAD /_ping`. */
export const PING_HEADERS = {
  apiVersion: "Api-Version",
  osType: "Ostype",
  builderVersion: "Builder-Version",
  experimental: "Docker-Experimental",
} as const;

/** Request head of pull, push and build: base64url of JSON `AuthRequest`, for one registry or by registry. */
export const REGISTRY_AUTH_HEADER = "X-Registry-Auth";
export const REGISTRY_CONFIG_HEADER = "X-Registry-Config";

/** Answer head of the archive calls, base64 of JSON `ContainerPathStat`. */
export const PATH_STAT_HEADER = "X-Docker-Container-Path-Stat";

/**
 * The operations that are served, by the ids of Docker's own description, each with its method and path (without
 * `/v1.44`). https://docs.docker.com/reference/api/engine/version/v1.44/
 */
export const OPERATIONS = {
  ContainerList: "GET /containers/json",
  ContainerCreate: "POST /containers/create",
  ContainerInspect: "GET /containers/{id}/json",
  ContainerTop: "GET /containers/{id}/top",
  ContainerLogs: "GET /containers/{id}/logs",
  ContainerChanges: "GET /containers/{id}/changes",
  ContainerExport: "GET /containers/{id}/export",
  ContainerStats: "GET /containers/{id}/stats",
  ContainerResize: "POST /containers/{id}/resize",
  ContainerStart: "POST /containers/{id}/start",
  ContainerStop: "POST /containers/{id}/stop",
  ContainerRestart: "POST /containers/{id}/restart",
  ContainerKill: "POST /containers/{id}/kill",
  ContainerUpdate: "POST /containers/{id}/update",
  ContainerRename: "POST /containers/{id}/rename",
  ContainerPause: "POST /containers/{id}/pause",
  ContainerUnpause: "POST /containers/{id}/unpause",
  ContainerAttach: "POST /containers/{id}/attach",
  ContainerWait: "POST /containers/{id}/wait",
  ContainerDelete: "DELETE /containers/{id}",
  ContainerArchiveInfo: "HEAD /containers/{id}/archive",
  ContainerArchive: "GET /containers/{id}/archive",
  PutContainerArchive: "PUT /containers/{id}/archive",
  ContainerPrune: "POST /containers/prune",
  ContainerExec: "POST /containers/{id}/exec",
  ExecStart: "POST /exec/{id}/start",
  ExecResize: "POST /exec/{id}/resize",
  ExecInspect: "GET /exec/{id}/json",
  ImageList: "GET /images/json",
  ImageBuild: "POST /build",
  BuildPrune: "POST /build/prune",
  ImageCreate: "POST /images/create",
  ImageInspect: "GET /images/{name}/json",
  ImageHistory: "GET /images/{name}/history",
  ImagePush: "POST /images/{name}/push",
  ImageTag: "POST /images/{name}/tag",
  ImageDelete: "DELETE /images/{name}",
  ImageSearch: "GET /images/search",
  ImagePrune: "POST /images/prune",
  ImageCommit: "POST /commit",
  ImageGet: "GET /images/{name}/get",
  ImageGetAll: "GET /images/get",
  ImageLoad: "POST /images/load",
  NetworkList: "GET /networks",
  NetworkInspect: "GET /networks/{id}",
  NetworkCreate: "POST /networks/create",
  NetworkConnect: "POST /networks/{id}/connect",
  NetworkDisconnect: "POST /networks/{id}/disconnect",
  NetworkDelete: "DELETE /networks/{id}",
  NetworkPrune: "POST /networks/prune",
  VolumeList: "GET /volumes",
  VolumeCreate: "POST /volumes/create",
  VolumeInspect: "GET /volumes/{name}",
  VolumeDelete: "DELETE /volumes/{name}",
  VolumePrune: "POST /volumes/prune",
  SystemAuth: "POST /auth",
  SystemInfo: "GET /info",
  SystemVersion: "GET /version",
  SystemPing: "GET /_ping",
  SystemPingHead: "HEAD /_ping",
  SystemEvents: "GET /events",
  SystemDataUsage: "GET /system/df",
} as const;

export type OperationId = keyof typeof OPERATIONS;
