import { formatChecks, passed } from "./checks";
import { Conclusion } from "./conclude";
import { Lock } from "./lock";
import { Preflight } from "./preflight";
import { EndSilence } from "./silence";

/** What became of a deployment that failed. */
export type Rollback = { version: number; ok: boolean; seconds: number };

/** What a release tells of itself, in this order. */
export type ReleaseEvent =
  | { kind: "start" }
  | { kind: "success"; seconds: number }
  | { kind: "failure"; seconds: number; reason: string }
  | { kind: "rollback"; seconds: number; rollback: Rollback };

/** What a release is made of. Each may throw; the lock is released whatever happens. */
export interface ReleaseParts {
  lock: () => Promise<Lock | undefined>;
  preflight: () => Promise<Preflight>;
  /** Whether the operator wants it. */
  agree: () => Promise<boolean>;
  /** Keeps quiet the alerts that a release sets off by itself. */
  silence: () => EndSilence;
  /** `pulumi up`, interrupted by the signal. */
  update: (
    abort: AbortSignal,
  ) => Promise<{ code: number; conclusion: Conclusion | undefined; interrupted?: boolean }>;
  /** What is wrong with what now runs; undefined where nothing is. */
  validate: () => Promise<string | undefined>;
  /** Puts the last good version back and looks whether it works; undefined where that was not asked for or there is none. */
  rollBack: () => Promise<Rollback | undefined>;
  tell: (event: ReleaseEvent) => Promise<void>;
  say: (text: string) => void;
  complain: (text: string) => void;
}

/**
 * The order of a deployment: lock, look, ask, change, validate, go back where that failed, unlock. 0 where it was deployed
 * and works; 1 after any failure, even where the old version was put back.
 */
export async function release(parts: ReleaseParts): Promise<number> {
  const lock = await parts.lock();
  try {
    return await locked(parts, lock);
  } finally {
    await lock?.release();
  }
}

async function locked(parts: ReleaseParts, lock: Lock | undefined): Promise<number> {
  const { say, complain, tell } = parts;
  const abort = new AbortController();
  const interrupted = () => abort.signal.aborted;
  void lock?.lost.then((why) => {
    complain(`The lock is lost: ${why}. The deployment ends after the steps that it is in.`);
    abort.abort();
  });
  const { checks } = await parts.preflight();
  say(formatChecks(checks));
  if (!passed(checks)) {
    complain("Nothing was changed: a check failed.");
    return 1;
  }
  if (!(await parts.agree()) || interrupted()) {
    complain("Nothing was changed.");
    return 1;
  }
  const began = performance.now();
  const seconds = () => Math.round((performance.now() - began) / 1000);
  await tell({ kind: "start" });
  const { code, conclusion, failed, ended } = await quietly(parts, abort.signal);
  if (failed === undefined) {
    await tell({ kind: "success", seconds: seconds() });
    return 0;
  }
  complain(code === 0 ? `The deployment was made, and does not work: ${failed}` : "The deployment failed.");
  await tell({ kind: "failure", seconds: seconds(), reason: failed });
  // Who ended it by hand wants nothing more done; the next deployment finishes what is left.
  if (interrupted() || ended || conclusion?.deployment.result === "interrupted") {
    return 1;
  }
  const rollback = await parts.rollBack().catch((error: unknown) => {
    complain(
      `The last good version was not put back: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  });
  if (rollback !== undefined) {
    const { version, ok } = rollback;
    complain(
      ok
        ? `Version ${version} is back and answers (${rollback.seconds} s). The deployment failed all the same.`
        : `Version ${version} could not be put back: see above.`,
    );
    await tell({ kind: "rollback", seconds: seconds(), rollback });
  }
  return 1;
}

/** The change and whether it works, without alerts of what a release does by itself. */
async function quietly(parts: ReleaseParts, abort: AbortSignal) {
  const endSilence = parts.silence();
  let failed: string | undefined = "it did not come to its end";
  try {
    const { code, conclusion, interrupted: ended = false } = await parts.update(abort);
    failed = code === 0 ? await parts.validate() : reasonOf(conclusion);
    return { code, conclusion, failed, ended };
  } finally {
    endSilence(failed === undefined);
  }
}

/** In one line what failed first. */
function reasonOf(conclusion: Conclusion | undefined): string {
  const [first] = conclusion?.failures ?? [];
  if (first === undefined) {
    return conclusion?.deployment.result === "interrupted" ? "it was interrupted" : "pulumi up failed";
  }
  const where = first.host === undefined ? "" : `${first.host}: `;
  return `${where}${first.step}: ${first.lines.at(0) ?? "failed"}`;
}
