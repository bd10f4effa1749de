import { bridgeAddress, pagesOf } from "../../ops/lib/observer";

test("the pages that a host runs are told by their services' names, of this stack alone", () => {
  const listed = [
    "aaa hypha-prod-prometheus.1.x7",
    "bbb hypha-prod-loki.1.k2",
    "ccc hypha-prod2-grafana.1.z9",
    "ddd hypha-prod-alertmanager.1.q3",
    "",
  ].join("\n");
  expect(pagesOf(listed, "prod")).toEqual({ prometheus: "aaa", loki: "bbb", alertmanager: "ddd" });
});

test("a container's address is the one on the bridge of its host", () => {
  const network = JSON.stringify([{ Containers: { aaa: { IPv4Address: "172.18.0.5/16" } } }]);
  expect(bridgeAddress(network, "aaa")).toBe("172.18.0.5");
  expect(bridgeAddress(network, "")).toBeUndefined();
});
