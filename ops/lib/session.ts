import { spawn } from "node:child_process";
import { shellQuote } from "../../components/shell/quote";
import { HostPlan, HostReport, reportHost } from "./doctor";
import { Answer, checkInput, checkRunner, parseAnswers } from "./facts";

/** Seconds that all checks of one host may take together. */
const timeoutSeconds = 120;

/** The program and its arguments that check a host: `bash` here, or there through one SSH session. */
export function sessionCommand({ sshArgs, elevate }: HostPlan): [string, string[]] {
  if (sshArgs === undefined) {
    return ["bash", ["-c", checkRunner]];
  }
  const words = [...(elevate ? ["sudo", "-n"] : []), "bash", "-c", checkRunner];
  return ["ssh", [...sshArgs, "--", shellQuote(words)]];
}

/** What a host answered to its checks; `failure` says why some were not answered. */
export interface HostAnswers {
  answers: Answer[];
  failure?: string;
}

/** Checks one host; what stands in the way is part of the report. */
export async function checkHost(plan: HostPlan): Promise<HostReport> {
  const { answers, failure } = await askHost(plan);
  return reportHost(plan, answers, failure);
}

/** Asks one host for its facts, in one session. */
export function askHost(plan: HostPlan): Promise<HostAnswers> {
  const [file, args] = sessionCommand(plan);
  return new Promise((resolve) => {
    const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"], timeout: timeoutSeconds * 1000 });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    child.on("error", (error) => {
      resolve({ answers: [], failure: error.message });
    });
    child.on("close", (code, signal) => {
      const answers = parseAnswers(output);
      const cut = answers.length < plan.checks.length;
      const why = signal === null ? errors.trim() : `no answer within ${timeoutSeconds} s`;
      const failure = why || `the session ended with code ${code ?? "none"}`;
      resolve(cut ? { answers, failure } : { answers });
    });
    // A session that ended early takes no more; its end is told above.
    child.stdin.on("error", () => undefined);
    child.stdin.end(checkInput(plan.checks.map(({ text }) => text)));
  });
}
