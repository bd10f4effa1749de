import fc from "fast-check";
import { Preview } from "../../ops/lib/preview";
import { marker, previewComment } from "../../ops/lib/previewComment";

const types = fc.constantFrom(
  "docker:index/service:Service",
  "docker:index/volume:Volume",
  "docker:index/secret:Secret",
  "random:index/randomPassword:RandomPassword",
  "command:remote:Command",
  "tls:index/privateKey:PrivateKey",
);
const ops = fc.constantFrom(
  "create",
  "update",
  "replace",
  "create-replacement",
  "delete-replaced",
  "delete",
  "same",
);
const secret = "hunter2-only-for-this-test";

/** A state that holds the secret everywhere a value may be. */
const state = types.map((type) => ({
  type,
  custom: true,
  inputs: {
    data: secret,
    stdin: `PASSWORD='${secret}'`,
    taskSpec: { containerSpec: { image: `${secret} --env`, env: { A: secret } } },
  },
}));

const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 });

const step = fc.record({
  op: ops,
  urn: fc.tuple(types, name).map(([type, own]) => `urn:pulumi:p::hypha::${type}::${own}`),
  oldState: state,
  newState: state,
  diffReasons: fc.array(name, { maxLength: 12 }),
  detailedDiff: fc.dictionary(name, fc.record({ kind: fc.constantFrom("update", "add-replace") }), {
    maxKeys: 12,
  }),
});

const render = (preview: Preview) => previewComment(preview, { stack: "p", commit: "0123456789ab" });

test("no value of any property is ever in a comment, GitHub takes its length, and it is this stack's", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const text = render({ steps });
      expect(text).not.toContain(secret);
      expect(text.length).toBeLessThan(65_536);
      expect(text.startsWith(`${marker("p")}\n`)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test("no name breaks out of its cell: each row of the table has four", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
      const rows = render({ steps })
        .split("\n")
        .filter((line) => line.startsWith("| ") && !line.startsWith("| |") && !line.startsWith("| ---"));
      for (const row of rows) {
        expect(row.match(/\|/g)).toHaveLength(5);
        // Code spans are closed, so nothing in them is markup.
        expect((row.match(/`/g) ?? []).length % 2).toBe(0);
      }
    }),
    { numRuns: 100 },
  );
});

test("errors of any length and content stay in their block", () => {
  const message = fc.string({
    unit: fc.constantFrom("`", "\n", "a", "é", "\u001b[31m", "<{%reset%}>"),
    maxLength: 9000,
  });
  fc.assert(
    fc.property(message, (text) => {
      const comment = render({ diagnostics: [{ severity: "error", message: `x${text}` }] });
      const lines = comment.split("\n");
      const fence = /^(`{3,})text$/.exec(lines.find((line) => line.endsWith("text")) ?? "")?.[1] ?? "";
      expect(lines.filter((line) => line.startsWith(fence) && line !== `${fence}text`)).toEqual([fence]);
      expect(comment.length).toBeLessThan(65_536);
    }),
    { numRuns: 100 },
  );
});
