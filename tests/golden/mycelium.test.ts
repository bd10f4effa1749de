import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultPeers } from "../../components/config/mycelium";
import { apiDirectories, apiProxyUnit, apiSocketUnit, nodeConfig, nodeUnit } from "../../components/mycelium/render";

const directory = join(__dirname, "files", "mycelium");
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
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(directory, { recursive: true });
    Object.entries(rendered).forEach(([file, text]) => {
      writeFileSync(join(directory, file), text);
    });
  }
  expect(readdirSync(directory).sort()).toEqual(Object.keys(rendered).sort());
  for (const [file, text] of Object.entries(rendered)) {
    expect(text).toBe(readFileSync(join(directory, file), "utf8"));
  }
});
