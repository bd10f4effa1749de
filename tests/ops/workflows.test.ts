import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { projectFile, root } from "../components/fixtures";
import { Job, workflow, workflowNames, WorkflowStep, workflowText } from "../support/workflows";

const jobs: [string, Job][] = workflowNames.flatMap((file) =>
  Object.entries(workflow(file).jobs).map(([name, job]): [string, Job] => [`${file} ${name}`, job]),
);
const ownJobs = jobs.filter(([, { uses }]) => uses === undefined);
const steps: [string, WorkflowStep][] = ownJobs.flatMap(([name, { steps: own = [] }]) =>
  own.map((step, index): [string, WorkflowStep] => [`${name} step ${index + 1}`, step]),
);
const runs = steps.flatMap(([name, { run }]): [string, string][] => (run === undefined ? [] : [[name, run]]));
const makeTargets = new Set([...projectFile("Makefile").matchAll(/^([a-z-]+):/gm)].map(([, name]) => name));

test("the workflows that the documentation names are there", () => {
  expect(workflowNames).toEqual(["check.yml", "deploy.yml", "drift.yml", "rollback.yml", "test.yml"]);
});

test.each(steps.filter(([, { uses }]) => uses !== undefined))(
  "%s: a GitHub action of GitHub's own, pinned by its commit",
  (_, { uses = "" }) => {
    expect(uses).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
  },
);

