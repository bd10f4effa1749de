import { Preview, PreviewStep } from "../../ops/lib/preview";
import { previewComment } from "../../ops/lib/previewComment";
import { expectGolden } from "../support/golden";

const urn = (type: string, name: string) => `urn:pulumi:prod::hypha::hypha:systems:Chat$${type}::${name}`;

/** A step as Pulumi prints it, its secrets masked. */
function step(op: string, type: string, name: string, more: Partial<PreviewStep> = {}): PreviewStep {
  const state = { type, custom: true, inputs: { data: "[secret]" } };
  return {
    op,
    urn: urn(type, name),
    ...(op === "create" ? { newState: state } : { oldState: state, newState: state }),
    ...more,
  };
}

const service = "docker:index/service:Service";
const volume = "docker:index/volume:Volume";
const image = (reference: string) => ({
  type: service,
  inputs: { taskSpec: { containerSpec: { image: reference } } },
});

const release: Preview = {
  steps: [
    step("same", "hypha:systems:Chat", "chat", { oldState: { type: "hypha:systems:Chat", custom: false } }),
    step("same", service, "edge-service"),
    step("same", volume, "postgres-data"),
    step("create", "docker:index/serviceConfig:ServiceConfig", "edge-nginx-conf"),
    step("update", service, "bridge-service", {
      oldState: image("hypha/bridge:0123456789ab"),
      newState: image("hypha/bridge:ba9876543210"),
      detailedDiff: {
        "taskSpec.containerSpec.image": { kind: "update" },
        "taskSpec.containerSpec.env.LEVEL": { kind: "add" },
      },
    }),
    step("replace", "command:remote:Command", "bridge-image-web1", {
      diffReasons: ["stdin", "triggers"],
      detailedDiff: { stdin: { kind: "update" }, "triggers[0]": { kind: "update-replace" } },
    }),
  ],
};

const losses: Preview = {
  steps: [
    step("delete", volume, "homeserver-media", { newState: undefined }),
    step("delete", volume, "postgres-data", {
      newState: undefined,
      oldState: { type: volume, retainOnDelete: true },
    }),
    step("delete", volume, "postgres-socket", { newState: undefined }),
    step("delete", volume, "alloy-web1-positions", { newState: undefined }),
    step("delete", "command:local:Command", "web2-vm-deployment", { newState: undefined }),
    step("create-replacement", volume, "redis-data", {
      oldState: { type: volume, retainOnDelete: true },
      replaceReasons: ["name"],
    }),
    step("delete-replaced", volume, "redis-data", {
      oldState: { type: volume, retainOnDelete: true },
      newState: undefined,
    }),
    step("replace", "random:index/randomBytes:RandomBytes", "web1-mycelium-key", { replaceReasons: ["length"] }),
    step("replace", "random:index/randomId:RandomId", "edge-conf-suffix", { replaceReasons: ["keepers"] }),
    step("replace", "tls:index/selfSignedCert:SelfSignedCert", "certificate-ca", { diffReasons: ["subject"] }),
    step("replace", "tls:index/locallySignedCert:LocallySignedCert", "certificate-site"),
    step("delete", service, "bridge-service", {
      newState: undefined,
      oldState: { type: service, protect: true },
    }),
  ],
};

const failed: Preview = {
  steps: [step("create", "pulumi:pulumi:Stack", "hypha-prod")],
  diagnostics: [
    { severity: "warning", message: "warning: hypha:hosts: has 2 managers\n" },
    {
      severity: "error",
      message:
        "<{%fg 1%}>error: <{%reset%}>the configuration of this stack has 1 problem:\n" +
        "  hypha:edge.domain: is missing; fix: give the ```DNS``` name\n",
    },
  ],
};

const many: Preview = {
  steps: Array.from({ length: 75 }, (_, index) => step("create", service, `service-${index}`)),
};

const comments: [string, Preview, string | undefined][] = [
  ["release", release, "https://github.com/o/r/actions/runs/1"],
  ["losses", losses, undefined],
  ["failed", failed, undefined],
  ["nothing", { steps: [step("same", service, "edge-service")] }, undefined],
  ["many", many, undefined],
];

test("the comments of previews are what is committed", () => {
  const texts = comments.map(([name, preview, run]) => {
    return [`${name}.md`, previewComment(preview, { stack: "prod", commit: "0123456789abcdef", run })] as const;
  });
  expectGolden("preview", Object.fromEntries(texts));
});
