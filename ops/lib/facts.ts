/** One thing on a host that the stack keeps, compared. */
export interface Fact {
  /** `file`, `unit`, `package`, `rules` and the like. */
  kind: string;
  name: string;
  /** Unified diff from what the host has to what the stack would write; absent where they are the same. */
  diff?: string;
}

/** What a script's `check` said. */
export interface Answer {
  facts: Fact[];
  /** Exit code of the script. */
  code: number;
  /** Whatever it said besides. */
  messages: string[];
}

/**
 * Reads scripts one after another from standard input, each after a line with its size in bytes, and runs each with
 * `check`. Nothing of them touches a disk or an argument vector.
 */
export const checkRunner =
  'while read -r size; do (set -- check; eval "$(head -c "$size")"); printf "end\\t%s\\n" "$?"; done 2>&1';

/** Standard input of `checkRunner`. */
export function checkInput(scripts: readonly string[]): string {
  return scripts.map((script) => `${Buffer.byteLength(script)}\n${script}`).join("");
}

/** What `checkRunner` printed, an answer for each script in their order; those it did not come to are missing. */
export function parseAnswers(output: string): Answer[] {
  const answers: Answer[] = [];
  let facts: Fact[] = [];
  let messages: string[] = [];
  for (const line of output.split("\n")) {
    const [word, kind = "", name = ""] = line.split("\t");
    const last = facts.at(-1);
    if (word === "ok") {
      facts.push({ kind, name });
    } else if (word === "drift") {
      facts.push({ kind, name, diff: "" });
    } else if (word === "end") {
      answers.push({ facts, code: Number(kind), messages });
      [facts, messages] = [[], []];
    } else if (line.startsWith("|") && last?.diff !== undefined) {
      last.diff += `${line.slice(1)}\n`;
    } else if (line !== "") {
      messages.push(line);
    }
  }
  return answers;
}
