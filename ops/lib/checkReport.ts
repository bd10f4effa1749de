import { table } from "../../components/shell/table";
import { CheckResult } from "./check";

const words = { ok: "ok", warning: "warning", failure: "FAILED" } as const;

/** The results as a table; below it what to do about each problem. */
export function formatChecks(results: readonly CheckResult[]): string {
  const several = new Set(results.map(({ target }) => target)).size > 1;
  const rows = results.map((result) => [
    words[result.status],
    result.category,
    several && result.target !== "" ? `${result.name} at ${result.target}` : result.name,
    `${result.milliseconds} ms`,
    result.detail,
  ]);
  const problems = results.filter(({ status }) => status !== "ok");
  const count = (status: CheckResult["status"]) => results.filter((one) => one.status === status).length;
  return [
    table(rows),
    ...problems.flatMap(({ name, target, expected, threshold, hint }) => [
      `${name}${target === "" ? "" : ` at ${target}`}: expected: ${expected}${threshold === undefined ? "" : ` (${threshold})`}`,
      `  what to do: ${hint ?? ""}`,
    ]),
    `${results.length} checks: ${count("ok")} ok, ${count("warning")} warnings, ${count("failure")} failed`,
  ].join("\n");
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text for XML: what stands for itself nowhere is written out, what XML cannot hold is left out. */
export function xmlText(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what XML cannot hold
  const held = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, "");
  return held
    .replace(/[&<>"]/g, (character) => entities[character] ?? "")
    .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(3);

function testCase(result: CheckResult): string {
  const { name, category, target, milliseconds, status, detail, expected, hint } = result;
  const title = target === "" ? name : `${name} at ${target}`;
  const head = `    <testcase classname="${category}" name="${xmlText(title)}" time="${seconds(milliseconds)}">`;
  const body =
    status === "failure"
      ? `<failure message="${xmlText(detail)}">${xmlText(`expected: ${expected}; what to do: ${hint ?? ""}`)}</failure>`
      : // JUnit knows no warnings: they pass, and say why they are looked at.
        `<system-out>${xmlText(status === "warning" ? `warning: ${detail}; what to do: ${hint ?? ""}` : detail)}</system-out>`;
  return `${head}${body}</testcase>`;
}

/** The results as JUnit XML, a suite for each stack. */
export function junit(stack: string, results: readonly CheckResult[]): string {
  const failures = results.filter(({ status }) => status === "failure").length;
  const time = seconds(results.reduce((sum, { milliseconds }) => sum + milliseconds, 0));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${results.length}" failures="${failures}" time="${time}">`,
    `  <testsuite name="hypha ${xmlText(stack)}" tests="${results.length}" failures="${failures}" errors="0" skipped="0" time="${time}">`,
    ...results.map(testCase),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

/** 0: nothing failed, whatever the warnings; 1: something did. */
export function checksExitCode(results: readonly CheckResult[]): number {
  return results.some(({ status }) => status === "failure") ? 1 : 0;
}
