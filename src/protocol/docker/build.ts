/**
 * The query of `POST /build`; the body is a tar (plain or compressed) of the context. Objects and lists travel as JSON
 * texts, flags as `1`.
 */
export interface BuildQuery {
  dockerfile?: string;
  /** May be there several times. */
  t?: string | string[];
  extrahosts?: string;
  remote?: string;
  q?: "1";
  nocache?: "1";
  cachefrom?: string;
  pull?: "1";
  rm?: "0" | "1";
  forcerm?: "1";
  memory?: string;
  memswap?: string;
  cpushares?: string;
  cpusetcpus?: string;
  cpusetmems?: string;
  cpuperiod?: string;
  cpuquota?: string;
  shmsize?: string;
  ulimits?: string;
  /** JSON of `Record<string, string | null>`. */
  buildargs?: string;
  squash?: "1";
  /** JSON of `Record<string, string>`. */
  labels?: string;
  networkmode?: string;
  platform?: string;
  target?: string;
  /** 1 is the classic builder, 2 is BuildKit. */
  version?: "1" | "2";
}

/** `POST /build/prune`. */
export interface BuildPruneResponse {
  CachesDeleted: string[] | null;
  SpaceReclaimed: number;
}

/** One of `DiskUsage.BuildCache`. */
export interface BuildCacheEntry {
  ID: string;
  Parents?: string[] | null;
  Type: string;
  Description: string;
  InUse: boolean;
  Shared: boolean;
  Size: number;
  CreatedAt: string;
  LastUsedAt: string | null;
  UsageCount: number;
}
