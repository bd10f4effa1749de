import { withoutPending } from "../../ops/lib/state";

const resource = { urn: "urn:pulumi:x::hypha::docker:index/service:Service::web-service", type: "s" };

test("what a run was cut off in goes from the state, and is named; the rest stays", () => {
  const state = {
    version: 3,
    deployment: {
      manifest: {},
      resources: [resource],
      pending_operations: [{ type: "creating", resource }],
    },
  };
  expect(withoutPending(state)).toEqual({
    state: { version: 3, deployment: { manifest: {}, resources: [resource] } },
    urns: [resource.urn],
  });
  expect(state.deployment.pending_operations).toHaveLength(1);
});

test("a state with nothing pending is the same", () => {
  const state = { deployment: { resources: [resource] } };
  expect(withoutPending(state)).toEqual({ state, urns: [] });
});
