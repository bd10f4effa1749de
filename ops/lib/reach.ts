import { connect } from "node:net";
import type { StackConfig } from "../../components/config/schema";

/** Whether a host can be spoken to from here. */
export interface Reach {
  host: string;
  /** Why it cannot, in one line; absent where it can. */
  problem?: string;
}

/** Long enough for two lost packets and a busy server, short enough to be waited for. */
const patienceSeconds = 10;

/**
 * Knocks at the SSH port of every server at once: it has to take the connection and to name itself, as sshd does before
 * anything else. Nobody logs in. The local engine's machine is this one, and always there.
 */
export function reach(
  hosts: Readonly<StackConfig["hosts"]>,
  seconds: number = patienceSeconds,
): Promise<Reach[]> {
  return Promise.all(
    Object.entries(hosts).map(async ([host, config]) => {
      const problem = config.kind === "vps" ? await knock(config.address, config.port, seconds) : undefined;
      return problem === undefined ? { host } : { host, problem };
    }),
  );
}

const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused: no sshd listens there, or a firewall rejects it",
  EHOSTUNREACH: "no route: it is off, or the network between is cut",
  ENETUNREACH: "no route: the network between is cut, or this machine has no address of that kind",
  ENOTFOUND: "DNS knows no such name",
  EAI_AGAIN: "no DNS server answers",
};

/** Why no SSH server answers at an address within some seconds; undefined where one does. */
export function knock(
  address: string,
  port: number,
  seconds: number = patienceSeconds,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    let connected = false;
    let heard = "";
    const done = (what?: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(what === undefined ? undefined : `${address} port ${port}: ${what}`);
    };
    const timer = setTimeout(() => {
      done(
        connected
          ? `connected, and no word from sshd for ${seconds} s: the server hangs, or has too many logins under way`
          : `no answer for ${seconds} s: it is off, or a firewall drops the connection`,
      );
    }, seconds * 1000);
    socket.on("connect", () => {
      connected = true;
    });
    // A server may say other lines before it names itself (RFC 4253).
    socket.setEncoding("latin1").on("data", (text: string) => {
      heard = (heard + text).slice(0, 8192);
      if (/^SSH-/m.test(heard)) done();
      else if (heard.length === 8192) done("what answers is no SSH server");
    });
    socket.on("end", () => {
      done(
        heard === ""
          ? "connected, and hung up on at once: sshd is overloaded, or bans this address"
          : "what answers is no SSH server",
      );
    });
    socket.on("error", ({ message, code = "" }: NodeJS.ErrnoException) => {
      done(meanings[code] ?? message);
    });
  });
}

/** A line for each host that does not answer. */
export function formatUnreachable(reached: readonly Reach[]): string {
  return reached
    .flatMap(({ host, problem }) => (problem === undefined ? [] : [`${host}: ${problem}`]))
    .join("\n");
}
