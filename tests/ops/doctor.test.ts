import { spawnSync } from "node:child_process";
import { shellAssign } from "../../components/shell/quote";
import { Check, exitCode, formatReports, HostPlan, planChecks, reportHost } from "../../ops/lib/doctor";
import { checkInput, checkRunner, parseAnswers } from "../../ops/lib/facts";
import { toRepair } from "../../ops/lib/repair";
import { checkHost, sessionCommand } from "../../ops/lib/session";
import { liveResources, markDrifted, StackState, StateResource } from "../../ops/lib/state";

const secret = (text: string) => ({
  ["4dabf18193072939515e22adb298388d"]: "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(text),
});
/** As an export without --show-secrets has it. */
const sealed = {
  ["4dabf18193072939515e22adb298388d"]: "1b47061264138c4ac30d75fd1eb44270",
  ciphertext: "v1:abc",
};
const urn = (name: string) => `urn:pulumi:test::hypha::t$x::${name}`;
const script = (
  name: string,
  host: string,
  user?: string,
  change: Partial<StateResource> = {},
): StateResource => ({
  urn: urn(name),
  type: user === undefined ? "command:local:Command" : "command:remote:Command",
  inputs: {
    create:
      user === undefined || user === "root" || user === "muser" ? "bash -s -- up" : "sudo -n bash -s -- up",
    update: "bash -s -- up",
    stdin: `${shellAssign({ HOST_NAME: host })}case $1 in\n  check) echo ${name} ;;\nesac\n`,
    ...(user === undefined ? {} : { connection: { host: "192.0.2.1", port: 2222, user } }),
  },
  ...change,
});
const access = (host: string) => ({
  [host]: { dockerHost: "ssh://muser@192.0.2.1:2222", sshArgs: ["-o", "BatchMode=yes"] },
});
const state = (...resources: StateResource[]): StackState => ({ deployment: { resources } });

describe("what is read of a state", () => {
  test("secrets are opened wherever they stand; one that is not shown is nothing; what waits for its end is left out", () => {
    const [first, ...others] = liveResources(
      state(
        {
          urn: "a",
          type: "t",
          inputs: { list: [{ deep: secret("s") }], sealed },
        },
        { urn: "b", type: "t", delete: true },
      ),
    );
    expect(first?.inputs).toEqual({ list: [{ deep: "s" }], sealed: undefined });
    expect(others).toEqual([]);
  });
});

