import { shellAssign, shellQuote } from "../../../components/shell/quote";

test("every word is single-quoted", () => {
  expect(shellQuote(["echo", "a b", "it's", "", "-n", "$HOME"])).toBe(
    `'echo' 'a b' 'it'\\''s' '' '-n' '$HOME'`,
  );
  expect(shellQuote([])).toBe("");
});

test("a preamble exports each variable", () => {
  expect(shellAssign({ HOST: "web1", NOTE: "it's\ntwo lines" })).toBe(
    `export HOST='web1'\nexport NOTE='it'\\''s\ntwo lines'\n`,
  );
  expect(shellAssign({})).toBe("");
});

test.each(["host", "1A", "A-B", "", "A=B", "A\nB", "Ä"])("no variable name: %j", (name) => {
  expect(() => shellAssign({ [name]: "x" })).toThrow(
    `shell variable ${JSON.stringify(name)}: a name is A-Z, 0-9 and _, and starts with no digit`,
  );
});

test("a NUL names the argument or variable and keeps the value to itself", () => {
  expect(() => shellQuote(["a", "secret\0"])).toThrow(
    "argument 2: holds a NUL byte, which no shell can carry",
  );
  expect(() => shellAssign({ TOKEN: "secret\0" })).toThrow(
    "shell variable TOKEN: holds a NUL byte, which no shell can carry",
  );
});
