/** What sizes follow from: a host's measured hardware. */
export interface Machine {
  cpus: number;
  /** MiB, as the kernel reports it. */
  memoryMiB: number;
}

/**
 * The memory that a server was sold with, in MiB: what the kernel reports, rounded up to an eighth of the power of two
 * below it. The kernel keeps some for itself, a little more or less with each version: sizes must not follow that, or
 * services restart for nothing.
 */
export function soldMemoryMiB(memoryMiB: number): number {
  const step = Math.max(256, 2 ** Math.floor(Math.log2(memoryMiB)) / 8);
  return Math.ceil(memoryMiB / step) * step;
}

/**
 * Swap for a server in MiB: twice the memory up to 2 GiB, as much up to 8 GiB, 4 GiB above. Source: Red Hat Enterprise
 * Linux, "Recommended system swap space" (without hibernation).
 */
export function swapMiB(memoryMiB: number): number {
  // What the kernel keeps for itself is not in the memory that it reports: 1.9 GiB were sold as 2.
  if (memoryMiB <= 2048) {
    return 2 * memoryMiB;
  }
  return memoryMiB <= 8192 ? memoryMiB : 4096;
}

/** What an operator may set for Postgres; the rest follows. */
export interface PostgresWishes {
  maxConnections: number;
  /** MiB of its own cache. */
  sharedBuffersMiB?: number;
  /** MiB that its container may use. */
  memoryMiB?: number;
}

export interface PostgresSizes {
  /** Limit of the container. */
  memoryMiB: number;
  sharedBuffersMiB: number;
  /** What its planner may count on to be cached, its own cache included; nothing is allocated. */
  effectiveCacheSizeMiB: number;
  /** For one VACUUM or CREATE INDEX. */
  maintenanceWorkMemMiB: number;
  /** For one sort or hash of a query. */
  workMemKiB: number;
}

/**
 * Postgres beside other services. Its container may use a quarter of the host, 512 MiB at least; that quarter is then
 * what the sources call the server's memory: its files' page cache counts against the container, too.
 * - shared_buffers: 25%. Source: PostgreSQL 15, "Resource Consumption"
 * - effective_cache_size: 3/4, maintenance_work_mem: 1/16 and 2 GiB at most, work_mem: what is left over for three
 *   sorts in each connection and worker, the default of 4 MiB at least. Source: PGTune, type "web application"
 */
export function postgresSizes(machine: Machine, wishes: PostgresWishes): PostgresSizes {
  const { sharedBuffersMiB: cache } = wishes;
  const share = Math.min(machine.memoryMiB, Math.max(512, Math.floor(soldMemoryMiB(machine.memoryMiB) / 4)));
  const memoryMiB = wishes.memoryMiB ?? (cache === undefined ? share : 2 * cache + 256);
  const sharedBuffersMiB = cache ?? Math.max(1, Math.floor(memoryMiB / 4));
  const left = (memoryMiB - sharedBuffersMiB) * 1024;
  return {
    memoryMiB,
    sharedBuffersMiB,
    effectiveCacheSizeMiB: Math.max(sharedBuffersMiB, Math.floor((memoryMiB * 3) / 4)),
    maintenanceWorkMemMiB: Math.min(2048, Math.max(1, Math.floor(memoryMiB / 16))),
    workMemKiB: Math.max(4096, Math.floor(left / ((wishes.maxConnections + defaultWorkers) * 3))),
  };
}

/** Postgres' default `max_worker_processes`. */
const defaultWorkers = 8;

export interface HomeserverSizes {
  /** Limit of the container in MiB. */
  memoryMiB: number;
  /** Synapse's `caches.global_factor`. */
  cacheFactor: number;
}

/**
 * Synapse beside other services: an eighth of the host, 768 MiB at least. Its cache factor is the default of 0.5 up to
 * 1 GiB, and grows with the container to 2. Source: Synapse, "Configuration manual", caches, and its FAQ "Synapse is
 * slow and eats all my RAM", which warns of factors below the default and calls 2 a good start where memory allows.
 */
export function homeserverSizes(machine: Machine, wishes: { memoryMiB?: number }): HomeserverSizes {
  const share = Math.min(machine.memoryMiB, Math.max(768, Math.floor(soldMemoryMiB(machine.memoryMiB) / 8)));
  const memoryMiB = wishes.memoryMiB ?? share;
  // In steps: each change of it restarts the homeserver.
  const factor = Math.floor(memoryMiB / 512) / 4;
  return { memoryMiB, cacheFactor: Math.min(2, Math.max(0.5, factor)) };
}

/** Memory of a container that runs a Go program. */
export interface GoSizes {
  /** Limit of the container in MiB. */
  memoryMiB: number;
  /** Where Go's collector starts to work harder. */
  goLimitMiB: number;
}

/**
 * Loki or Prometheus beside other services: an eighth of the host, and `least` MiB at least, of which Go takes nine
 * tenths before it collects harder (Go, "A Guide to the Go Garbage Collector": leave 5-10% of headroom below a
 * container's limit).
 */
function goSizes(machine: Machine, least: number): GoSizes {
  const share = Math.floor(soldMemoryMiB(machine.memoryMiB) / 8);
  const memoryMiB = Math.min(machine.memoryMiB, Math.max(least, share));
  return { memoryMiB, goLimitMiB: Math.floor(memoryMiB * 0.9) };
}

/** Loki: 384 MiB at least, what it needs to compact a day's index beside its caches. */
export const lokiSizes = (machine: Machine): GoSizes => goSizes(machine, 384);

export interface PrometheusSizes extends GoSizes {
  /** MiB that figures may take; the oldest go first. */
  diskMiB: number;
}

/**
 * Prometheus beside other services: 512 MiB of memory at least. A
 * tenth of the disk for figures, 512 MiB to 50 GiB, so that they never fill it. 1,000 series at 15 s take about
 * 10 MiB a day (Prometheus, "Storage": 1-2 bytes a sample).
 */
export function prometheusSizes(
  machine: Machine & { diskMiB: number },
  wishes: { diskMiB?: number },
): PrometheusSizes {
  const tenth = Math.floor(machine.diskMiB / 10 / 256) * 256;
  return {
    ...goSizes(machine, 512),
    diskMiB: wishes.diskMiB ?? Math.min(51_200, Math.max(512, tenth)),
  };
}

/**
 * Memory limit in MiB of an Nginx that has a worker per CPU (`worker_processes auto`, nginx.org, "Core functionality"):
 * 64 MiB for what they share, such as the cache of TLS sessions, and 16 MiB each, room for 350 proxied connections
 * with the default buffers (`proxy_buffers` and `proxy_buffer_size`, 36 KiB, and a TLS record). 128 MiB at least. One
 * limit fits all its hosts: the most CPUs among them, and never more than the least memory.
 */
export function edgeMemoryMiB(machines: readonly Machine[]): number {
  const cpus = Math.max(...machines.map((machine) => machine.cpus));
  return Math.min(...machines.map(({ memoryMiB }) => memoryMiB), Math.max(128, 64 + 16 * cpus));
}
