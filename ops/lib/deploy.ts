import { observer } from "../../components/config/observability";
import { StackConfig } from "../../components/config/schema";
import { addresses, operator } from "./audit";
import { conclude, Concluded, concludeValidation, conclusionOf } from "./conclude";
import { confirm } from "./confirm";
import { nameOf } from "./deployment";
import { EngineRun, runEngine } from "./engineRun";
import { formatChecks } from "./checkReport";
import { Check } from "./checks";
import { Lock, LockPlaceError, lockPlace, takeLock } from "./lock";
import { Notice, notify } from "./notify";
import { preflight } from "./preflight";
import { progressOn } from "./progress";
import { clearDeadLock } from "./pulumiLock";
import { ValidationRecord } from "./record";
import { Rollback, ReleaseEvent, ReleaseParts } from "./release";
import { EndSilence, silenceRelease } from "./silence";
import { stackHosts, stackOutputs, StackOutputs, stackState } from "./stack";
import { withoutPending } from "./state";
import { stateProblem } from "./stateCheck";
import { importState } from "./stateFile";
import { ToolError } from "./tool";
import { validate } from "./validate";

/** What is deployed, and how. */
export interface Deploy {
  stack: string;
  config: StackConfig;
  /** The program. @default this directory */
  directory?: string;
  /** `up`, `redeploy of version 3`. */
  what: string;
  /** What the program is. */
  tree: Check;
  /** What else the preview is looked at for. @default nothing */
  more?: (preview: EngineRun) => Check[];
  /** Validate all of it afterwards, not only what the site answers. @default false */
  validation?: boolean;
  /** The version that is put back. */
  redeployOf?: number;
  /** Options of `pulumi preview` and `pulumi up`. */
  options: readonly string[];
  /** Ask nothing. */
  yes: boolean;
}

/** The outputs of what runs now; a stack that was never deployed has none. */
export function outputsNow(stack: string): StackOutputs {
  try {
    return stackOutputs(stack);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    if (/no stack named/.test(said)) return {};
    throw new ToolError(`the state of ${stack} cannot be read: ${stateProblem(said)}`);
  }
}

/** The parts of a release as they really are. */
export function deployParts(deploy: Deploy, rollBack: () => Promise<Rollback | undefined>): ReleaseParts {
  const { stack, config, directory = process.cwd(), what, tree, more, redeployOf, yes } = deploy;
  const outputs = outputsNow(stack);
  const options = ["--stack", stack, ...deploy.options];
  let made: Concluded | undefined;
  const said: string[] = [];
  return {
    lock: () => lockStack(deploy, outputs),
    preflight: () =>
      preflight({
        stack,
        config,
        outputs,
        tree,
        more,
        preview: () => runEngine("preview", options, { directory }),
      }),
    agree: () => (yes ? Promise.resolve(true) : confirm(`Deploy this to ${stack}?`)),
    silence: () => silence(deploy, outputs),
    update: async (abort) => {
      const { code, events, interrupted } = await runEngine("up", [...options, "--yes", "--skip-preview"], {
        directory,
        abort,
        ...(verbose() ? {} : { display: "errors", progress: progressOn(process.stdout, addresses(config)) }),
      });
      const conclusion = conclusionOf(stack, events, directory);
      if (conclusion !== undefined) {
        made = await conclude(conclusion, { redeployOf, said: said.join("\n") });
      }
      return { code, conclusion, interrupted };
    },
    validate: async () => {
      const { report, ...validation } = await tested(stack, deploy.validation === true ? "all" : "quick");
      console.log(report);
      if (made !== undefined) {
        await concludeValidation(made, validation, report);
      }
      return validation.ok ? undefined : validation.failed.join("; ");
    },
    rollBack,
    tell: async (event) => {
      announce(stack, what, event);
      const { who, revision } = operator(directory);
      for (const warning of await notify(
        config.notifications,
        noticeOf(event, { stack, who, commit: revision }),
      )) {
        console.error(`warning: ${warning}`);
      }
    },
    say: (text) => {
      said.push(text);
      console.log(text);
    },
    complain: console.error,
  };
}

/** What the tests of what runs come to; tests that cannot be made are failed ones. */
async function tested(
  stack: string,
  checks: ValidationRecord["checks"],
): Promise<ValidationRecord & { report: string }> {
  try {
    const { results, failDeployment } = await validate(stack, { quick: checks === "quick" });
    const failed = results
      .filter(({ status }) => status === "failure")
      .map(({ name, detail }) => `${name}: ${detail}`);
    return { ok: failed.length === 0 || !failDeployment, checks, failed, report: formatChecks(results) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, checks, failed: [why], report: why };
  }
}

function announce(stack: string, what: string, { kind }: ReleaseEvent): void {
  if (kind === "start") console.log(`${stack}: ${what} begins`);
}

/** What is told to others of an event; the same words as on the terminal, and no more. */
export function noticeOf(event: ReleaseEvent, about: Pick<Notice, "stack" | "who" | "commit">): Notice {
  const notice = { ...about, event: event.kind, when: new Date().toISOString() };
  switch (event.kind) {
    case "start":
      return notice;
    case "success":
      return { ...notice, seconds: event.seconds };
    case "failure":
      return { ...notice, seconds: event.seconds, lines: [event.reason] };
    case "rollback": {
      const { version, ok } = event.rollback;
      const lines = [
        ok ? `version ${version} is back and answers` : `version ${version} could NOT be put back`,
      ];
      return { ...notice, seconds: event.seconds, lines };
    }
  }
}

/** Pulumi's own display instead of ours. */
const verbose = () => ["1", "true"].includes(process.env["VERBOSE"] ?? "");

/** Where the stack is watched already, its Alertmanager is told of the release. */
function silence(
  { stack, config, directory = process.cwd(), what }: Deploy,
  outputs: StackOutputs,
): EndSilence {
  const name = observer(config);
  const host =
    outputs.hosts === undefined ? undefined : stackHosts(stack, outputs).find((one) => one.name === name);
  if (host === undefined) return () => undefined;
  const { who, revision } = operator(directory);
  return silenceRelease(host, { stack, author: who, comment: `${what} (${revision})` }, (text) => {
    console.error(`warning: ${text}`);
  });
}

/** Takes the stack's lock, and removes what a dead deployment has left of Pulumi's own. */
async function lockStack(deploy: Deploy, outputs: StackOutputs): Promise<Lock | undefined> {
  const { stack, config, directory = process.cwd(), what } = deploy;
  const { who, revision } = operator(directory);
  const owner = { who, pid: process.pid, since: new Date().toISOString(), commit: revision, what };
  let lock: Lock | undefined;
  try {
    lock = await takeLock(stack, lockPlace(stack, config), owner, Number(process.env["WAIT"] ?? 0) || 0);
  } catch (error) {
    // The first deployment's own messages say best what a new host lacks.
    if (!(error instanceof LockPlaceError) || outputs.hosts !== undefined) throw error;
    console.error(`${error.message}\nThe stack was never deployed, so it goes on without a lock.`);
    return undefined;
  }
  const { removed, inTheWay } = clearDeadLock("hypha", stack);
  for (const whose of removed) {
    console.error(`Pulumi's own lock of ${stack} was left behind and is removed: ${whose}`);
  }
  if (inTheWay !== undefined) {
    await lock.release();
    throw new ToolError(inTheWay);
  }
  if (removed.length > 0) {
    const { state, urns } = withoutPending(stackState(stack));
    if (urns.length > 0) {
      importState(stack, state);
      console.error(`it was cut off in ${urns.map(nameOf).join(", ")}: done again now`);
    }
  }
  return lock;
}
