import type { z } from "zod";

/** The schema's inner definition, as zod publishes it for tools (`_zod.def`). */
type Def = z.core.$ZodTypes["_zod"]["def"];

const defOf = (schema: z.core.$ZodType): Def => (schema as z.core.$ZodTypes)._zod.def;

/** Takes defaults, optionals and pipes off, down to what says the type. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const def = defOf(schema);
  switch (def.type) {
    case "default":
    case "prefault":
    case "optional":
      return unwrap(def.innerType);
    case "pipe":
      return unwrap(def.in);
    default:
      return schema;
  }
}

/** What one step down a path leads to; `value` is what the operator wrote there and decides between a union's options. */
function step(schema: z.core.$ZodType, key: string, value: unknown): z.core.$ZodType | undefined {
  const def = defOf(unwrap(schema));
  switch (def.type) {
    case "object":
      return Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
    case "record":
      return def.valueType;
    case "array":
      return def.element;
    case "union":
      return optionsFor(def.options, value)
        .map((option) => step(option, key, value))
        .find((found) => found !== undefined);
    default:
      return undefined;
  }
}

/** The options whose literal fields agree with the value; all of them where none does. */
function optionsFor(options: readonly z.core.$ZodType[], value: unknown): readonly z.core.$ZodType[] {
  const agreeing = options.filter((option) => {
    const def = defOf(unwrap(option));
    return (
      def.type === "object" &&
      Object.entries(def.shape).every(([key, field]) => literalAgrees(field, child(value, key)))
    );
  });
  return agreeing.length > 0 ? agreeing : options;
}

function literalAgrees(field: z.core.$ZodType, value: unknown): boolean {
  const def = defOf(field);
  return def.type !== "literal" || def.values.some((literal) => literal === value);
}

/** The own property of an object or element of an array, undefined where there is none. */
export function child(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function descend(
  schema: z.ZodType,
  raw: unknown,
  path: readonly string[],
): { at?: z.core.$ZodType; value: unknown } {
  let at: z.core.$ZodType | undefined = schema;
  let value = raw;
  for (const key of path) {
    at = at === undefined ? undefined : step(at, key, value);
    value = child(value, key);
  }
  return { ...(at === undefined ? {} : { at }), value };
}

/** The field's own sentence (`.describe`) in the schema, for the fix of a problem with it. */
export function describeField(schema: z.ZodType, raw: unknown, path: readonly string[]): string | undefined {
  const { at } = descend(schema, raw, path);
  return at === undefined
    ? undefined
    : ((at as z.ZodType).description ?? (unwrap(at) as z.ZodType).description);
}

/** The keys allowed at a path. */
export function knownKeys(schema: z.ZodType, raw: unknown, path: readonly string[]): string[] {
  const { at, value } = descend(schema, raw, path);
  const def = at === undefined ? undefined : defOf(unwrap(at));
  const options = def?.type === "union" ? optionsFor(def.options, value) : at === undefined ? [] : [at];
  return options.flatMap((option) => {
    const inner = defOf(unwrap(option));
    return inner.type === "object" ? Object.keys(inner.shape) : [];
  });
}

/** The known word closest to a mistyped one, if any is close enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(2, Math.floor(best.candidate.length / 3))
    ? best.candidate
    : undefined;
}

/** Levenshtein's, one row at a time; words are cut so that a huge key costs nothing. */
function editDistance(left: string, right: string): number {
  const a = left.slice(0, 64);
  const b = right.slice(0, 64);
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
