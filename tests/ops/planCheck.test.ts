import { EngineEvent } from "../../ops/lib/deployment";
import { dataChanges, planCheck, renewsCertificate } from "../../ops/lib/planCheck";

const urn = (type: string, name: string) => `urn:pulumi:prod::hypha::${type}::${name}`;

/** A step as the event log tells of it; `old` and `now` are inputs. */
function step(
  op: string,
  type: string,
  name: string,
  old?: object,
  now?: object,
  more: object = {},
): EngineEvent {
  const state = (inputs: object) => ({ type, custom: true, inputs, ...more });
  const metadata = {
    op,
    urn: urn(type, name),
    old: old === undefined ? null : state(old),
    new: now === undefined ? null : state(now),
    keys: null,
    diffs: ["x"],
    detailedDiff: { x: { diffKind: op === "replace" ? "update-replace" : "update", inputDiff: true } },
  };
  return { timestamp: 1, resourcePreEvent: { metadata: metadata as never } };
}

const outputs = (versions: object): EngineEvent => ({
  timestamp: 1,
  resOutputsEvent: {
    metadata: {
      op: "update",
      urn: "x",
      type: "pulumi:pulumi:Stack",
      new: { outputs: { versions } },
    } as never,
  },
});

const service = "docker:index/service:Service";
const volume = "docker:index/volume:Volume";
const mounting = (source: string) => ({
  taskSpec: { containerSpec: { image: "a:1", mounts: [{ type: "volume", source }, { type: "tmpfs" }] } },
});

test("new and updated resources can be undone, and are counted", () => {
  const events = [step("create", service, "a", undefined, {}), step("update", service, "b", {}, {})];
  expect(planCheck({ code: 0, events }, {}, {}, false)).toEqual({
    name: "change",
    verdict: "ok",
    what: expect.stringMatching(/1 to update, 1 to create; it can be undone/) as string,
  });
  expect(planCheck({ code: 0, events: [] }, {}, {}, false).what).toBe("nothing; it can be undone");
});

test("services that end before they are made anew are told; sets are not", () => {
  const named = (name: string) => ({ name });
  const events = [
    step("replace", service, "web-service", named("hypha-prod-web"), named("hypha-prod-web")),
    step("replace", service, "gateway-service", named("gateway-1234567"), named("gateway-89abcde")),
    step("update", service, "edge-service", named("hypha-prod-edge"), named("hypha-prod-edge")),
  ];
  expect(planCheck({ code: 0, events }, {}, {}, false)).toEqual({
    name: "change",
    verdict: "warn",
    what: expect.stringMatching(
      /it can be undone, but these end before they are made anew: web-service$/,
    ) as string,
    fix: "do it when the site may be away for as long as that takes",
  });
});

test.each([
  [
    "a volume that goes",
    step("delete", volume, "postgres-data", {}),
    "postgres-data is deleted, and the data in it is lost",
  ],
  [
    "another volume in a service",
    step("update", service, "postgres-service", mounting("old"), mounting("new")),
    "postgres-service lets go of the volume old",
  ],
  [
    "a data host that is none any more",
    step(
      "update",
      "command:local:Command",
      "cluster-node-web1",
      { stdin: "export LABELS='app=true data=true'\n" },
      { stdin: "export LABELS='app=true'\n" },
    ),
    "cluster-node-web1: its host holds the data, and will not be used for it any more",
  ],
])("%s needs a flag", (_, event, words) => {
  expect(dataChanges([event], {})).toEqual([words]);
  const refused = planCheck({ code: 0, events: [event] }, {}, {}, false);
  expect(refused).toMatchObject({
    verdict: "FAILED",
    fix: expect.stringContaining("ALLOW_DATA_CHANGE=1") as string,
  });
  expect(refused.what).toContain(words);
  expect(planCheck({ code: 0, events: [event] }, {}, {}, true).verdict).toBe("warn");
});

test("another version of what keeps data is a migration, forward and back; other versions are none", () => {
  const was = { versions: { postgres: "15", synapse: "1.1.0", docker: "5" } };
  expect(dataChanges([outputs({ postgres: "15", synapse: "1.1.0", docker: "6" })], was)).toEqual([]);
  expect(dataChanges([outputs({ postgres: "16", synapse: "1.0.0", docker: "5" })], was)).toEqual([
    expect.stringMatching(/^postgres 15 becomes 16: /) as string,
    expect.stringMatching(/^synapse 1\.1\.0 becomes 1\.0\.0: /) as string,
  ]);
  expect(dataChanges([outputs({ postgres: "16" })], {})).toEqual([]);
});

test("a service that keeps its volume, and a node that keeps the data, are no loss", () => {
  expect(
    dataChanges(
      [
        step("update", service, "postgres-service", mounting("data"), mounting("data")),
        step(
          "update",
          "command:local:Command",
          "n",
          { stdin: "export LABELS='data=true'\n" },
          { stdin: "export LABELS='data=true edge=true'\n" },
        ),
      ],
      {},
    ),
  ).toEqual([]);
});

test("what cannot be previewed is refused in the program's own words", () => {
  const error: EngineEvent = {
    timestamp: 1,
    diagnosticEvent: { severity: "error", message: "no such directory" },
  };
  expect(planCheck({ code: 255, events: [error] }, {}, {}, true)).toMatchObject({
    verdict: "FAILED",
    what: "it cannot be previewed\nno such directory",
  });
});

test("the site's certificate is renewed by its replacement", () => {
  const certificate = "tls:index/locallySignedCert:LocallySignedCert";
  expect(renewsCertificate([step("replace", certificate, "certificate-site", {}, {})])).toBe(true);
  expect(renewsCertificate([step("replace", certificate, "pooler-certificate-site", {}, {})])).toBe(false);
  expect(renewsCertificate([])).toBe(false);
});
