/** A mistake or state that the operator can mend: shown without a stack trace. */
export class ToolError extends Error {}

/** `--name value` and bare `--name` arguments; anything else is refused with the usage. */
export function parseArguments(
  args: readonly string[],
  known: { flags: readonly string[]; values?: readonly string[] },
): { flags: Set<string>; values: Map<string, string> } {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const rest = [...args];
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (known.flags.includes(name)) {
      flags.add(name);
    } else if (known.values?.includes(name)) {
      const value = rest.shift();
      if (value === undefined) {
        throw new ToolError(`${name} needs a value; see --help`);
      }
      values.set(name, value);
    } else {
      throw new ToolError(`unknown argument ${name}; see --help`);
    }
  }
  return { flags, values };
}

/** The flags that a tool knows, and all other arguments in their order, for the program that it runs. */
export function splitArguments(
  args: readonly string[],
  known: readonly string[],
): { flags: Set<string>; rest: string[] } {
  return {
    flags: new Set(args.filter((argument) => known.includes(argument))),
    rest: args.filter((argument) => !known.includes(argument)),
  };
}

/** A count from 1 on among the values of arguments. */
export function countArgument(values: ReadonlyMap<string, string>, name: string, otherwise: number): number {
  const text = values.get(name) ?? String(otherwise);
  if (!/^[1-9]\d{0,6}$/.test(text)) {
    throw new ToolError(`${name} ${text}: give a number from 1`);
  }
  return Number(text);
}

/** Runs a tool's main function: its result is the exit code, an error is told in one line and exits 2. */
export function runTool(usage: string, main: (args: string[]) => number | Promise<number>): void {
  const args = process.argv.slice(2);
  if (args.includes("--help") || args.includes("-h")) {
    console.log(usage);
    return;
  }
  Promise.resolve()
    .then(() => main(args))
    .then(
      (code) => {
        process.exitCode = code;
      },
      (error: unknown) => {
        console.error(error instanceof ToolError ? error.message : error);
        process.exitCode = 2;
      },
    );
}
