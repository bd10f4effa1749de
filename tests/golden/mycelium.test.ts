import { defaultPeers } from "../../components/config/mycelium";
import { apiDirectories, apiProxyUnit, apiSocketUnit, nodeConfig, nodeUnit } from "../../components/mycelium/render";
import { expectGolden } from "../support/golden";

const rendered: Record<string, string> = {
  "mycelium.service": nodeUnit({ tun: true }),
  "mycelium-without-tun.service": nodeUnit({ tun: false }),
  "hypha-mycelium.conf": apiDirectories(),
  "hypha-mycelium-api.socket": apiSocketUnit(),
  "hypha-mycelium-api.service": apiProxyUnit(),
  "mycelium.toml": nodeConfig({ peers: defaultPeers, tun: true }),
  "mycelium-without-tun.toml": nodeConfig({ peers: ["tcp://[2001:db8::1]:9651"], tun: false }),
};

test("the Mycelium node's unit and configuration are what is committed", () => {
  expectGolden("mycelium", rendered);
});
