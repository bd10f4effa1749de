import { table } from "../components/shell/table";
import { Site, siteRequest, SiteResponse } from "./lib/site";
import { stackName, stackOutputs } from "./lib/stack";
import { parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: smoke [--json]
Asks the deployed site for what it must answer, through its edge, its certificate verified against the stack's
authority. Looks at what is said, not only at the status. STACK names the stack (default: the selected one).
Exit code 1 when anything is wrong.`;

interface Check {
  name: string;
  path: string;
  /** Sent as JSON by POST. @default none, by GET */
  body?: unknown;
  /** What is wrong with the answer, or undefined. */
  judge: (response: SiteResponse) => string | undefined;
}

function json(judge: (body: Record<string, unknown>) => boolean): Check["judge"] {
  return (response) => {
    if (response.status !== 200) {
      return `status ${response.status}, 200 was expected`;
    }
    try {
      return judge(JSON.parse(response.body) as Record<string, unknown>)
        ? undefined
        : `unexpected answer: ${response.body.slice(0, 200)}`;
    } catch {
      return `no JSON: ${response.body.slice(0, 200)}`;
    }
  };
}

const checks: Check[] = [
  {
    name: "frontend",
    path: "/",
    judge: ({ status, body }) =>
      status === 200 && /<html/i.test(body) ? undefined : `status ${status}, a page was expected`,
  },
  { name: "bridge", path: "/api/v1/bridge/status", judge: json((body) => "connected_servers" in body) },
  { name: "gateway", path: "/api/rooms/list", judge: json((body) => body["success"] === true) },
  {
    // The list of rooms is answered without the database; joining a room looks for it there.
    name: "database",
    path: "/api/rooms/join/hypha-smoke-test",
    body: { room_id: "hypha-smoke-test" },
    judge: json((body) => JSON.stringify(body).includes("Room not found")),
  },
  {
    name: "homeserver",
    path: "/_matrix/client/versions",
    judge: json((body) => Array.isArray(body["versions"])),
  },
  {
    name: "client discovery",
    path: "/.well-known/matrix/client",
    judge: json((body) => "m.homeserver" in body),
  },
];

interface Result {
  name: string;
  path: string;
  ok: boolean;
  milliseconds: number;
  problem?: string;
}

async function run(site: Site, check: Check): Promise<Result> {
  const { name, path, body } = check;
  try {
    const response = await siteRequest(site, path, { method: body === undefined ? "GET" : "POST", body });
    const problem = check.judge(response);
    return { name, path, ok: problem === undefined, milliseconds: response.milliseconds, problem };
  } catch (error) {
    return {
      name,
      path,
      ok: false,
      milliseconds: 0,
      problem: error instanceof Error ? error.message : String(error),
    };
  }
}

/** The site of a deployed stack, at each of its addresses. */
function deployedSites(stack: string): Site[] {
  const { url, siteAddresses, certificateAuthority } = stackOutputs(stack);
  if (url === undefined || siteAddresses === undefined || certificateAuthority === undefined) {
    throw new ToolError(
      `stack ${stack} has no site in its outputs: deploy it first (make up STACK=${stack})`,
    );
  }
  return siteAddresses.map((address) => ({ url, address, authority: certificateAuthority }));
}

runTool(usage, async (args) => {
  const { flags } = parseArguments(args, { flags: ["--json"] });
  const sites = deployedSites(stackName());
  const results = await Promise.all(
    sites.flatMap((site) =>
      checks.map(async (check) => ({ address: site.address, ...(await run(site, check)) })),
    ),
  );
  console.log(
    flags.has("--json")
      ? JSON.stringify({ site: sites[0]?.url, results }, undefined, 2)
      : table(
          results.map(({ address, name, path, ok, milliseconds, problem }) => [
            ok ? "ok" : "FAILED",
            sites.length > 1 ? `${name} at ${address}` : name,
            path,
            ok ? `${milliseconds} ms` : (problem ?? ""),
          ]),
        ),
  );
  return results.every(({ ok }) => ok) ? 0 : 1;
});
