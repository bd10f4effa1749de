import fc from "fast-check";

type Raw = Record<string, unknown>;

/** Something that has no business there. */
export const garbage: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: "binary" }),
  fc.constantFrom<unknown>(undefined, null, "", " ", -1, 0, 1.5, 1e300, NaN, Infinity, true, [], {}, [[]]),
  fc.constantFrom("<put it here>", "{", "null", "__proto__", "a\nb", "\u2028", "-x", "x".repeat(10_000)),
);

const oddKey = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom("__proto__", "constructor", "toString", "kind", "hosts", "", ".", "a.b", "a\nb", "prot"),
);

export interface Mutation {
  readonly what: "delete" | "replace" | "add" | "text";
  /** Picks the place: one of all paths of the configuration. */
  readonly at: number;
  readonly key: string;
  readonly value: unknown;
}

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  what: fc.constantFrom("delete", "replace", "add", "text"),
  at: fc.nat(),
  key: oddKey,
  value: garbage,
});

/** A copy of the configuration with one place spoilt; `text` hands a section over as text that may be no JSON. */
export function mutate(config: Raw, { what, at, key, value }: Mutation): Raw {
  const copy = structuredClone(config);
  const sections = Object.keys(copy);
  if (what === "text") {
    const section = sections[at % sections.length] ?? "hosts";
    return { ...copy, [section]: typeof value === "string" ? value : JSON.stringify(value) };
  }
  const places = placesOf(copy);
  const place = places[at % places.length];
  if (place === undefined) {
    return copy;
  }
  const { owner, name } = place;
  const target = Reflect.get(owner, name) as unknown;
  if (what === "delete") {
    Reflect.deleteProperty(owner, name);
  } else if (what === "replace") {
    Reflect.set(owner, name, value);
  } else {
    const home = typeof target === "object" && target !== null ? target : owner;
    // The length of a list cannot become another kind of property: such a place stays as it is.
    Reflect.defineProperty(home, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

function placesOf(owner: object): { owner: object; name: string }[] {
  return Object.entries(owner).flatMap(([name, value]) => [
    { owner, name },
    ...(typeof value === "object" && value !== null ? placesOf(value as object) : []),
  ]);
}
