import { AuditRecord } from "../../ops/lib/audit";
import { deploymentSummary } from "../../ops/lib/deploymentSummary";
import { HostReport } from "../../ops/lib/doctor";
import { driftReport } from "../../ops/lib/driftReport";
import { Preview } from "../../ops/lib/preview";

const record = (change: Partial<AuditRecord>): AuditRecord => ({
  when: "2026-01-02T03:04:06.000Z",
  who: "runner@host",
  stack: "prod",
  commit: "0123456789abcdef0123456789abcdef01234567",
  dirty: false,
  configHash: "0".repeat(64),
  result: "succeeded",
  seconds: 42,
  changes: { update: 1 },
  ...change,
});

describe("the summary of a deployment", () => {
  const summary = (code: number, records: AuditRecord[] | undefined, log = "line") =>
    deploymentSummary({ stack: "prod", code, since: "2026-01-02T03:04:05Z", records, log });

  test("what succeeded is a line of the table; what other runs and stacks did is not in it", () => {
    const text = summary(0, [
      record({ when: "2026-01-02T03:04:04.000Z", seconds: 1 }),
      record({ stack: "other", seconds: 2 }),
      record({}),
    ]);
    expect(text).toMatch(/^### Stack `prod`: deployed\n/);
    expect(text.match(/^\| 2026.*$/gm)).toEqual([
      "| 2026-01-02T03:04:06Z | succeeded | 42 s | `0123456789ab` | `1 update` |",
    ]);
  });

  test("where nothing changed nothing is recorded", () => {
    expect(summary(0, [])).toMatch(/^### Stack `prod`: nothing was left to do\n/);
  });

  test("a failure stays one when what worked before was put back, and shows its log up to the failure", () => {
    const log = Array.from({ length: 100 }, (_, index) => `\u001b[31mline ${index}\u001b[0m`).join("\n");
    const failed = record({ result: "failed" });
    expect(summary(1, [failed], log)).toMatch(/^### Stack `prod`: failed\n/);
    const text = summary(
      1,
      [failed],
      `${log}\nThe deployment failed.\nPutting version 7 back\nVersion 7 is back and answers (12 s). It failed all the same.`,
    );
    expect(text).toMatch(/^### Stack `prod`: failed, and version 7 was put back\n/);
    expect(text).toContain("\nline 99\nThe deployment failed.\n");
    expect(text).not.toContain("Putting version 7 back");
    expect(summary(1, [failed], log)).toContain("\nline 99\n");
    expect(text).not.toContain("line 1\n");
    expect(text).not.toContain("\u001b");
  });

  test("servers that cannot be asked are told", () => {
    expect(summary(1, undefined)).toContain("The servers' audit logs could not be read.");
  });
});

describe("the report of drift", () => {
  const of = { stack: "prod", when: "2026-01-02T03:04:05Z" };
  const clean: HostReport = { name: "web1", compared: 67, drifted: [], problems: [] };
  const same: Preview = { steps: [{ op: "same", urn: "urn::x", oldState: { type: "a:b:C" } }] };
  const drifted: HostReport = {
    ...clean,
    drifted: [{ kind: "file", name: "/etc/x`|", diff: "+password=hunter2", repairedBy: [] }],
  };

  test("clean: each host with how much was compared", () => {
    const { verdict, text } = driftReport([clean], same, of);
    expect(verdict).toBe("clean");
    expect(text).toMatch(/^<!-- hypha-drift: prod -->\n/);
    expect(text).toContain("- `web1`: 67 things compared, none differs\n");
    expect(text).toContain("Nothing is left to deploy.");
  });

  test("drift names what differs and shows no difference", () => {
    const { verdict, text } = driftReport([drifted], same, of);
    expect(verdict).toBe("drift");
    expect(text).toContain("  - `file /etc/x`\n");
    expect(text).not.toContain("hunter2");
  });

  test("what was merged and not deployed is drift too", () => {
    const changed: Preview = {
      steps: [{ op: "update", urn: "urn::x", oldState: { type: "a:b:C" }, newState: { type: "a:b:C" } }],
    };
    const { verdict, text } = driftReport([clean], changed, of);
    expect(verdict).toBe("drift");
    expect(text).toContain("Not deployed: 1 to update");
  });

  test.each<[string, HostReport[] | undefined, Preview | undefined, string]>([
    [
      "a host that is silent",
      [{ ...clean, problems: ["timeout"] }],
      same,
      "not all of it could be looked at",
    ],
    ["no doctor", undefined, same, "could not be looked at"],
    ["no preview", [clean], undefined, "The preview failed"],
    ["a failed preview", [clean], { diagnostics: [{ severity: "error", message: "why" }] }, "why"],
  ])("%s: unknown, never clean", (_, hosts, preview, said) => {
    const { verdict, text } = driftReport(hosts, preview, of);
    expect(verdict).toBe("unknown");
    expect(text).toContain(said);
  });

  test("drift that is seen counts, whatever could not be seen", () => {
    expect(driftReport([drifted, { ...clean, problems: ["timeout"] }], undefined, of).verdict).toBe("drift");
  });
});
