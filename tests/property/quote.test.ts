import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { shellAssign, shellAssigned, shellQuote } from "../../components/shell/quote";

const shells = ["sh", "bash"];

/** Anything a shell can carry, with what quoters get wrong made frequent. A lone surrogate has no UTF-8, so none. */
const word = fc
  .oneof(
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom(
        "'",
        '"',
        "\\",
        "\n",
        "\r",
        "\t",
        " ",
        "$",
        "`",
        "!",
        "*",
        "~",
        "#",
        "-",
        "=",
        "{",
        "}",
        "(",
        ";",
        "&",
        "|",
        "<",
        "%",
        "\u0001",
        "\u007f",
        "é",
        "𝄞",
      ),
      maxLength: 30,
    }),
    fc.constantFrom(
      "",
      "-",
      "--",
      "-n",
      "-e x",
      "if",
      "A=b",
      "~root",
      "\n",
      "a\n",
      "'",
      "''",
      "'\\''",
      "$(id)",
      "${x}",
      "!!",
    ),
  )
  .map((text) => text.replaceAll("\0", ""));

/** What a shell makes of a script on stdin: the pieces it prints, each ended by a NUL. */
function run(shell: string, script: string): string[] {
  const { stdout, stderr, status } = spawnSync(shell, ["-s"], { input: script, encoding: "utf8" });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return stdout.split("\0").slice(0, -1);
}

// Each run hands a shell a batch of words, so 200 runs are some thousands of words.
test.each(shells)("%s reads every word back as it was", (shell) => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (words) => {
      expect(run(shell, `printf '%s\\0' ${shellQuote(words)}\n`)).toEqual(words);
    }),
    { numRuns: 200 },
  );
});

test.each(shells)("%s reads a command quoted inside a command back as it was", (shell) => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 10 }), (words) => {
      const inner = `printf '%s\\0' ${shellQuote(words)}`;
      expect(run(shell, `${shellQuote([shell, "-c", inner])}\n`)).toEqual(words);
    }),
    { numRuns: 200 },
  );
});

test.each(shells)("%s exports every variable as it was", (shell) => {
  const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,10}$/).map((text) => `V_${text}`);
  fc.assert(
    fc.property(fc.dictionary(name, word, { minKeys: 1, maxKeys: 20 }), (vars) => {
      const names = Object.keys(vars);
      // From a child's environment, so that the export is tested too.
      const child = `printf '%s\\0' ${names.map((one) => `"\${${one}}"`).join(" ")}`;
      expect(run(shell, `${shellAssign(vars)}${shellQuote(["sh", "-c", child])}\n`)).toEqual(
        Object.values(vars),
      );
    }),
    { numRuns: 200 },
  );
});

test("what was exported is read back from a script, and nothing that comes after", () => {
  const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,10}$/);
  fc.assert(
    fc.property(fc.dictionary(name, word, { maxKeys: 20 }), fc.array(word), (vars, words) => {
      const script = `#!/bin/sh\nmain ${shellQuote(words)}\n`;
      expect(shellAssigned(`${shellAssign(vars)}${script}${shellAssign({ LATER: "x" })}`)).toEqual({
        ...vars,
      });
    }),
    { numRuns: 500 },
  );
});
