import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { projectFile } from "../components/fixtures";
import { facts, Run, Sandbox } from "./sandbox";

let box: Sandbox;
const good = 'HTTP/1.1 200 OK\\r\\n\\r\\n{"success":true}';
const bad = 'HTTP/1.1 500 Internal Server Error\\r\\n\\r\\n{"success":false}';
const variables = {
  WORKLOAD: "gateway",
  VARIABLE: "set_gateway",
  SET: "new:8080",
  EDGE: "hypha-test-edge",
  DIRECTORY: "/etc/hypha/edge/test",
  SITE: "chat.example.org",
  PROBE_PATH: "/api/rooms/list",
  PROBE_CONTENT: '"success": ?true',
  CANARY_PERCENT: "0",
  CANARY_SECONDS: "0",
  CONFIRM_SECONDS: "1",
  MAX_ERROR_PERCENT: "5",
  MAX_MILLISECONDS: "3000",
};
const file = "etc/hypha/edge/test/gateway.conf";
const all = (set: string, confirmed = set) =>
  `# Made by Hypha: changes here are lost.\n# confirmed ${confirmed}\nmap $remote_addr $set_gateway {\n  default ${set};\n}\n`;

/** A line of the edge's log; `own` is the probe. */
const line = (status: number, seconds: string, { set = "new:8080", own = false } = {}) =>
  `${own ? "127.0.0.1" : "192.0.2.1"} "GET /x?token=hidden HTTP/2.0" ${status} 9 ${seconds} 10.0.0.1:8080, 10.0.0.2:8080 ${set} 0123456789abcdef`;
const lines = (count: number, ...of: Parameters<typeof line>) => Array<string>(count).fill(line(...of));

interface Edge {
  container?: string;
  /** How the question after the set before ends: 2 where it is gone. */
  old?: number;
  /** To the probe. */
  answer?: string;
  /** The probe in the edge's log. */
  own?: string;
  /** Others in it, once there are some. */
  others?: string[];
  /** Whether Nginx refuses its files. */
  refuses?: boolean;
}

function edge(change: Edge = {}): void {
  const { container = "c1", old = 0, answer = good, others = [], refuses = false } = change;
  box.file("own", `${change.own ?? line(200, "0.001", { own: true })}\n`).file("others", others.join("\n"));
  box.stub(
    "docker",
    `case "$*" in
       ps*) echo '${container}' ;;
       *getent*) exit ${old} ;;
       *'nginx -t'*) cp ${box.root}/${file} ${box.root}/tried-$N; ${refuses ? "echo 'nginx: [emerg] no'; exit 1" : ":"} ;;
       *' ask '*) printf . >>${box.root}/asked; printf '${answer}' ;;
       logs*) printf . >>${box.root}/read; cat ${box.root}/own
         if [[ $(wc -c <${box.root}/read) == 2 ]]; then cat ${box.root}/others; fi ;;
     esac`,
  );
}

function rollout(change: Partial<typeof variables> = {}, verb: "up" | "check" | "down" = "up"): Run {
  const text = projectFile("components", "edge", "scripts", "rollout.sh").replace(
    "PATIENCE=15",
    "PATIENCE=0",
  );
  const given = { ...variables, DIRECTORY: `${box.root}${variables.DIRECTORY}`, ...change };
  return box.bash(text, given, verb, ["edge/scripts/judge.sh"]);
}

/** The texts that Nginx was shown, in order. */
const tried = () =>
  box
    .entries("")
    .filter((name) => name.startsWith("tried-"))
    .sort((a, b) => Number(a.slice(6)) - Number(b.slice(6)))
    .map((name) => box.read(name));
const reloads = () => box.calls().filter((call) => call === "docker kill --signal HUP c1").length;

beforeEach(() => {
  box = new Sandbox();
  for (const name of ["flock", "install", "rm", "rmdir"]) box.real(name);
  // Each look at the clock is seconds after the last.
  box.stub("date", "echo $((1700000000 + 5 * N))");
  box.stub("id", "echo root");
  edge();
});
afterEach(() => {
  box.remove();
});

