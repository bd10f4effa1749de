/**
 * The only quoter. Every word that reaches a shell from TypeScript goes through here.
 * Words are always single-quoted: inside single quotes a POSIX shell gives no character a meaning,
 * and a quoted word is never an assignment, a keyword or an alias.
 */
export function shellQuote(args: readonly string[]): string {
  return args.map((arg, index) => quoteWord(arg, `argument ${index + 1}`)).join(" ");
}

/** One `export NAME='value'` line per variable, in the order given: the preamble of a script on stdin. */
export function shellAssign(vars: Readonly<Record<string, string>>): string {
  return Object.entries(vars)
    .map(([name, value]) => {
      if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) {
        throw new Error(
          `shell variable ${JSON.stringify(name)}: a name is A-Z, 0-9 and _, and starts with no digit`,
        );
      }
      return `export ${name}=${quoteWord(value, `shell variable ${name}`)}\n`;
    })
    .join("");
}

/** The variables of a script on stdin: what `shellAssign` wrote at the beginning of the text. */
export function shellAssigned(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  const line = /export ([A-Z_][A-Z0-9_]*)=((?:'[^']*'|\\')*)\n/y;
  for (let found = line.exec(text); found !== null; found = line.exec(text)) {
    const [, name = "", words = ""] = found;
    variables[name] = words.slice(1, -1).replaceAll("'\\''", "'");
  }
  return variables;
}

/** The value stays out of the message: it may be a secret. */
function quoteWord(word: string, subject: string): string {
  if (word.includes("\0")) {
    throw new Error(`${subject}: holds a NUL byte, which no shell can carry`);
  }
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
