import { groups } from "../../components/observability/rules/groups";
import { rounds, undriven } from "../alarms/support/rounds";
import { stack } from "../e2e/support/observed";

afterAll(() => {
  stack.remove();
});

test("each alert is set off by a real fault of the story, or has a reason why not", () => {
  const settings = {
    ...{ jobs: ["node" as const], edgeConnections: 1, postgresConnections: 1 },
    ...{ bridgeUsesMycelium: true, runbooks: "" },
  };
  const all = Object.values(groups(settings)).flatMap(({ alerts }) => Object.keys(alerts));
  const site = { url: "", address: "", authority: "" };
  const driven = Object.values(rounds).flatMap((faultsOf) =>
    faultsOf(site).flatMap(({ alerts }) => Object.keys(alerts)),
  );
  expect([...driven, ...Object.keys(undriven)].sort()).toEqual(all.sort());
});