describe("with nothing to compare", () => {
  test("a first deployment writes the file and asks nobody", () => {
    edge({ container: "" });
    expect(rollout()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(box.read(file)).toBe(all("new:8080"));
    expect(box.calls().filter((call) => call.startsWith("docker exec"))).toEqual([]);
  });

  test("the same set again changes nothing", () => {
    box.file(file, all("new:8080"));
    expect(rollout()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect([tried(), reloads()]).toEqual([[], 0]);
  });

  test("a file that Nginx refuses is not left there", () => {
    box.file(file, all("old:8080"));
    edge({ old: 2, refuses: true });
    expect(rollout().code).toBe(1);
    expect([box.read(file), reloads()]).toEqual([all("old:8080"), 0]);
  });

  test("a set before that is gone is not waited for", () => {
    box.file(file, all("old:8080"));
    edge({ old: 2 });
    expect(rollout()).toEqual({
      ...{ code: 0, stdout: "" },
      stderr: "web1: old is gone: all requests of gateway go to new at once\n",
    });
    expect(box.read(file)).toBe(all("new:8080"));
    expect(reloads()).toBe(1);
  });
});

test("where the edge cannot be asked for the set before, nothing is changed", () => {
  box.file(file, all("old:8080"));
  edge({ old: 1 });
  expect(rollout().stderr).toContain("web1: the edge's container cannot be asked for old\n");
  expect([box.read(file), reloads()]).toEqual([all("old:8080"), 0]);
});

describe("a new set beside the old one", () => {
  beforeEach(() => {
    box.file(file, all("old:8080"));
  });

  test("blue-green: asked through the edge first, then given all requests, confirmed without another reload", () => {
    expect(rollout()).toEqual({
      ...{ code: 0, stdout: "" },
      stderr: "web1: gateway: new with all requests, for 1 s\nweb1: gateway: 0 requests, nothing wrong\n",
    });
    expect(tried()).toEqual([
      all("", "old:8080").replace("  default ;", "  127.0.0.1 new:8080;\n  default old:8080;"),
      all("new:8080", "old:8080"),
    ]);
    expect(reloads()).toBe(2);
    expect(box.read(file)).toBe(all("new:8080"));
    expect(box.read("asked").length).toBeGreaterThan(3);
  });

  test("canary: between the two its share of the clients, by address and program", () => {
    expect(rollout({ CANARY_PERCENT: "10", CANARY_SECONDS: "1" }).code).toBe(0);
    expect(tried()).toHaveLength(3);
    expect(tried()[1]).toBe(
      "# Made by Hypha: changes here are lost.\n# confirmed old:8080\n" +
        "split_clients $remote_addr$http_user_agent $share_set_gateway {\n  10% new:8080;\n  * old:8080;\n}\n" +
        "map $remote_addr $set_gateway {\n  127.0.0.1 new:8080;\n  default $share_set_gateway;\n}\n",
    );
  });

  test("that answers wrongly is refused before anyone is sent to it, with what it said", () => {
    edge({ answer: bad });
    const { code, stderr } = rollout();
    expect(code).toBe(1);
    expect(stderr).toBe(
      "web1: gateway: the new set new was refused before it was given requests: /api/rooms/list is answered with " +
        'HTTP/1.1 500 Internal Server Error, {"success":false}; all requests are with old again\n' +
        "web1: what to do: look at its log (make logs SERVICE=new) and deploy what is right: a refused set goes when the next is confirmed\n",
    );
    expect(box.read(file)).toBe(all("old:8080"));
    expect(reloads()).toBe(2);
  });

  test("with the right status and another content is refused, too", () => {
    edge({ answer: 'HTTP/1.1 200 OK\\r\\n\\r\\n{"success":false}' });
    expect(rollout().stderr).toContain('is answered with HTTP/1.1 200 OK, {"success":false}; all');
  });

  test("that gets no requests, whatever the configuration says, is refused", () => {
    edge({ own: line(200, "0.001", { own: true, set: "old:8080" }) });
    expect(rollout().stderr).toContain(
      "refused before it was given requests: the edge does not send requests to it",
    );
  });

  test("that begins to answer wrongly with all requests is refused, and the old one is back", () => {
    box.stub("sleep", `cp ${box.root}/later ${join(box.root, "bin", "docker")}`);
    edge({ answer: bad });
    box.file("later", box.read("bin/docker"));
    edge();
    const { code, stderr } = rollout({ CONFIRM_SECONDS: "20" });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(
        "was refused with all requests: /api/rooms/list is answered with HTTP/1.1 500 Internal Server Error, " +
          '{"success":false}, twice in a row; all requests are with old again',
      ),
    ]);
    expect(box.read(file)).toBe(all("old:8080"));
  });

  test.each([
    [
      "errors",
      [...lines(18, 200, "0.010"), ...lines(2, 502, "0.010")],
      /with all requests: (\d+) of \d+ requests ended with 500 or above, and 5 % may; all requests are with old again/,
    ],
    [
      "slow answers",
      [...lines(18, 200, "0.010"), ...lines(2, 200, "3.001")],
      /95 % of \d+ requests took up to 3001 ms, and 3000 ms is the limit/,
    ],
  ])("is refused for %s of others' requests", (_, log, reason) => {
    edge({ others: log });
    const { code, stderr } = rollout({ CONFIRM_SECONDS: "20" });
    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
    expect(stderr).not.toContain("hidden");
    expect(box.read(file)).toBe(all("old:8080"));
  });

  test("shows the last bad answers without what stood in the query", () => {
    edge({ others: lines(12, 503, "0.010") });
    expect(rollout({ CONFIRM_SECONDS: "20" }).stderr).toContain(
      "its last bad answers (status, seconds, request):\n503 0.010 GET /x?... HTTP/2.0\n",
    );
  });

  test.each([
    ["few", lines(4, 500, "0.010")],
    ["of the old set", lines(40, 500, "0.010", { set: "old:8080" })],
    ["of the probe itself", lines(40, 500, "0.010", { own: true })],
    ["as many as may", [...lines(95, 200, "0.010"), ...lines(5, 500, "0.010")]],
    ["another protocol", [...lines(20, 101, "60.000"), ...lines(20, 200, "0.010")]],
  ])("is not refused for requests that are %s", (_, log) => {
    edge({ others: log });
    expect(rollout().code).toBe(0);
  });

  test("is not tried where Nginx refuses the file: the file of before is back, and nothing is read anew", () => {
    edge({ refuses: true });
    const { code, stderr } = rollout();
    expect(code).toBe(1);
    expect(stderr).toContain(
      "web1: the edge refuses what says where requests of gateway go: nginx: [emerg] no",
    );
    expect(box.read(file)).toBe(all("old:8080"));
    expect(reloads()).toBe(0);
  });

  test("loses its requests when the deployment is cut off", () => {
    box.stub("sleep", "kill -TERM $PPID");
    const { code, stderr } = rollout({ CONFIRM_SECONDS: "60" });
    expect(code).not.toBe(0);
    expect(stderr).toContain("web1: gateway: cut off with all requests; all requests are with old again");
    expect(box.read(file)).toBe(all("old:8080"));
  });

  test("after an earlier one that was cut off unconfirmed is compared with the confirmed one", () => {
    box.file(file, all("unconfirmed:8080", "old:8080"));
    edge({ answer: bad });
    expect(rollout().stderr).toContain("all requests are with old again");
    expect(box.read(file)).toBe(all("old:8080"));
  });
});

