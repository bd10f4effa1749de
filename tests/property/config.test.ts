import Ajv from "ajv/dist/2020";
import fc from "fast-check";
import { ConfigError, configHash, parseConfig } from "../../components/config/load";
import { stackFileSchema } from "../../ops/schema";
import { validConfig } from "../support/configArbitraries";
import { garbage, mutate, mutation } from "../support/configMutations";

type Raw = Record<string, unknown>;

const runs = { numRuns: 1000 };

/** Valid, or refused as promised: one line per problem, each with the path of a key and a fix. */
function checkedOutcome(raw: Raw): "valid" | "refused" {
  try {
    parseConfig(raw);
    return "valid";
  } catch (error) {
    if (!(error instanceof ConfigError)) {
      throw error;
    }
    const lines = error.message.split("\n");
    expect(lines).toHaveLength(error.problems.length + 1);
    expect(error.problems.length).toBeGreaterThan(0);
    for (const line of lines.slice(1)) {
      expect(line).toMatch(/^ {2}hypha:\P{C}+: \P{C}+; fix: \P{C}+$/u);
      expect(line).not.toMatch(/undefined|\[object/);
      expect(line).not.toContain("x".repeat(100));
    }
    return "refused";
  }
}

test("every valid configuration is accepted, whether maps or Pulumi's JSON text", () => {
  fc.assert(
    fc.property(validConfig, (raw) => {
      const text = Object.fromEntries(
        Object.entries(raw).map(([key, value]) => [key, JSON.stringify(value)]),
      );
      expect(parseConfig(text)).toEqual(parseConfig(raw));
    }),
    runs,
  );
});

test("what is accepted keeps what was written", () => {
  fc.assert(
    fc.property(validConfig, (raw) => {
      const { edge, chat } = parseConfig(raw);
      expect(edge).toMatchObject(raw["edge"] as object);
      expect(chat).toMatchObject(raw["chat"] ?? {});
    }),
    runs,
  );
});

test("a spoilt configuration is valid or refused with key and fix, and nothing else ever happens", () => {
  const seen = { valid: 0, refused: 0 };
  fc.assert(
    fc.property(validConfig, fc.array(mutation, { minLength: 1, maxLength: 3 }), (raw, mutations) => {
      seen[checkedOutcome(mutations.reduce(mutate, raw))] += 1;
    }),
    runs,
  );
  // Both ends are reached, or the mutations prove nothing.
  expect(seen.valid).toBeGreaterThan(20);
  expect(seen.refused).toBeGreaterThan(500);
});

test("garbage is refused with key and fix", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom("hosts", "edge", "chat", "images", "x"), garbage), (raw) => {
      expect(checkedOutcome(raw)).toBe("refused");
    }),
    runs,
  );
});

test("the order of keys changes no hash, and a change of a value does", () => {
  fc.assert(
    fc.property(validConfig, fc.infiniteStream(fc.nat()), (raw, chance) => {
      const hash = configHash(parseConfig(raw));
      expect(configHash(parseConfig(shuffled(raw, chance) as Raw))).toBe(hash);
      const edge = { ...(raw["edge"] as Raw), domain: "changed.example.org" };
      expect(configHash(parseConfig({ ...raw, edge }))).not.toBe(hash);
    }),
    runs,
  );
});

test("the JSON Schema for editors accepts what the program accepts", () => {
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(stackFileSchema());
  fc.assert(
    fc.property(validConfig, (raw) => {
      const config = Object.fromEntries(Object.entries(raw).map(([key, value]) => [`hypha:${key}`, value]));
      validate({ config, encryptionsalt: "v1:x" });
      expect(validate.errors ?? []).toEqual([]);
    }),
    runs,
  );
  expect(validate({ config: { "hypha:bogus": {} } })).toBe(false);
});

function shuffled(value: unknown, chance: fc.Stream<number>): unknown {
  if (Array.isArray(value)) {
    return value.map((inner) => shuffled(inner, chance));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => ({ key, inner, place: Number(chance.next().value) }))
      .sort((a, b) => a.place - b.place)
      .map(({ key, inner }) => [key, shuffled(inner, chance)]),
  );
}
