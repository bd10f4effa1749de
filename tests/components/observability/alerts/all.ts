import type { GroupName } from "../../../../components/observability/rules/groups";
import { backupCases } from "./backup";
import { chatCases } from "./chat";
import { containerCases } from "./containers";
import { edgeCases } from "./edge";
import { hostCases } from "./host";
import { prometheusCases, targetCases, watchdogCases } from "./monitoring";
import { postgresCases } from "./postgres";
import { sloCases } from "./slo";
import type { Cases, GroupCases } from "./case";

/** TypeScript refuses a group without cases. */
const typed: { readonly [G in GroupName]: GroupCases<G> } = {
  backup: backupCases,
  chat: chatCases,
  containers: containerCases,
  edge: edgeCases,
  host: hostCases,
  postgres: postgresCases,
  prometheus: prometheusCases,
  slo: sloCases,
  targets: targetCases,
  watchdog: watchdogCases,
};

export const cases: Readonly<Record<GroupName, Readonly<Record<string, Cases>>>> = typed;
