import { randomUUID } from "crypto";
import { Site, siteRequest } from "../../../ops/lib/site";

type Body = Record<string, unknown>;

/** A Matrix message of the administrator's in a room of its own, to be found again later. */
export class KeptMessage {
  private constructor(
    private readonly site: Site,
    private readonly token: string,
    private readonly event: string,
    private readonly text: string,
  ) {}

  static async write(site: Site, password: string): Promise<KeptMessage> {
    const call = async (path: string, body: Body, token?: string, method = "POST"): Promise<Body> => {
      const options = { method, body, ...(token === undefined ? {} : { token }) };
      const answer = await siteRequest(site, `/_matrix/client/v3/${path}`, options);
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status}: ${answer.body.slice(0, 200)}`);
      return JSON.parse(answer.body) as Body;
    };
    const identifier = { type: "m.id.user", user: "admin" };
    const login = await call("login", { type: "m.login.password", identifier, password });
    const token = String(login["access_token"]);
    const { room_id: room } = await call("createRoom", { preset: "private_chat" }, token);
    const text = `written before all faults ${randomUUID()}`;
    const path = `rooms/${encodeURIComponent(String(room))}`;
    const message = { msgtype: "m.text", body: text };
    const sent = await call(`${path}/send/m.room.message/1`, message, token, "PUT");
    return new KeptMessage(
      site,
      token,
      `${path}/event/${encodeURIComponent(String(sent["event_id"]))}`,
      text,
    );
  }

  /** What is wrong with it; undefined where it is read as it was written. */
  async problem(): Promise<string | undefined> {
    const answer = await siteRequest(this.site, `/_matrix/client/v3/${this.event}`, { token: this.token });
    return answer.status === 200 && answer.body.includes(this.text)
      ? undefined
      : `the message is not there: ${answer.status} ${answer.body.slice(0, 200)}`;
  }
}
