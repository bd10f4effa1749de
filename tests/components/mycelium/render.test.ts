import {
  apiDirectories,
  apiProxyUnit,
  apiSocketUnit,
  nodeConfig,
  nodeUnit,
} from "../../../components/mycelium/render";

test("the order in which peers are written makes no difference", () => {
  const peers = ["tcp://192.0.2.2:9651", "quic://192.0.2.1:9651"];
  expect(nodeConfig({ peers, tun: true })).toBe(nodeConfig({ peers: [...peers].reverse(), tun: true }));
});

test("the API and the RPC are on loopback, whatever else is set", () => {
  for (const tun of [true, false]) {
    const lines = nodeConfig({ peers: [], tun }).split("\n");
    expect(lines.filter((line) => /addr/.test(line))).toEqual([
      'api_addr = "127.0.0.1:8989"',
      'jsonrpc_addr = "127.0.0.1:8990"',
    ]);
    expect(lines).toContain("peers = []");
  }
});

test("only a node with an interface may do anything to the network, or see the device", () => {
  const unit = (tun: boolean) => nodeUnit({ tun }).split("\n");
  expect(unit(true).filter((line) => /CAP_|tun/.test(line))).toEqual([
    "AmbientCapabilities=CAP_NET_ADMIN",
    "CapabilityBoundingSet=CAP_NET_ADMIN",
    "DeviceAllow=/dev/net/tun rw",
  ]);
  expect(unit(false).filter((line) => /CAP_|tun/.test(line))).toEqual([]);
  expect(unit(false)).toContain("CapabilityBoundingSet=");
  for (const tun of [true, false]) {
    expect(unit(tun)).toEqual(
      expect.arrayContaining(["User=mycelium", "Restart=on-failure", "After=network-online.target"]),
    );
  }
});

test("the API's socket is open to all who come to it, and only root comes into the directory above its own", () => {
  const [above, own] = apiDirectories().split("\n").slice(1);
  expect(above).toBe("d /run/hypha 0700 root root -");
  expect(own).toBe("d /run/hypha/mycelium 0755 root root -");
  const socket = apiSocketUnit().split("\n");
  expect(socket).toContain("ListenStream=/run/hypha/mycelium/api.sock");
  expect(socket).toContain("SocketMode=0666");
  // A directory of the unit's own would go with each stop, and the container would keep what is gone.
  expect(`${apiSocketUnit()}${apiProxyUnit()}`).not.toContain("RuntimeDirectory");
});

test("the proxy reaches loopback only, as nobody in particular", () => {
  expect(apiProxyUnit().split("\n")).toEqual(
    expect.arrayContaining([
      "ExecStart=/lib/systemd/systemd-socket-proxyd 127.0.0.1:8989",
      "DynamicUser=yes",
      "CapabilityBoundingSet=",
      "IPAddressDeny=any",
      "IPAddressAllow=localhost",
    ]),
  );
});