describe("the plan", () => {
  test("is one session for a host, through the login that sees most, for its scripts here and there", () => {
    const resources = [
      script("build", "web1"),
      script("cluster", "web1", "muser"),
      script("prepare", "web1", "admin"),
      script("other", "web2", "root"),
      { urn: "x", type: "random:index/randomId:RandomId" },
    ];
    const [plan, ...more] = planChecks(resources, access("web1"));
    expect(more).toEqual([]);
    expect(plan).toMatchObject({
      name: "web1",
      sshArgs: ["-o", "BatchMode=yes", "-p", "2222", "admin@192.0.2.1"],
      elevate: true,
    });
    expect(plan?.checks.map(({ name }) => name)).toEqual(["build", "cluster", "prepare"]);
    expect(plan && sessionCommand(plan)[1].slice(-2)).toEqual([
      "--",
      expect.stringMatching(/^'sudo' '-n' 'bash' '-c' 'while read /) as string,
    ]);
  });

  test("leaves out a script that does not know the verb: nobody knows what it would do", () => {
    const old = script("old", "web1", "root", {
      inputs: { stdin: `${shellAssign({ HOST_NAME: "web1" })}deploy\n` },
    });
    expect(planChecks([old], access("web1"))[0]?.checks).toEqual([]);
  });

  test("needs no sudo as root, and no SSH for this machine's engine", () => {
    expect(planChecks([script("prepare", "web1", "root")], access("web1"))[0]).toMatchObject({
      elevate: false,
    });
    const local = { local: { dockerHost: "unix:///var/run/docker.sock", sshArgs: [] } };
    const [plan] = planChecks([script("cluster", "local")], local);
    expect(plan && sessionCommand(plan)[0]).toBe("bash");
    // Never this machine in place of another.
    expect(planChecks([script("build", "web1")], access("web1"))[0]?.sshArgs?.at(-1)).toBe("muser@192.0.2.1");
  });

  test("has what Docker keeps on the engine of its own provider, with images as the engine lists them", () => {
    const provider = (name: string, host: string) => ({
      urn: urn(name),
      type: "pulumi:providers:docker",
      inputs: { host },
    });
    const thing = (kind: string, name: string, of: string, outputs = {}) => ({
      urn: urn(name),
      type: `docker:index/${kind}`,
      provider: `${urn(of)}::id`,
      outputs: { name, ...outputs },
    });
    const containerSpec = { image: "web:1@sha256:00" };
    const [plan] = planChecks(
      [
        provider("here", "ssh://muser@192.0.2.1:2222"),
        provider("there", "ssh://muser@192.0.2.2:2222"),
        thing("service:Service", "web", "here", { taskSpec: { containerSpec } }),
        thing("network:Network", "net", "here"),
        thing("volume:Volume", "data", "there"),
      ],
      access("web1"),
    );
    const text = plan?.checks[0]?.text ?? "";
    expect(text.slice(0, text.indexOf("#"))).toBe(
      "export HOST_NAME='web1'\nexport SERVICES='web web:1'\nexport NETWORKS='net'\nexport VOLUMES=''\n" +
        "export SECRETS=''\nexport CONFIGS=''\nexport LABELS=''\n",
    );
    expect(plan?.checks[0]?.repairedBy({ kind: "network", name: "net" })).toEqual([urn("net")]);
  });
});

describe("the plan of a fleet", () => {
  const node = (name: string, first: string, labels: string) => {
    const variables = { HOST_NAME: name, FIRST: first, LABEL_PREFIX: "hypha.t.", LABELS: labels };
    return script(`node-${name}`, name, undefined, {
      inputs: { create: "", stdin: `${shellAssign(variables)}  check) ;;\n` },
    });
  };
  const image = {
    create: "",
    stdin: `${shellAssign({ HOST_NAME: "m1", NODES: "m1\t-p\t22\nw1\t-p\t22" })}  check) ;;\n`,
  };
  const plans = planChecks(
    [
      node("m1", "yes", "hypha.t.data=true hypha.t.host=m1"),
      node("w1", "no", "hypha.t.host=w1"),
      script("image", "m1", undefined, { inputs: image }),
    ],
    { ...access("m1"), ...access("w1") },
  );

  test("checks a script that names several hosts on each of them", () => {
    expect(plans.map(({ checks }) => checks.map(({ name }) => name))).toEqual([
      ["node-m1", "image", "what Docker runs"],
      ["node-w1", "image"],
    ]);
  });

  test("asks the first manager for all nodes' labels, which their own scripts repair", () => {
    const check = plans[0]?.checks[2];
    expect(check?.text).toContain(
      "export LABELS='hypha.t.host=m1 hypha.t.data=true\nhypha.t.host=m1 hypha.t.host=m1\nhypha.t.host=w1 hypha.t.host=w1'\n",
    );
    expect(check?.repairedBy({ kind: "node label", name: "w1 hypha.t.host" })).toEqual([urn("node-w1")]);
  });
});

describe("a session", () => {
  const plan = (...texts: string[]): HostPlan => ({
    name: "web1",
    sshArgs: undefined,
    elevate: false,
    checks: texts.map((text, index): Check => ({ name: `s${index}`, text, repairedBy: () => [`u${index}`] })),
  });

  test("runs each script by itself with check, and tells what each says and how it ends", () => {
    const scripts = [
      `set -euo pipefail\nexport KEY='é'\nprintf 'ok\\t%s\\t%s\\n' "$1" "$KEY"\n`,
      'echo "KEY is ${KEY-gone}"; false\necho on >&2; exit 3',
      "set -e\nfalse\necho never",
      `printf 'drift\\tfile\\ta\\n|-x\\n|+y\\n'`,
    ];
    const { stdout } = spawnSync("bash", ["-c", checkRunner], {
      input: checkInput(scripts),
      encoding: "utf8",
    });
    expect(parseAnswers(stdout)).toEqual([
      { facts: [{ kind: "check", name: "é" }], code: 0, messages: [] },
      { facts: [], code: 3, messages: ["KEY is gone", "on"] },
      { facts: [], code: 1, messages: [] },
      { facts: [{ kind: "file", name: "a", diff: "-x\n+y\n" }], code: 0, messages: [] },
    ]);
  });

  test("has no script in an argument vector or a file", () => {
    const words = sessionCommand(plan("export KEY='hunter2'")).flat().join(" ");
    expect(words).not.toContain("hunter2");
    expect(checkRunner).not.toMatch(/<<|mktemp|tmp/);
  });

  test("that fails part of the way leaves what was told, and says what could not be", async () => {
    const report = await checkHost(plan("printf 'ok\\tfile\\ta\\n'", "echo no engine >&2; exit 1"));
    expect(report).toEqual({ name: "web1", compared: 1, drifted: [], problems: ["s1: no engine"] });
  });

  test("that cannot be opened is a problem of its host", async () => {
    const unreachable = {
      ...plan("true"),
      sshArgs: ["-o", "ConnectTimeout=1", "-F", "none", "-p", "1", "127.0.0.1"],
    };
    const { problems } = await checkHost(unreachable);
    expect(problems).toEqual([expect.stringContaining("refused")]);
  });

  test("that finds nothing to check says so: the stack is of an earlier version", async () => {
    expect((await checkHost(plan("true"))).problems).toEqual([expect.stringContaining("make up")]);
  });

  test("a thing that two scripts look at is told once, and both repair it", () => {
    const drift = { kind: "rules", name: "t", diff: "-a\n" };
    const answer = { facts: [drift], code: 0, messages: [] };
    expect(reportHost(plan("", ""), [answer, answer])).toEqual({
      name: "web1",
      compared: 1,
      drifted: [{ ...drift, repairedBy: ["u0", "u1"] }],
      problems: [],
    });
    const fine = { facts: [{ kind: "rules", name: "t" }], code: 0, messages: [] };
    expect(reportHost(plan("", ""), [answer, fine]).drifted).toEqual([{ ...drift, repairedBy: ["u0"] }]);
  });
});

describe("the report", () => {
  const clean = { name: "web1", compared: 3, drifted: [], problems: [] };
  const drift = { kind: "file", name: "/etc/a", diff: "-x\n+y\n", repairedBy: ["u"] };

  test("has a line for each host, and below it what differs and what could not be checked", () => {
    const reports = [
      clean,
      { ...clean, name: "web2", drifted: [drift] },
      { name: "web3", compared: 0, drifted: [], problems: ["ssh: refused\nbye"] },
    ];
    expect(formatReports(reports)).toBe(
      "web1: 3 things compared, none differs\n" +
        "web2: 3 things compared, 1 differ\n  file /etc/a\n    -x\n    +y\n" +
        "web3: 0 things compared, none differs\n  could not be checked: ssh: refused\n    bye",
    );
  });

  test("decides the exit code", () => {
    expect(exitCode([clean])).toBe(0);
    expect(exitCode([clean, { ...clean, drifted: [drift] }])).toBe(1);
    expect(
      exitCode([
        { ...clean, drifted: [drift] },
        { ...clean, problems: ["x"] },
      ]),
    ).toBe(2);
  });

  test("names for the repair the scripts to run again and the things of Docker to look at", () => {
    const report = {
      ...clean,
      drifted: [
        { ...drift, repairedBy: [urn("a"), "svc"] },
        { ...drift, repairedBy: [urn("a")] },
      ],
    };
    const all = state(script("a", "web1", "root"), { urn: "svc", type: "docker:index/service:Service" });
    expect(toRepair([report], all)).toEqual({ scripts: [urn("a")], docker: ["svc"] });
  });
});

describe("a marked state", () => {
  const before = state(
    script("a", "web1", "root", {
      outputs: { update: "bash -s -- up", stdin: sealed, delete: "bash -s -- down" },
    }),
    script("b", "web1", "root", { outputs: { update: "bash -s -- up" } }),
    script("a", "web1", "root", { delete: true }),
  );
  const marked = markDrifted(before, new Set([urn("a")]));

  test("differs in the update command of the drifted resources alone, which runs and means the same", () => {
    const [a, b, old] = marked.deployment.resources ?? [];
    const [was, ...others] = before.deployment.resources ?? [];
    expect(a).toEqual({
      ...was,
      inputs: { ...was?.inputs, update: "bash -s -- up # drift was found" },
      outputs: { ...was?.outputs, update: "bash -s -- up # drift was found" },
    });
    expect([b, old]).toEqual(others);
  });

  test("is the same when it is marked again, and leaves the one it was made of alone", () => {
    expect(markDrifted(marked, new Set([urn("a")]))).toEqual(marked);
    expect(JSON.stringify(before)).not.toContain("drift was found");
  });
});
