import * as http from "http";
import * as tls from "tls";
import { Check, Outcome } from "./check";
import { Site, siteRequest, SiteRequest, SiteResponse } from "./site";

/** What is asked of a site, and what the answer must be. */
interface Question {
  name: string;
  category: Check["category"];
  path: string;
  request?: SiteRequest;
  expected: string;
  /** Whether the answer is as expected. */
  judge: (response: SiteResponse) => boolean;
  hint: string;
  covers: readonly string[];
}

const json = (judge: (body: Record<string, unknown>) => boolean) => (response: SiteResponse) => {
  try {
    return response.status === 200 && judge(JSON.parse(response.body) as Record<string, unknown>);
  } catch {
    return false;
  }
};
const post: SiteRequest = { method: "POST", body: {} };
const logs = (service: string) => `make status, and make logs SERVICE=${service}`;

/** What `make smoke` asks. */
export const smokeQuestions: readonly Question[] = [
  {
    name: "frontend",
    category: "services",
    path: "/",
    expected: "a page",
    judge: ({ status, body }) => status === 200 && /<html/i.test(body),
    hint: logs("frontend"),
    covers: ["web page"],
  },
  {
    name: "bridge",
    category: "services",
    path: "/api/v1/bridge/status",
    expected: "JSON with connected_servers",
    judge: json((body) => "connected_servers" in body),
    hint: logs("bridge"),
    covers: ["bridge status"],
  },
  {
    name: "gateway",
    category: "services",
    path: "/api/rooms/list",
    expected: "JSON with success: true",
    judge: json((body) => body["success"] === true),
    hint: logs("gateway"),
    covers: ["list of rooms"],
  },
  {
    // The list of rooms is answered without the database; joining a room looks for it there.
    name: "database",
    category: "services",
    path: "/api/rooms/join/hypha-smoke-test",
    request: { method: "POST", body: { room_id: "hypha-smoke-test" } },
    expected: "that the database knows no such room",
    judge: json((body) => JSON.stringify(body).includes("Room not found")),
    hint: logs("postgres"),
    covers: ["gateway's database"],
  },
  {
    name: "homeserver",
    category: "services",
    path: "/_matrix/client/versions",
    expected: "JSON with versions",
    judge: json((body) => Array.isArray(body["versions"])),
    hint: logs("homeserver"),
    covers: ["Matrix client API"],
  },
  {
    name: "client discovery",
    category: "services",
    path: "/.well-known/matrix/client",
    expected: "JSON with m.homeserver",
    judge: json((body) => "m.homeserver" in body),
    hint: logs("edge"),
    covers: ["client discovery"],
  },
];

const closed = (name: string, path: string, request: SiteRequest, statuses: number[]): Question => ({
  name,
  category: "network",
  path,
  request,
  expected: `refused with ${statuses.join(" or ")}`,
  judge: ({ status }) => statuses.includes(status),
  hint: "the edge lets through what it must not: make doctor FIX=1, then make up",
  covers: ["closed paths"],
});

/** What `make validate` asks besides. */
export const furtherQuestions: readonly Question[] = [
  {
    name: "server discovery",
    category: "services",
    path: "/.well-known/matrix/server",
    expected: "JSON with m.server",
    judge: json((body) => "m.server" in body),
    hint: logs("edge"),
    covers: ["server discovery"],
  },
  {
    name: "federation",
    category: "integration",
    path: "/_matrix/federation/v1/version",
    expected: "the homeserver's name and version",
    judge: json((body) => typeof (body["server"] as { version?: unknown } | undefined)?.version === "string"),
    hint: logs("homeserver"),
    covers: ["Matrix federation API"],
  },
  {
    name: "registration is closed",
    category: "integration",
    path: "/_matrix/client/v3/register",
    request: post,
    expected: "refused with 403",
    judge: ({ status }) => status === 403,
    hint: "registration must stay closed: make doctor FIX=1, then make up",
    covers: ["closed registration"],
  },
  closed("bridge's routes stay inside", "/api/v1/bridge/routes", {}, [404]),
  closed("bridge takes no orders", "/api/v1/bridge/status", post, [403]),
  closed("passwords go nowhere else", "/api/auth/login", post, [404]),
];

