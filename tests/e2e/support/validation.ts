import * as fs from "fs";
import { CheckResult } from "../../../ops/lib/check";
import { LabVps } from "./lab";
import { expectSuccess, Run, Stack, until } from "./stack";

const validation = (stack: Stack, ...args: string[]): Promise<Run> => stack.tool("validate", ...args).ended;

/** Checks that must have been there, and be in order whatever the machine's load. */
const certain = [
  "Matrix message",
  "federation",
  "open ports",
  "certificate",
  "database",
  "replicas",
  "bridge",
];

/** Validates a stack at a name that nobody's DNS has; nothing may fail. The results. */
export async function validated(stack: Stack, report: string): Promise<CheckResult[]> {
  const run = await validation(stack, "--json", "--junit", report);
  const { results } = JSON.parse(run.output) as { results: CheckResult[] };
  expect(results.filter(({ status }) => status === "failure")).toEqual([]);
  expectSuccess(run);
  const status = (name: string) => results.find((one) => one.name === name)?.status;
  expect(certain.filter((name) => status(name) !== "ok")).toEqual([]);
  expect(status("DNS name")).toBe("warning");
  expect(fs.readFileSync(report, "utf8")).toContain(`<testsuites tests="${results.length}" failures="0"`);
  return results;
}

/** Takes the bridge away and gives it back: the validation fails meanwhile, and says on which check. */
export async function withoutBridge(
  stack: Stack,
  vps: LabVps,
  bridgeProblem: () => Promise<string | undefined>,
): Promise<void> {
  const scale = (replicas: number) =>
    vps.exec(`docker service scale --detach hypha-${stack.name}-bridge=${replicas}`);
  await scale(0);
  await until("the bridge is gone", async () => (await bridgeProblem()) !== undefined);
  const broken = await validation(stack, "--quick");
  await scale(1);
  expect(broken.code).toBe(1);
  expect(broken.output).toMatch(/^FAILED +services +bridge .* answers 50[24]/m);
  await until("the bridge is back", async () => (await bridgeProblem()) === undefined);
}