test("each pin tells its version beside it, and one action has one pin", () => {
  const lines = workflowNames.flatMap((file) => workflowText(file).match(/^.*uses: actions\/.*$/gm) ?? []);
  const pins = lines.map((line) => /uses: (actions\/[a-z-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$/.exec(line));
  expect(pins.length).toBeGreaterThan(0);
  expect(pins).not.toContain(null);
  const of = new Map<string, Set<string>>();
  for (const [, action = "", commit = "", version = ""] of pins.map((pin) => pin ?? [])) {
    of.set(action, (of.get(action) ?? new Set()).add(`${commit} ${version}`));
  }
  expect([...of.values()].filter((versions) => versions.size !== 1)).toEqual([]);
});

test.each(workflowNames)("%s: the token may do nothing but what a job asks for", (file) => {
  expect(workflow(file).permissions).toEqual({});
});

test.each(jobs)(
  "%s: says what its token may do, and no more than it needs",
  (_, { permissions, steps: own = [] }) => {
    const { contents, ...rest } = permissions ?? {};
    expect(contents).toBe("read");
    const scripts = own.map(({ run }) => run ?? "").join("\n");
    const expected = {
      ...(/with-stack/.test(scripts) ? { "id-token": "write" } : {}),
      ...(/\/comment\.sh/.test(scripts) ? { "pull-requests": "write" } : {}),
      ...(/\/drift-issue\.sh/.test(scripts) ? { issues: "write" } : {}),
    };
    expect(rest).toEqual(expected);
  },
);

test.each(ownJobs)("%s: has a time limit, and a runner that can be chosen", (_, job) => {
  expect(job["timeout-minutes"]).toBeGreaterThan(0);
  expect(job["timeout-minutes"]).toBeLessThanOrEqual(90);
  expect(job["runs-on"]).toBe("${{ vars.HYPHA_RUNNER || 'ubuntu-24.04' }}");
});

test("what deploys waits for others on the same stack, is never cancelled by them, and needs an approval", () => {
  const deploying = ownJobs.filter(([, { steps: own = [] }]) =>
    own.some(({ run }) => run?.includes("ops/ci/deploy.sh")),
  );
  expect(deploying.map(([name]) => name)).toEqual(["deploy.yml deploy", "rollback.yml rollback"]);
  for (const [, { concurrency, environment }] of deploying) {
    expect(concurrency?.group).toMatch(/^hypha-\$\{\{ (inputs\.stack \|\| )?vars\.HYPHA_STACK \}\}$/);
    expect(concurrency?.["cancel-in-progress"]).toBe(false);
    expect(environment).toBe("production");
  }
});

test("nothing is deployed before the tests have passed, and only from main", () => {
  const { on, jobs: own } = workflow("deploy.yml");
  expect(on["push"]).toEqual({ branches: ["main"] });
  expect(own["deploy"]?.needs).toBe("test");
  expect(own["test"]?.uses).toBe("./.github/workflows/test.yml");
  expect(Object.keys(on).sort()).toEqual(["push", "workflow_dispatch"]);
});

test("a pull request is never one that runs with the rights of its target", () => {
  for (const file of workflowNames) {
    expect(Object.keys(workflow(file).on)).not.toContain("pull_request_target");
    expect(Object.keys(workflow(file).on)).not.toContain("workflow_run");
  }
});

test("a job that has secrets is not one of a fork's pull request", () => {
  for (const [name, { steps: own = [], if: condition = "" }] of ownJobs) {
    if (
      name.startsWith("check.yml") &&
      own.some(({ env = {} }) => JSON.stringify(env).includes("secrets."))
    ) {
      expect(name).toBe("check.yml preview");
      expect(condition).toContain("github.event.pull_request.head.repo.full_name == github.repository");
    }
  }
});

test.each(runs)(
  "%s: calls scripts and make targets that are there, and nothing is spliced into it",
  (_, run) => {
    expect(run).not.toContain("${{");
    const [command, ...words] = run
      .trim()
      .replace(/^exec /, "")
      .split(/\s+/);
    expect(run.trim().split("\n")).toHaveLength(1);
    for (const script of [command, ...words].filter((word) => word?.includes("/")) as string[]) {
      accessSync(join(root, script), constants.X_OK);
    }
    if (command === "make") {
      expect(makeTargets).toContain(words[0]);
    }
    expect(command === "make" || command?.startsWith("ops/")).toBe(true);
  },
);

test("who works on the stack takes the step's process, so that a cancelled job reaches it", () => {
  const onStack = runs.filter(([, run]) => run.includes("with-stack.sh"));
  expect(onStack.length).toBeGreaterThan(3);
  expect(onStack.filter(([, run]) => !run.startsWith("exec ops/ci/with-stack.sh ops/ci/"))).toEqual([]);
});

test("secrets are given to the one step that needs them, by environment, under their own names", () => {
  for (const [name, { run, env = {}, uses, with: inputs }] of steps) {
    const given = Object.entries(env).filter(([, value]) => value.includes("secrets."));
    if (run?.includes("with-stack.sh") !== true) {
      expect(`${name} ${given.length}`).toBe(`${name} 0`);
    }
    for (const [variable, value] of given) {
      expect(value).toBe(`\${{ secrets.${variable} }}`);
    }
    expect(`${uses ?? ""} ${JSON.stringify(inputs ?? {})}`).not.toContain("secrets.");
  }
  for (const [, job] of jobs) {
    expect("secrets" in job || "env" in job).toBe(false);
  }
  for (const file of workflowNames) {
    expect(JSON.stringify(workflow(file).env ?? {})).not.toContain("secrets.");
  }
});

test("all that works on a stack is given the same, and what with-stack.sh knows of", () => {
  const onStack = steps.filter(([, { run }]) => run?.includes("with-stack.sh"));
  const common = onStack.map(([, { env = {} }]) =>
    Object.keys(env).filter((name) => !["ROLLBACK_ON_FAILURE", "VERSION"].includes(name)),
  );
  expect(new Set(common.map((names) => names.join(" "))).size).toBe(1);
  const script = projectFile("ops", "ci", "with-stack.sh");
  for (const variable of common[0] ?? []) {
    expect(script).toContain(variable);
  }
  const docs = projectFile("docs", "ci.md");
  for (const variable of common[0] ?? []) {
    expect(docs).toContain(`\`${variable}\``);
  }
});

test("no checkout leaves the token behind", () => {
  for (const [, { uses, with: inputs }] of steps) {
    if (uses?.startsWith("actions/checkout@") === true) {
      expect(inputs?.["persist-credentials"]).toBe(false);
    }
  }
});

test("no credentials are kept in a cache", () => {
  for (const [, { uses, with: inputs }] of steps) {
    if (uses?.startsWith("actions/cache@") === true) {
      expect(inputs?.["path"]).toBe("~/.pulumi/versions\n~/.pulumi/plugins\n");
    }
  }
});
