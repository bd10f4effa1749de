import { readFileSync } from "fs";
import { join } from "path";
import { Checkout, Finished } from "./checkout";
import { ciCheckout } from "./ciCheckout";

let checkout: Checkout;

beforeEach(() => {
  checkout = ciCheckout();
});
afterEach(() => {
  checkout.remove();
});

describe("ops/ci/deploy.sh and summary.sh", () => {
  const run = (script: string, more: NodeJS.ProcessEnv = {}): Finished =>
    checkout.run("bash", [`ops/ci/${script}.sh`], { STACK: "prod", ...more });
  const page = (): string => readFileSync(join(checkout.directory, "page"), "utf8");

  test("this checkout is deployed, and the summary is made from the audit log", () => {
    checkout.stub("make", 'case "$*" in *audit*) echo "[]" ;; *) echo "it went well" ;; esac');
    checkout.stub("tsx", 'cat "$3" "$5"');
    const result = run("deploy");
    expect(result.status).toBe(0);
    expect(checkout.called()[0]).toBe("make up STACK=prod");
    expect(checkout.called().at(-1)).toMatch(/^tsx ops\/deploymentSummary\.ts .*--since \S+Z --code 0$/);
    expect(run("summary", { GITHUB_STEP_SUMMARY: join(checkout.directory, "page") }).status).toBe(0);
    expect(page()).toBe("[]\nit went well\n");
  });

  test("with a version that one is put back; a failure stays one, and is told", () => {
    checkout.stub("make", 'case "$*" in *redeploy*) exit 2 ;; esac');
    checkout.stub("tsx");
    expect(run("deploy", { VERSION: "v1.2-rc/3" }).status).toBe(2);
    expect(checkout.called()[0]).toBe("make redeploy VERSION=v1.2-rc/3 STACK=prod");
    expect(checkout.called().at(-1)).toMatch(/--code 2$/);
  });

  test.each(["$(shell touch x)", "-f/etc/passwd", "a b", "../x;y", "1\n2"])(
    "no make sees %j as a version",
    (VERSION) => {
      checkout.stub("make");
      const result = run("deploy", { VERSION });
      expect(result.status).toBe(1);
      expect(result.stderr).toContain("VERSION is no version");
      expect(checkout.called()).toEqual([]);
    },
  );

  test("a page is there whatever became of the deployment", () => {
    const GITHUB_STEP_SUMMARY = join(checkout.directory, "page");
    run("summary", { GITHUB_STEP_SUMMARY });
    expect(page()).toMatch(/^### Nothing was deployed\n/);
    checkout.write("build/ci/deploy.log", "so far");
    checkout.write("page", "");
    run("summary", { GITHUB_STEP_SUMMARY });
    expect(page()).toMatch(/^### The deployment was cut off\n/);
  });
});

describe("what is put on GitHub", () => {
  const comment = '<!-- hypha-preview: prod -->\n### Preview\n`$(id)` "quoted"';
  const given = {
    GITHUB_REPOSITORY: "o/r",
    PULL_REQUEST: "12",
    COMMENT: comment,
    GH_REPO: "o/r",
    STACK: "prod",
  };
  /** What gh was given on its standard input. */
  const body = (): string => readFileSync(join(checkout.directory, "body"), "utf8");
  const run = (script: string, env: NodeJS.ProcessEnv = {}): Finished =>
    checkout.run("bash", [`ops/ci/${script}.sh`], { ...given, ...env });
  const gh = (listed: string): void => {
    checkout.write("listed", listed);
    checkout.stub("gh", 'case "$*" in *--jq*) cat listed ;; *@-*|*body-file*) cat >body ;; esac');
  };
  const wrote = (): string[] => checkout.called().filter((call) => !call.includes("--jq"));

  test("the first comment is a new one, its text whole and in no argument", () => {
    gh("7\tsomebody\t<!-- hypha-preview: prod -->\n8\tgithub-actions[bot]\t<!-- hypha-preview: other -->\n");
    expect(run("comment").status).toBe(0);
    expect(wrote()).toEqual(["gh api --silent --method POST repos/o/r/issues/12/comments -F body=@-"]);
    expect(body()).toBe(comment);
  });

  test("the next takes its place", () => {
    gh("9\tgithub-actions[bot]\t<!-- hypha-preview: prod -->\n");
    expect(run("comment").status).toBe(0);
    expect(wrote()).toEqual(["gh api --silent --method PATCH repos/o/r/issues/comments/9 -F body=@-"]);
    expect(body()).toBe(comment);
  });

  test.each([{ COMMENT: "" }, { PULL_REQUEST: "12/../1" }])("no comment with %j", (env) => {
    gh("");
    expect(run("comment", env).status).toBe(1);
    expect(wrote()).toEqual([]);
  });

  const report = "<!-- hypha-drift: prod -->\nStack";
  test.each<[string, string, string, string[]]>([
    [
      "a new issue",
      "drift",
      "",
      [
        "gh label create hypha-drift --description Servers differ from their stack --force",
        "gh issue create --title Drift on stack prod --label hypha-drift --body-file -",
      ],
    ],
    ["the open issue", "drift", "3\t<!-- hypha-drift: prod -->\n", ["gh issue edit 3 --body-file -"]],
    [
      "the open issue when not all could be seen",
      "unknown",
      "3\t<!-- hypha-drift: prod -->\n",
      ["gh issue edit 3 --body-file -"],
    ],
    [
      "the end of it",
      "clean",
      "3\t<!-- hypha-drift: prod -->\n",
      ["gh issue close 3 --comment The drift is gone."],
    ],
    ["no issue", "clean", "4\t<!-- hypha-drift: other -->\n", []],
  ])("drift: %s", (_, VERDICT, listed, calls) => {
    gh(listed);
    expect(run("drift-issue", { VERDICT, REPORT: report }).status).toBe(0);
    expect(wrote()).toEqual(calls);
  });

  test.each([
    [{ STACK: "" }, "no variable HYPHA_STACK"],
    [{ HEAD_REPOSITORY: "fork/r" }, "it comes from a fork"],
    [{ HEAD_REPOSITORY: "o/r" }, "Dependabot's"],
  ])("without a preview the run says why: %j", (env, why) => {
    const GITHUB_STEP_SUMMARY = join(checkout.directory, "page");
    expect(run("no-preview", { ...env, GITHUB_STEP_SUMMARY }).status).toBe(0);
    expect(readFileSync(GITHUB_STEP_SUMMARY, "utf8")).toContain(why);
  });
});

describe("ops/ci/preview.sh and drift.sh", () => {
  const outputs = (): string => readFileSync(join(checkout.directory, "outputs"), "utf8");
  const run = (script: string): Finished =>
    checkout.run("bash", [`ops/ci/${script}.sh`], {
      STACK: "prod",
      GITHUB_OUTPUT: join(checkout.directory, "outputs"),
    });

  test("a preview is a comment, also one that failed", () => {
    checkout.stub("tsx", 'echo "the comment"');
    checkout.stub("pulumi", "exit 0");
    expect(run("preview").status).toBe(0);
    expect(outputs()).toMatch(/^comment<<(end-\w+)\nthe comment\n\1\n$/);
    checkout.stub("pulumi", "exit 255");
    expect(run("preview").status).toBe(1);
    expect(outputs().match(/the comment/g)).toHaveLength(2);
  });

  test("drift: report and verdict are for the next job, and what could not be looked at fails this one", () => {
    checkout.stub("pulumi", '[ "$1" != stack ] || echo "state"');
    checkout.stub(
      "tsx",
      'case "$1" in *driftReport*) echo report; echo unknown >build/ci/verdict; exit 1 ;; *) exit 2 ;; esac',
    );
    expect(run("drift").status).toBe(1);
    expect(outputs()).toMatch(/report<<(end-\w+)\nreport\n\1\nverdict<<(end-\w+)\nunknown\n\2\n/);
  });

  test("drift: where a deployment was under way, nothing is said", () => {
    checkout.stub("pulumi", '[ "$1" != stack ] || date +%s%N');
    checkout.stub("tsx");
    const result = run("drift");
    expect(result.status).toBe(0);
    expect(result.stdout).toContain("A deployment was under way");
    expect(checkout.called().filter((call) => call.includes("driftReport"))).toEqual([]);
  });
});
