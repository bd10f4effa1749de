import { createHmac, randomUUID } from "crypto";
import { Check, Outcome } from "./check";
import { containerOf } from "./services";
import { Site, siteRequest, SiteRequest } from "./site";
import { docker, StackHost } from "./stack";

/** The account that a validation logs in with. */
export interface ValidationUser {
  name: string;
  password: string;
}

/**
 * Name and password follow from the administrator's password, so neither is kept anywhere; with another such password,
 * as a stack has that was made anew over its old data, it is another account. It has no rights, and nobody else its password.
 */
export function validationUser(adminPassword: string): ValidationUser {
  const derived = (use: string) =>
    createHmac("sha256", adminPassword).update(`hypha validation ${use}`).digest("hex");
  return { name: `hypha-validation-${derived("name").slice(0, 8)}`, password: derived("password") };
}

/** Makes the account, by the homeserver's own tool; the password goes on standard input. */
function register(hosts: readonly StackHost[], stack: string, { name, password }: ValidationUser): void {
  const { host, container } = containerOf(hosts, `hypha-${stack}-homeserver`);
  const tool = ["register_new_matrix_user", "--config", "/etc/synapse/homeserver.yaml", "--user", name];
  const words = [...tool, "--no-admin", "--password-file", "/dev/stdin", "http://127.0.0.1:8008"];
  docker(host, ["exec", "--interactive", container, ...words], `${password}\n`);
}

type Body = Record<string, unknown>;

async function call(site: Site, path: string, request: SiteRequest): Promise<{ status: number; body: Body }> {
  const response = await siteRequest(site, `/_matrix/client/v3/${path}`, {
    method: "POST",
    body: {},
    ...request,
  });
  try {
    return { status: response.status, body: JSON.parse(response.body) as Body };
  } catch {
    return { status: response.status, body: {} };
  }
}

function must({ status, body }: { status: number; body: Body }, field: string, what: string): string {
  const value = body[field];
  if (status !== 200 || typeof value !== "string") {
    // An answer that went well holds tokens; a refusal says why.
    const why = status === 200 ? `${field} is missing` : JSON.stringify(body).slice(0, 200);
    throw new Error(`${what}: ${status}: ${why}`);
  }
  return value;
}

const logIn = (site: Site, { name: user, password }: ValidationUser) =>
  call(site, "login", {
    body: {
      type: "m.login.password",
      identifier: { type: "m.id.user", user },
      password,
      device_id: "hypha-validation",
    },
  });

/** Writes a message into a room of its own and reads it back; leaves nothing but the empty room behind. */
async function converse(site: Site, token: string): Promise<Outcome> {
  const text = `validated ${randomUUID()}`;
  const created = await call(site, "createRoom", {
    token,
    body: { preset: "private_chat", name: "validation" },
  });
  const room = must(created, "room_id", "no room is made");
  const path = `rooms/${encodeURIComponent(room)}`;
  try {
    const message = { msgtype: "m.text", body: text };
    const put = { method: "PUT", token, body: message };
    must(
      await call(site, `${path}/send/m.room.message/${randomUUID()}`, put),
      "event_id",
      "no message is taken",
    );
    const { body } = await call(site, `${path}/messages?dir=b&limit=10`, {
      method: "GET",
      token,
      body: undefined,
    });
    const texts = ((body["chunk"] ?? []) as { content?: { body?: unknown } }[]).map(
      ({ content }) => content?.body,
    );
    return texts.includes(text)
      ? { detail: "a message was written and read back" }
      : { detail: "", problem: "the message that was taken is not in its room" };
  } finally {
    await call(site, `${path}/leave`, { token });
    await call(site, `${path}/forget`, { token });
  }
}

/** Somebody logs in through the edge, writes and reads: homeserver, its database and the way there at once. */
export function matrixCheck(
  stack: string,
  site: Site,
  hosts: readonly StackHost[],
  { adminPassword, serverName }: { adminPassword: string; serverName: string },
): Check {
  return {
    name: "Matrix message",
    category: "integration",
    target: site.address,
    expected: "an account logs in, writes a message and reads it back",
    severity: "failure",
    hint: "make status, and make logs SERVICE=homeserver",
    covers: ["accounts", "login", "rooms and messages", "homeserver's database"],
    alone: true,
    run: async () => {
      const user = validationUser(adminPassword);
      // Anybody may ask for a profile; a login that is refused would count among the few that are allowed in a row.
      const id = encodeURIComponent(`@${user.name}:${serverName}`);
      const profile = await call(site, `profile/${id}`, { method: "GET", body: undefined });
      if (profile.status === 404) {
        register(hosts, stack, user);
      }
      let login = await logIn(site, user);
      if (login.status === 403) {
        register(hosts, stack, user);
        login = await logIn(site, user);
      }
      if (login.status === 429) {
        const problem =
          "not tried: the homeserver allows so many logins only, and there were as many just now";
        return { detail: "", problem, severity: "warning" };
      }
      const token = must(login, "access_token", "the login is refused");
      try {
        return await converse(site, token);
      } finally {
        await call(site, "logout", { token });
      }
    },
  };
}
