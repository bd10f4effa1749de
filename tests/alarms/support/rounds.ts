import { AlertName } from "../../../components/observability/rules/groups";
import { Site } from "../../../ops/lib/site";
import { ended, withoutDatabase } from "./ended";
import { Fault } from "./fault";
import { slow } from "./slow";
import { damaged, tellers } from "./tellers";

/** Rounds of faults, in order: those of one do not hide each other. */
export const rounds = {
  "the database is gone": withoutDatabase,
  "services, units and files are gone": ended,
  "what is there is slow or full": slow,
  "what tells of it is away": tellers,
  "what it has written down is damaged": damaged,
} satisfies Record<string, (site: Site) => Fault[]>;

/** Alerts that no fault here sets off, and why. That they fire and stay quiet is promtool's to see. */
export const undriven: Partial<Record<AlertName, string>> = {
  AlertmanagerMissing:
    "it is written in Prometheus' configuration: only a change of Hypha's own could lose it",
  BridgeBacklog: "the sample of the bridge holds no messages",
  CertificateExpiring: "the story of the observability drives it",
  CompactionsFailing: "Prometheus compacts every two hours",
  ConfigReloadFailed: "a changed configuration is a new container: nothing is reloaded",
  CpuBusy: "the servers share the machine's processors: it fires where that is busy, and was seen to",
  CpuSteal: "the provider's doing",
  ClockSkew: "the servers share the machine's clock",
  ClockUnsynchronised:
    "the servers share the machine's clock: it fires where that hears no time server, and was seen to",
  DiskFilling: "it looks at six hours",
  FederationBudget: "there is no second homeserver",
  HomeserverLag: "the homeserver catches up with all that the lab can send",
  HostDown: "the story of the observability drives it",
  JobMissing: "of one replica each, every job has a target that is written down: its end is TargetDown",
  LatencyBudget: "it looks at an hour of messages",
  LogsLost: "Alloy is an upstream image",
  MemoryLow: "the servers share the machine's memory",
  MyceliumNoPeers: "the sample of the node has none: it fires all the time",
  NginxDropped:
    "Nginx closes silent clients before it drops one, and thousands of busy ones are more than the lab has",
  NginxDown: "a master that answers nothing is replaced by Swarm before the minute is over",
  PostgresLongTransaction: "it looks at an hour",
  RebootRequired: "it looks at a day",
  RuleFailures: "promtool refuses the rules that could fail",
  UptimeBudget: "it looks at an hour",
  Watchdog: "the story of the observability drives it",
};
