import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

/** A named volume and where the container sees it. */
export interface VolumeMount {
  volume: pulumi.Input<string>;
  /** Absolute path in the container. */
  path: string;
  /** @default false */
  readOnly?: boolean;
  /** The data belongs to another workload, which fills it: mounting copies nothing into it. @default false */
  shared?: boolean;
}

/** A directory of the node itself, which the container may read and not change; to a socket in it, it may connect. */
export interface HostMount {
  /** Absolute path on every node of the role: Swarm starts no container where it is missing. */
  source: pulumi.Input<string>;
  /** Absolute path in the container. */
  path: string;
  /** Show what is mounted there later, too: the node's file systems must be shared, as systemd makes them. */
  follow: boolean;
}

export interface Mounts {
  volumes?: VolumeMount[];
  hostMounts?: HostMount[];
  /** Directories in memory, writable in a file system that is not. @default /tmp */
  scratch?: string[];
}

type ServiceMount = docker.types.input.ServiceTaskSpecContainerSpecMount;

/** What a container mounts, as Swarm takes it. */
export function containerMounts({ volumes = [], hostMounts = [], scratch = ["/tmp"] }: Mounts) {
  return [
    ...volumes.map((mount): ServiceMount => ({
      type: "volume",
      source: mount.volume,
      target: mount.path,
      readOnly: mount.readOnly ?? false,
      volumeOptions: { noCopy: mount.shared ?? false },
    })),
    ...hostMounts.map((mount): ServiceMount => ({
      type: "bind",
      source: mount.source,
      target: mount.path,
      readOnly: true,
      bindOptions: { propagation: mount.follow ? "rslave" : "rprivate" },
    })),
    ...scratch.map((path): ServiceMount => ({
      type: "tmpfs",
      target: path,
      tmpfsOptions: { sizeBytes: 64 * 1024 * 1024, mode: 0o777 },
    })),
  ];
}
