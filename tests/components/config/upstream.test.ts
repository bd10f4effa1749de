import { parseConfig } from "../../../components/config/load";
import { upstreamImages } from "../../../components/config/versions";
import { local, problemsOf } from "../../support/config";

const watching = (observability: object) => local({ observability });

test("what Debian does not have is there where it is asked for, from its makers' images unless told otherwise", () => {
  const plain = parseConfig(watching({})).observability;
  expect([plain?.logs, plain?.grafana]).toEqual([undefined, undefined]);
  const { observability } = parseConfig(watching({ logs: {}, grafana: {} }));
  const image = (program: keyof typeof upstreamImages) => ({
    source: { kind: "image", reference: upstreamImages[program] },
  });
  expect(observability).toMatchObject({
    logs: { days: 14, journal: true, loki: image("loki"), alloy: image("alloy") },
    grafana: image("grafana"),
  });
});

test("the makers' images are pinned by digest, and another may be", () => {
  for (const reference of Object.values(upstreamImages)) {
    expect(reference).toMatch(/^docker\.io\/grafana\/\w+:v?\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$/);
  }
  const reference = `mirror.example/loki@sha256:${"b".repeat(64)}`;
  const { observability } = parseConfig(
    watching({ logs: { loki: { source: { kind: "image", reference } } } }),
  );
  expect(observability?.logs?.loki.source).toEqual({ kind: "image", reference });
});

test.each([
  [{ logs: { days: 0 } }, /^hypha:observability\.logs\.days: /],
  [
    { logs: { loki: { source: { kind: "git" } } } },
    /^hypha:observability\.logs\.loki\.source\.kind: .*artifacts/,
  ],
  [{ grafana: { source: { kind: "sample" } } }, /^hypha:observability\.grafana\.source\.kind: .*artifacts/],
  [
    { logs: { loki: { source: { kind: "image", reference: "grafana/loki:3.7.8" } } } },
    /^hypha:observability\.logs\.loki\.source\.reference: is not pinned by digest/,
  ],
  [
    { logs: { alloy: { source: { kind: "artifacts" } } } },
    /^hypha:observability\.logs\.alloy\.source: needs exactly one/,
  ],
])("%j is refused", (observability, problem) => {
  const problems = problemsOf(watching(observability));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(problem);
});
