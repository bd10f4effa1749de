import { EngineEvent } from "./deployment";
import { lines, stampedLine, UpdateState } from "./progress";

/** Text with a time and a level before each line; no text is no line. */
export const stamped = (when: Date, level: string, text: string): string =>
  text.trim() === ""
    ? ""
    : text
        .trimEnd()
        .split("\n")
        .map((line) => `${stampedLine(when, level, line.trimEnd())}\n`)
        .join("");

/**
 * All that a run of Pulumi told of itself: every message, and every step that changed something, a line each, at the times of
 * then. `hosts` gives each host's address.
 */
export function transcript(events: readonly EngineEvent[], hosts: Readonly<Record<string, string>>): string {
  let now = 0;
  let text = "";
  const progress = lines(
    new UpdateState(hosts, () => now),
    (line) => (text += `${line}\n`),
    () => new Date(now),
  );
  for (const event of events) {
    now = event.timestamp * 1000;
    progress.event(event);
  }
  progress.end();
  return text;
}

/** The text without what is secret. The longest go first: one may be part of another. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return [...secrets]
    .sort((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text);
}

/** The last `most` bytes of a text, from the beginning of a line on; what is left out is said. */
export function lastOf(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) {
    return text;
  }
  const rest = bytes.subarray(bytes.length - most);
  const end = rest.indexOf("\n");
  const kept = rest.subarray(end + 1).toString();
  return `(${bytes.length - Buffer.byteLength(kept)} bytes before this are left out)\n${kept}`;
}
