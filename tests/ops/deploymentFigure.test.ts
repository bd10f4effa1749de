import { deploymentFigure } from "../../ops/lib/record";

test("a deployment as a figure: when it ended, how, of which commit and by whom, whatever he is called", () => {
  expect(
    deploymentFigure({
      stack: "org/t",
      result: "failed",
      commit: "0123456789abcdef0123456789abcdef01234567",
      deployer: { user: 'a"n\\n', machine: "desk" },
      ended: "2026-01-02T03:04:06.500Z",
    }),
  ).toBe(
    [
      "# HELP hypha_deployment_timestamp_seconds When the last deployment ended.",
      "# TYPE hypha_deployment_timestamp_seconds gauge",
      'hypha_deployment_timestamp_seconds{deployed="org/t",result="failed",commit="0123456789ab",by="a\\"n\\\\n"} 1767323046.5',
    ].join("\n"),
  );
});