test("check tells a file that is another, or is missing", () => {
  expect(rollout().code).toBe(0);
  const name = `file /etc/hypha/edge/test/gateway.conf`;
  expect(facts(rollout({}, "check"))[name]).toBe("ok");
  box.file(file, all("other:8080"));
  expect(facts(rollout({}, "check"))[name]).toContain("-  default other:8080;\n+  default new:8080;");
});

test("down removes the file, and the directory with the last one", () => {
  rollout();
  box.file("etc/hypha/edge/test/bridge.conf", "another's");
  expect(rollout({}, "down").code).toBe(0);
  expect(box.entries("etc/hypha/edge/test")).toEqual(["bridge.conf"]);
  rollout({ WORKLOAD: "bridge" }, "down");
  expect(box.has("etc/hypha/edge")).toBe(false);
});

const nginx = spawnSync("nginx", ["-v"]).error === undefined;
(nginx ? test : test.skip)("Nginx takes each text", () => {
  box.file(file, all("old:8080"));
  rollout({ CANARY_PERCENT: "10", CANARY_SECONDS: "0" });
  for (const text of tried()) {
    box.file(
      "nginx.conf",
      `pid ${box.root}/pid;\nerror_log stderr;\nevents {}\nhttp { access_log off;\n${text}}\n`,
    );
    const said = spawnSync("nginx", ["-t", "-c", join(box.root, "nginx.conf")], { encoding: "utf8" });
    expect(said.status === 0 ? "" : said.stderr).toBe("");
  }
  expect(tried()).toHaveLength(3);
});
