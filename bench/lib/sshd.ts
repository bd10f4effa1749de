/** What one sshd saw of its clients. */
export interface SshdLoad {
  /** Logins it accepted. */
  connections: number;
  /** Commands and shells opened on them. */
  sessions: number;
  /** Connections and sessions that it refused because there were too many. */
  refused: number;
  /** The most of each at one time. */
  atOnce: { connections: number; notLoggedIn: number; sessions: number; sessionsOnOneConnection: number };
}

interface Connection {
  loggedIn: boolean;
  sessions: number;
}

const connected = /\bConnection from \S+ port (\d+) on /;
const accepted = /\bAccepted \S+ for \S+ from \S+ port (\d+)/;
const opened = /\bStarting session: .* port (\d+) id \d+/;
const closed = /\bClose session: .* port (\d+) id \d+/;
const gone =
  /\b(?:Disconnected from|Disconnecting|Connection closed by|Connection reset by|Closing connection to|Read error from remote host|Write error|Timeout, client not responding from|Timeout before authentication for).* port (\d+)/;
const refusal = /\bdrop connection #\d+ from |\bno more sessions\b/;

/** From the lines that sshd logs at LogLevel VERBOSE, oldest first. A connection is known by its client's port. */
export function sshdLoad(log: string): SshdLoad {
  const open = new Map<string, Connection>();
  const load: SshdLoad = {
    connections: 0,
    sessions: 0,
    refused: 0,
    atOnce: { connections: 0, notLoggedIn: 0, sessions: 0, sessionsOnOneConnection: 0 },
  };
  for (const line of log.split("\n")) {
    const port = (pattern: RegExp) => pattern.exec(line)?.[1];
    const own = (pattern: RegExp) => open.get(port(pattern) ?? "");
    const came = port(connected);
    if (came !== undefined) open.set(came, { loggedIn: false, sessions: 0 });
    const loggedIn = own(accepted);
    if (loggedIn !== undefined) {
      loggedIn.loggedIn = true;
      load.connections++;
    }
    const started = own(opened);
    if (started !== undefined) {
      started.sessions++;
      load.sessions++;
    }
    const ended = own(closed);
    if (ended !== undefined) ended.sessions--;
    const left = port(gone);
    if (left !== undefined) open.delete(left);
    if (refusal.test(line)) load.refused++;
    keepPeaks(load.atOnce, [...open.values()]);
  }
  return load;
}

function keepPeaks(atOnce: SshdLoad["atOnce"], open: readonly Connection[]): void {
  const sessions = open.map((connection) => connection.sessions);
  const most = (name: keyof typeof atOnce, value: number) => {
    atOnce[name] = Math.max(atOnce[name], value);
  };
  most("connections", open.length);
  most("notLoggedIn", open.filter(({ loggedIn }) => !loggedIn).length);
  most(
    "sessions",
    sessions.reduce((sum, count) => sum + count, 0),
  );
  most("sessionsOnOneConnection", Math.max(0, ...sessions));
}

/** Of several servers, the greatest of each figure. */
export function busiest(loads: readonly SshdLoad[]): SshdLoad {
  const most = (figure: (load: SshdLoad) => number) => Math.max(0, ...loads.map(figure));
  return {
    connections: most((load) => load.connections),
    sessions: most((load) => load.sessions),
    refused: most((load) => load.refused),
    atOnce: {
      connections: most((load) => load.atOnce.connections),
      notLoggedIn: most((load) => load.atOnce.notLoggedIn),
      sessions: most((load) => load.atOnce.sessions),
      sessionsOnOneConnection: most((load) => load.atOnce.sessionsOnOneConnection),
    },
  };
}
