/** In the order in which a report shows them. */
export const categories = [
  "resources",
  "network",
  "mycelium",
  "services",
  "integration",
  "performance",
] as const;

export type Category = (typeof categories)[number];

/** What a check came to: what was seen, and what is wrong with it. */
export interface Outcome {
  detail: string;
  /** Left out where nothing is. */
  problem?: string;
  /** Where the problem is less, or more, than the check's own severity. */
  severity?: Check["severity"];
}

/** One thing that must hold of a deployed stack. */
export interface Check {
  name: string;
  category: Category;
  /** Which host or address, where there are several. */
  target: string;
  /** What must be there, in words. */
  expected: string;
  threshold?: string;
  /** What a problem is. */
  severity: "failure" | "warning";
  /** What to do about it. */
  hint: string;
  /** Functions of the stack that it shows to work. */
  covers: readonly string[];
  /** Measures times, or holds this process up: it runs alone, after the others. @default false */
  alone?: boolean;
  run: () => Promise<Outcome>;
}

export interface CheckResult extends Omit<Check, "run" | "severity" | "hint" | "alone"> {
  status: "ok" | Check["severity"];
  milliseconds: number;
  /** What was seen; with a problem, what is wrong. */
  detail: string;
  /** Only with a problem. */
  hint?: string;
}

/** Seconds that one check may take. */
export const checkSeconds = 60;

async function runCheck({ run, severity, hint, ...about }: Check, seconds: number): Promise<CheckResult> {
  delete about.alone;
  const began = performance.now();
  const outcome = await bounded(run, seconds);
  const milliseconds = Math.round(performance.now() - began);
  return outcome.problem === undefined
    ? { ...about, status: "ok", milliseconds, detail: outcome.detail }
    : { ...about, status: outcome.severity ?? severity, milliseconds, detail: outcome.problem, hint };
}

async function bounded(run: Check["run"], seconds: number): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => {
      resolve({ detail: "", problem: `no answer within ${seconds} s` });
    }, seconds * 1000);
  });
  try {
    return await Promise.race([run(), late]);
  } catch (error) {
    return { detail: "", problem: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** Runs all checks at once, then one by one those that want to be alone; the results are in the report's order. */
export async function runChecks(checks: readonly Check[], seconds = checkSeconds): Promise<CheckResult[]> {
  const results = await Promise.all(
    checks.filter(({ alone }) => alone !== true).map((check) => runCheck(check, seconds)),
  );
  for (const check of checks.filter(({ alone }) => alone === true)) {
    results.push(await runCheck(check, seconds));
  }
  const place = ({ category }: CheckResult) => categories.indexOf(category);
  return results.sort((a, b) => place(a) - place(b));
}
