import { readFileSync } from "fs";
import { join } from "path";
import { docker } from "./stack";
import type { StackHost } from "./stack";
import { ToolError } from "./tool";

/** What a release sets off by itself: containers are replaced, and what has no second one is away for seconds. */
const ofReleases = [
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

function ask(host: StackHost, container: string, method: string, path: string, body: string): string {
  const words = ["exec", "--interactive", container, "bash", "-c", script(), "_", method, path];
  return answerBody(docker(host, words, body));
}

/** Starts a silence in Alertmanager's container on the host; its id, to end it sooner. */
export function startSilence(
  host: StackHost,
  container: string,
  wish: SilenceWish,
  now = new Date(),
): string {
  const body = JSON.stringify(silenceRequest(wish, now));
  const { silenceID } = JSON.parse(ask(host, container, "POST", "/api/v2/silences", body)) as {
    silenceID: string;
  };
  return silenceID;
}

/** Ends a silence that startSilence() began. */
export function endSilence(host: StackHost, container: string, id: string): void {
  ask(host, container, "DELETE", `/api/v2/silence/${id}`, "");
}
