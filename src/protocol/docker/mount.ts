export type MountType = "bind" | "volume" | "tmpfs" | "npipe" | "cluster" | "image";

export type MountPropagation = "" | "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave";

/** One `--mount`: HostConfig.Mounts. */
export interface Mount {
  Type: MountType;
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  Consistency?: string;
  BindOptions?: {
    Propagation?: MountPropagation;
    NonRecursive?: boolean;
    CreateMountpoint?: boolean;
    ReadOnlyNonRecursive?: boolean;
    ReadOnlyForceRecursive?: boolean;
  };
  VolumeOptions?: {
    NoCopy?: boolean;
    Labels?: Record<string, string>;
    Subpath?: string;
    DriverConfig?: { Name?: string; Options?: Record<string, string> };
  };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number; Options?: string[][] };
}

/** A mount as a container has it: `ContainerInspect.Mounts` and, shorter, `ContainerSummary.Mounts`. */
export interface MountPoint {
  Type?: MountType;
  Name?: string;
  Source: string;
  Destination: string;
  Driver?: string;
  Mode: string;
  RW: boolean;
  Propagation: MountPropagation;
}
