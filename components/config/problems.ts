import type { z } from "zod";
import { child, describeField, knownKeys, nearest } from "./describe";

/** One thing wrong with the configuration: where, what, and what to do about it. Never a value that could be secret. */
export interface Problem {
  readonly path: string;
  readonly what: string;
  readonly fix: string;
}

/** Old key → new name beside it; `*` stands for a name that the operator chose: `"hosts.*.sshPort": "port"`. */
export type RenamedKeys = Readonly<Record<string, string>>;

export const renamedKeys: RenamedKeys = {};

/** Everything `explain` looks things up in. */
interface Question {
  readonly schema: z.ZodType;
  readonly raw: unknown;
  readonly renamed: RenamedKeys;
}

export const formatPath = (path: readonly PropertyKey[]): string =>
  `hypha:${path.map((key) => oneLine(String(key))).join(".")}`;

export const formatProblem = (problem: Problem): string =>
  `${problem.path}: ${problem.what}; fix: ${problem.fix}`;

/** The problems behind one zod issue; an issue about several keys becomes one problem each. */
export function explain(issue: z.core.$ZodIssue, question: Question): Problem[] {
  const at = issue.path.map(String);
  const path = formatPath(issue.path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(at, key, question));
    case "invalid_key":
      return issue.issues.map((inner) => ({ path, ...splitMessage(inner.message) }));
    case "invalid_union":
      return explainUnion(issue, question);
    case "custom":
    case "invalid_format":
      return [{ path, ...splitMessage(issue.message) }];
    default:
      return [{ path, what: whatIsWrong(issue, valueAt(question.raw, at)), fix: fixFrom(at, question) }];
  }
}

function unknownKey(at: readonly string[], key: string, question: Question): Problem {
  const path = formatPath([...at, key]);
  const newName = renamedTo([...at, key], question.renamed);
  if (newName !== undefined) {
    return { path, what: `was renamed to ${newName}`, fix: `write ${formatPath([...at, newName])}` };
  }
  const known = knownKeys(question.schema, question.raw, at);
  const near = nearest(key, known);
  return {
    path,
    what: "is no known key",
    fix:
      near === undefined
        ? `remove it; known here: ${known.join(", ")}`
        : `did you mean ${near}? Otherwise remove it`,
  };
}

function renamedTo(path: readonly string[], renamed: RenamedKeys): string | undefined {
  const match = Object.keys(renamed).find((pattern) => {
    const parts = pattern.split(".");
    return parts.length === path.length && parts.every((part, index) => part === "*" || part === path[index]);
  });
  return match === undefined ? undefined : renamed[match];
}

/** A union with no discriminator: the option with the fewest issues is meant; a tie is the union's own problem. */
function explainUnion(issue: z.core.$ZodIssueInvalidUnion, question: Question): Problem[] {
  const at = issue.path.map(String);
  const path = formatPath(issue.path);
  const value = valueAt(question.raw, at);
  if (issue.errors.length === 0) {
    const kinds = "options" in issue ? (issue.options ?? []).map(String) : [];
    return /; fix: /.test(issue.message)
      ? [{ path, ...splitMessage(issue.message) }]
      : [
          {
            path,
            what: value === undefined ? "is missing" : "is no known kind",
            fix: `write one of ${kinds.join(", ")}`,
          },
        ];
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const [best, second] = [...issue.errors].sort((a, b) => a.length - b.length);
  if (!isObject || best === undefined || best.length === second?.length) {
    return [{ path, ...splitMessage(issue.message) }];
  }
  return best.flatMap((inner) => explain({ ...inner, path: [...issue.path, ...inner.path] }, question));
}

function whatIsWrong(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) {
    return "is missing";
  }
  switch (issue.code) {
    case "invalid_type":
      return `must be ${typeNames[issue.expected] ?? issue.expected}, is ${typeOf(value)}`;
    case "too_small":
      return `is below the least allowed, ${sizeOf(issue.minimum, issue.origin)}`;
    case "too_big":
      return `is over the most allowed, ${sizeOf(issue.maximum, issue.origin)}`;
    case "invalid_value":
      return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.map(String).join(", ")}`;
    default:
      return "is not valid";
  }
}

const sizeOf = (size: number | bigint, origin: string): string =>
  `${size}${origin === "string" ? " characters" : origin === "array" ? " entries" : ""}`;

const typeNames: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "a text",
  boolean: "true or false",
  object: "a map of keys",
  record: "a map of keys",
  array: "a list",
};

function typeOf(value: unknown): string {
  if (value === null) {
    return "empty";
  }
  if (Array.isArray(value)) {
    return "a list";
  }
  if (typeof value === "number") {
    return Number.isInteger(value) ? "a number" : "a fraction";
  }
  return typeNames[typeof value] ?? typeof value;
}

/** Fields without a sentence of their own (elements of a list or map) take their parent's. */
function fixFrom(path: readonly string[], question: Question): string {
  for (let length = path.length; length >= 0; length--) {
    const description = describeField(question.schema, question.raw, path.slice(0, length));
    if (description !== undefined) {
      return `${length === path.length ? "it" : formatPath(path.slice(0, length))} takes: ${description}`;
    }
  }
  return "see docs/hypha.schema.json";
}

function splitMessage(message: string): { what: string; fix: string } {
  const [what, ...fix] = message.split("; fix: ");
  return { what: what ?? message, fix: fix.length > 0 ? fix.join("; fix: ") : "see docs/hypha.schema.json" };
}

const valueAt = (raw: unknown, path: readonly string[]): unknown => path.reduce(child, raw);

/** A key as it may stand in a message of one line. */
function oneLine(key: string): string {
  const printable = /^[^\s\p{C}]{1,80}$/u.test(key);
  return printable ? key : JSON.stringify(key.slice(0, 80)).replace(/\p{C}|[^\S ]/gu, "?");
}

/** `<address of the server>` and the like, left from a stack file's template. */
export function findPlaceholders(
  raw: unknown,
  path: readonly string[] = [],
): { at: readonly string[]; problem: Problem }[] {
  if (typeof raw === "object" && raw !== null) {
    return Object.entries(raw).flatMap(([key, value]) => findPlaceholders(value, [...path, key]));
  }
  const hint = typeof raw === "string" ? /^\s*<([^<>]+)>\s*$/.exec(raw)?.[1] : undefined;
  return hint === undefined
    ? []
    : [
        {
          at: path,
          problem: {
            path: formatPath(path),
            what: `still the placeholder <${oneLineText(hint)}>`,
            fix: `put ${oneLineText(hint)}`,
          },
        },
      ];
}

const oneLineText = (text: string): string => text.replace(/[\s\p{C}]+/gu, " ").slice(0, 200);
