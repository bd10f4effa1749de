/**
 * Two people talk through the site with the Matrix client library, each with a session of their own. Reads
 * `{ site, alice, bob }` from standard input and prints what each of them read, as JSON. Run by `tsx`: the library
 * is an ES module.
 */
import * as fs from "fs";
import type { MatrixClient } from "matrix-js-sdk";
import { Site, siteRequest } from "../../../ops/lib/site";

interface Person {
  user: string;
  password: string;
}

interface Conversation {
  site: Site;
  alice: Person;
  bob: Person;
}

/** The library's transport: every request goes to the site's address and its certificate is verified. */
function fetchFrom(site: Site): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input.toString());
    const token = new Headers(init?.headers).get("Authorization")?.replace("Bearer ", "");
    const response = await siteRequest(site, url.pathname + url.search, {
      method: init?.method,
      body: typeof init?.body === "string" ? (JSON.parse(init.body) as unknown) : undefined,
      token,
      timeoutSeconds: 60,
    });
    return new Response(response.body, {
      status: response.status,
      headers: { "Content-Type": String(response.headers["content-type"] ?? "application/json") },
    });
  };
}

async function logIn(site: Site, person: Person): Promise<MatrixClient> {
  const sdk = await import("matrix-js-sdk");
  const fetchFn = fetchFrom(site);
  const session = await sdk.createClient({ baseUrl: site.url, fetchFn }).loginRequest({
    type: "m.login.password",
    identifier: { type: "m.id.user", user: person.user },
    password: person.password,
  });
  return sdk.createClient({
    baseUrl: site.url,
    fetchFn,
    userId: session.user_id,
    deviceId: session.device_id,
    accessToken: session.access_token,
  });
}

/** The texts of a room's messages, oldest first. */
async function read(client: MatrixClient, room: string): Promise<string[]> {
  const { Direction } = await import("matrix-js-sdk");
  const page = await client.createMessagesRequest(room, null, 50, Direction.Backward);
  return page.chunk
    .filter((event) => event.type === "m.room.message")
    .map((event) => String((event.content as { body?: unknown }).body))
    .reverse();
}

async function main(): Promise<void> {
  const conversation = JSON.parse(fs.readFileSync(0, "utf8")) as Conversation;
  const { site } = conversation;
  const alice = await logIn(site, conversation.alice);
  const bob = await logIn(site, conversation.bob);
  const bobsId = bob.getUserId() ?? "";
  const { room_id: room } = await alice.createRoom({ name: "Mycelium", invite: [bobsId] });
  await bob.joinRoom(room);
  await alice.sendTextMessage(room, "Hello from Alice 🍄");
  await bob.sendTextMessage(room, "Hello from Bob");
  const report = { room, alice: await read(alice, room), bob: await read(bob, room) };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