/** A question to a site as a check. */
export function siteCheck(site: Site, question: Question): Check {
  const { path, request, judge, ...about } = question;
  return {
    ...about,
    target: site.address,
    severity: "failure",
    run: async () => {
      const response = await siteRequest(site, path, request);
      const said = `${response.status} ${response.body.replace(/\s+/g, " ").slice(0, 120)}`;
      return judge(response)
        ? { detail: `${path}: ${response.status}` }
        : { detail: "", problem: `${path} answers ${said}` };
    },
  };
}

/** Days before its end that a certificate must be renewed by. */
export const certificateDays = 14;

/** The live certificate: of the stack's authority, for the site's name, and not about to expire. */
export function certificateCheck(site: Site): Check {
  const { hostname, port } = new URL(site.url);
  return {
    name: "certificate",
    category: "network",
    target: site.address,
    expected: `valid for ${hostname}, of the stack's authority`,
    threshold: `at least ${certificateDays} days left`,
    severity: "warning",
    hint: "make up renews it",
    covers: ["TLS"],
    run: () =>
      new Promise<Outcome>((resolve, reject) => {
        const options = {
          host: site.address,
          port: Number(port || 443),
          servername: hostname,
          ca: site.authority,
        };
        const socket = tls.connect({ ...options, timeout: 10_000 }, () => {
          const until = Date.parse(socket.getPeerCertificate().valid_to);
          socket.end();
          const days = Math.floor((until - Date.now()) / 86_400_000);
          const detail = `${days} days left`;
          resolve(days < certificateDays ? { detail, problem: detail } : { detail });
        });
        socket.on("timeout", () => socket.destroy(new Error("no answer within 10 s")));
        socket.on("error", reject);
      }).catch((error: unknown) => ({ detail: "", problem: String(error), severity: "failure" as const })),
  };
}

/** Plain HTTP sends to HTTPS, and serves nothing. */
export function redirectCheck(site: Site, httpPort: number): Check {
  return {
    name: "HTTP to HTTPS",
    category: "network",
    target: site.address,
    expected: `a redirection to ${site.url}`,
    severity: "failure",
    hint: logs("edge"),
    covers: ["HTTP redirection"],
    run: () =>
      new Promise<Outcome>((resolve, reject) => {
        const headers = { Host: new URL(site.url).hostname };
        const sent = http.get(
          { host: site.address, port: httpPort, headers, agent: false, timeout: 10_000 },
          (answer) => {
            answer.resume();
            const {
              statusCode = 0,
              headers: { location = "" },
            } = answer;
            const detail = `${statusCode} ${location}`;
            const right = [301, 302, 307, 308].includes(statusCode) && location.startsWith(site.url);
            resolve(right ? { detail } : { detail, problem: detail });
          },
        );
        sent.on("timeout", () => sent.destroy(new Error("no answer within 10 s")));
        sent.on("error", reject);
      }),
  };
}

/** The value below which a part of the values lies, by the nearest rank. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}

/** How fast a path answers, each request over a connection of its own. */
export function timesCheck(
  site: Site,
  path: string,
  limits: { requests: number; responseMilliseconds: number },
): Check {
  return {
    name: `response times of ${path}`,
    category: "performance",
    target: site.address,
    expected: "quick answers",
    threshold: `95 % of ${limits.requests} within ${limits.responseMilliseconds} ms`,
    severity: "warning",
    hint: "look at the load and memory above; hypha:validation.responseMilliseconds is the limit",
    covers: ["response times"],
    alone: true,
    run: async () => {
      const times: number[] = [];
      for (let request = 0; request < limits.requests; request++) {
        times.push((await siteRequest(site, path)).milliseconds);
      }
      const p95 = percentile(times, 0.95);
      const detail = `p50 ${percentile(times, 0.5)} ms, p95 ${p95} ms`;
      return p95 > limits.responseMilliseconds ? { detail, problem: detail } : { detail };
    },
  };
}
