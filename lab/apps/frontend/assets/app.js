// The developer's addresses, as the real frontend has them: the image's build puts the page's origin here.
const GATEWAY = "http://localhost:8080";
const BRIDGE = "http://localhost:8081";

const checks = [
  {
    name: "Matrix bridge",
    url: new URL("/api/v1/bridge/status", BRIDGE),
    ok: (body) => Number.isInteger(body.connected_servers),
    text: (body) =>
      `${body.connected_servers} servers, Mycelium ${body.mycelium_connected ? "connected" : "not connected"}`,
  },
  {
    name: "Rooms",
    url: new URL("/api/rooms/list", GATEWAY),
    ok: (body) => body.success === true,
    text: (body) => `${body.data.rooms.length} rooms`,
  },
  {
    name: "Matrix homeserver",
    url: new URL("/_matrix/client/versions", GATEWAY),
    ok: (body) => Array.isArray(body.versions),
    text: (body) => `up to ${body.versions.at(-1)}`,
  },
];

async function run(check, item) {
  try {
    const reply = await fetch(check.url);
    const body = await reply.json();
    if (!reply.ok || !check.ok(body)) throw new Error(`answered ${reply.status}`);
    item.dataset.state = "ok";
    item.textContent = `${check.name}: ok (${check.text(body)})`;
  } catch (error) {
    item.dataset.state = "failed";
    item.textContent = `${check.name}: failed (${error.message})`;
  }
}

const list = document.getElementById("checks");
await Promise.all(
  checks.map((check) => {
    const item = document.createElement("li");
    item.textContent = `${check.name}: …`;
    list.append(item);
    return run(check, item);
  }),
);
list.dataset.done = "true";
