import type { ContainerConfig } from "./container-config";
import type { GraphDriver } from "./container";

/** One of `GET /images/json`. `Created` is in seconds; `SharedSize` and `Containers` are -1 where nobody asked. */
export interface ImageSummary {
  Id: string;
  ParentId: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Created: number;
  Size: number;
  SharedSize: number;
  Labels: Record<string, string> | null;
  Containers: number;
}

export interface RootFS {
  Type: string;
  Layers?: string[];
}

/** `GET /images/{name}/json`. */
export interface ImageInspect {
  Id: string;
  RepoTags: string[];
  RepoDigests: string[];
  Parent: string;
  Comment: string;
  Created?: string;
  Container?: string;
  ContainerConfig?: ContainerConfig;
  DockerVersion: string;
  Author: string;
  Config: ContainerConfig | null;
  Architecture: string;
  Variant?: string;
  Os: string;
  OsVersion?: string;
  Size: number;
  GraphDriver: GraphDriver;
  RootFS: RootFS;
  Metadata: { LastTagTime: string };
}

/** One of `GET /images/{name}/history`, newest first; `Id` is `<missing>` for what was not made here. */
export interface ImageHistoryEntry {
  Id: string;
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  Size: number;
  Comment: string;
}

/** One of `DELETE /images/{name}` and of `POST /images/prune`: a name that went, or an image. */
export interface ImageDeleteEntry {
  Untagged?: string;
  Deleted?: string;
}

/** `POST /images/prune`. */
export interface ImagePruneResponse {
  ImagesDeleted: ImageDeleteEntry[] | null;
  SpaceReclaimed: number;
}

/** One of `GET /images/search`. */
export interface ImageSearchEntry {
  description: string;
  is_official: boolean;
  is_automated: boolean;
  name: string;
  star_count: number;
}
