import { execFile } from "node:child_process";
import * as http from "node:http";
import { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { parseConfig } from "../../components/config/load";
import { projectFile } from "../components/fixtures";
import { runChecks } from "../../ops/lib/check";
import {
  hostChecks,
  judgeNode,
  judgePeers,
  judgeRouting,
  parseHostState,
} from "../../ops/lib/hostValidation";
import { answers } from "../../ops/lib/networkChecks";

describe("hosts", () => {
  const local = parseConfig({
    hosts: { local: { kind: "local" } },
    edge: { domain: "chat.localhost" },
    validation: { loadPerCpu: 1000, diskPercent: 100, memoryPercent: 100 },
  });
  let server: http.Server;
  let admin: object;
  let peers: object;
  beforeAll(async () => {
    server = http.createServer((request, response) => {
      response.end(JSON.stringify(request.url === "/api/v1/admin" ? admin : peers, undefined, 2));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => server.close());

  test("this machine says what it has in use, within limits and above them", async () => {
    const results = await runChecks(hostChecks(local, {}));
    expect(results.map(({ name, target, status }) => [name, target, status])).toEqual(
      ["disk", "inodes", "memory", "load"].map((name) => [name, "local", "ok"]),
    );
    expect(results[0]?.detail).toMatch(/^\d+ % in use$/);
    expect(results[3]?.detail).toMatch(/^\d+\.\d+ on \d+ CPUs$/);
    const tight = { ...local, validation: { ...local.validation, diskPercent: -1, loadPerCpu: -1 } };
    const warned = await runChecks(hostChecks(tight, {}));
    expect(warned.map(({ status }) => status)).toEqual(["warning", "warning", "ok", "warning"]);
  });

  test("a port that answers is told from one that does not", async () => {
    const { port } = server.address() as AddressInfo;
    expect(await answers("127.0.0.1", port)).toBe(true);
    expect(await answers("127.0.0.1", 1)).toBe(false);
  });

  test("lines without a value are none", () => {
    expect(parseHostState('a\t1\nnoise\nb\t\nadmin\t{"a":\t1}\n')).toEqual({
      a: "1",
      b: "",
      admin: '{"a":\t1}',
    });
  });

  test("Mycelium is judged by what its API says, and by who answers", async () => {
    const { port } = server.address() as AddressInfo;
    admin = { nodeSubnet: "400::/64" };
    peers = [{ connectionState: "alive" }, { connectionState: "dead" }];
    const env = { ...process.env, DATA: "/", API_PORT: String(port), PEERS: "" };
    const asked = promisify(execFile)("bash", ["-c", projectFile("ops", "lib/hostState.sh")], { env });
    const state = parseHostState((await asked).stdout);
    expect(judgeNode(state, "400::/64")).toEqual({ detail: "node of 400::/64" });
    expect(judgeNode(state, "401::/64").problem).toBe("its API answers for 400::/64");
    expect(judgeNode({ admin: "" }, "400::/64").problem).toBe("its API does not answer");
    expect(judgePeers(state)).toEqual({ detail: "1 of 2 peers connected" });
    expect(judgePeers({ peers: "[]" }).problem).toBe("0 of 0 peers connected");
    expect(judgePeers({ peers: "" }).problem).toBe("its API tells no peers");
    expect(judgeRouting({ "ping 400::1": "0% packet loss" })).toEqual({ detail: "1 nodes answer" });
    expect(judgeRouting({ "ping 400::1": "33% packet loss", "ping 401::1": "no answer" }).problem).toBe(
      "400::1: 33% packet loss; 401::1: no answer",
    );
  });
});
