import { readFileSync } from "fs";
import { join } from "path";
import { docker } from "./stack";
import type { StackHost } from "./stack";
import { ToolError } from "./tool";

/** What a release sets off by itself: containers are replaced, and what has no second one is away for seconds. */
export const ofReleases: readonly string[] = [
  ...["BridgeDown", "ContainerRestarts", "EdgeErrors", "HomeserverErrors", "HomeserverLag", "JobMissing"],
  ...[
    "NginxDown",
    "PgBouncerDown",
    "PostgresDown",
    "PostgresExporterBlind",
    "ProbeFailed",
    "ProbeSlow",
    "TargetDown",
  ],
];

export interface SilenceWish {
  stack: string;
  /** How long at most: it ends by itself, whatever becomes of the deployment. */
  minutes: number;
  /** Who deploys, and what. */
  author: string;
  comment: string;
}

/** A silence as Alertmanager's API (v2) takes it: of one stack, of what a release causes, and of nothing else. */
export function silenceRequest({ stack, minutes, author, comment }: SilenceWish, now: Date) {
  const equal = { isRegex: false, isEqual: true };
  return {
    matchers: [
      { name: "stack", value: stack, ...equal },
      { name: "alertname", value: ofReleases.join("|"), ...equal, isRegex: true },
    ],
    startsAt: now.toISOString(),
    endsAt: new Date(now.getTime() + minutes * 60_000).toISOString(),
    createdBy: author,
    comment,
  };
}

/** The body of an HTTP answer; an error where its status is not 200. */
export function answerBody(answer: string): string {
  const [, status = "", body = ""] = /^HTTP\/1\.[01] (\d{3})[^]*?\r\n\r\n([^]*)$/.exec(answer) ?? [];
  if (status !== "200") {
    throw new ToolError(`Alertmanager refused the silence: ${answer.slice(0, 300).trim() || "no answer"}`);
  }
  return body;
}

const script = () => readFileSync(join(__dirname, "silence.sh"), "utf8");

/** Sends a request to Alertmanager in the stack's container on the host; undefined where none runs. */
function ask(host: StackHost, stack: string, method: string, path: string, body: object): string | undefined {
  const service = `label=com.docker.swarm.service.name=hypha-${stack}-alertmanager`;
  const [container = ""] = docker(host, ["ps", "--quiet", "--filter", service], "", patience).split("\n");
  if (container === "") return undefined;
  const words = ["exec", "--interactive", container, "bash", "-c", script(), "_", method, path];
  return answerBody(docker(host, words, JSON.stringify(body), patience));
}

/** Seconds for the host that watches to answer: a release does not wait for it. */
const patience = 20;
/** Minutes that a release is quiet at most, and after one that ended well: its last alerts go within that. */
const quiet = { atMost: 30, afterwards: 2 };

/** Ends what silenceRelease() began: soon after a release that ended well, at once after any other. */
export type EndSilence = (well: boolean) => void;

/**
 * Keeps quiet what the release sets off by itself, from here on. Without it the release goes on, and alerts are told: a
 * problem is a warning. A stack whose Alertmanager does not run yet has nothing to silence.
 */
export function silenceRelease(
  host: StackHost,
  about: Omit<SilenceWish, "minutes">,
  warn: (text: string) => void,
): EndSilence {
  const { stack } = about;
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      warn(
        `alerts are not silenced as they should be: ${error instanceof Error ? error.message : String(error)}`,
      );
      return undefined;
    }
  };
  const wish = silenceRequest({ ...about, minutes: quiet.atMost }, new Date());
  const id = attempt(() => {
    const answer = ask(host, stack, "POST", "/api/v2/silences", wish);
    return answer === undefined ? undefined : (JSON.parse(answer) as { silenceID: string }).silenceID;
  });
  return (well) => {
    if (id === undefined) return;
    attempt(() => {
      if (!well) return ask(host, stack, "DELETE", `/api/v2/silence/${id}`, {});
      const endsAt = new Date(Date.now() + quiet.afterwards * 60_000).toISOString();
      return ask(host, stack, "POST", "/api/v2/silences", { ...wish, id, endsAt });
    });
  };
}
