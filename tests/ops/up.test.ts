import { Checkout, Finished } from "./checkout";

const phases = ["dependencies", "toolchain", "engine", "base-image", "stack", "deploy"];
const isoLine = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ /;

describe("ops/up.sh", () => {
  let checkout: Checkout;

  beforeEach(() => {
    checkout = new Checkout();
    checkout.write("Pulumi.dev.yaml", "config: {}\n");
    checkout.write("package-lock.json", "{}");
    checkout.stub("npm", "mkdir -p node_modules; echo '{}' >node_modules/.package-lock.json");
    checkout.stub("docker", 'case "$1" in version) echo 28.0.1 ;; image) echo sha256:1234 ;; esac');
    checkout.stub("toolchain.sh", "", "ops");
    checkout.stub(
      "pulumi",
      'case "$1" in stack) [ "$2" != output ] || echo "url https://chat" ;; esac',
      tools,
    );
    checkout.stub("tsx", "", tools);
  });
  afterEach(() => {
    checkout.remove();
  });
  const tools = "node_modules/.bin";

  function up(args: string[] = ["--yes"], env: NodeJS.ProcessEnv = {}): Finished {
    return checkout.run("bash", ["ops/up.sh", ...args], env);
  }
  const changed = () => checkout.called().filter((call) => !call.startsWith("docker"));
  const deployment = "tsx ops/deploy.ts --yes --parallel 16";

  test("goes through six numbered and timed phases, then says where the site is, and the times", () => {
    const result = up();
    expect(result.stderr).toMatch(/^A passphrase .*\nBack it up.*\n$/);
    expect(result.status).toBe(0);
    phases.forEach((name, index) => {
      expect(result.stdout).toContain(`[${index + 1}/6] ${name} …\n`);
      expect(result.stdout).toMatch(new RegExp(`\\[${index + 1}/6\\] ${name}: \\d+\\.\\d s\n`));
    });
    expect(result.stdout).toContain("url https://chat");
    expect(result.stdout).toMatch(/ {2}total +\d+\.\d s\n$/);
    expect(changed()).toEqual([
      "npm ci --no-audit --no-fund --loglevel=error",
      "toolchain.sh ensure --yes",
      "pulumi stack select --create dev",
      deployment,
      "pulumi stack output --stack dev url",
      "pulumi stack output --stack dev admin",
      "pulumi stack output --stack dev sources",
    ]);
  });

  test("without a terminal each line carries its time, and none a colour", () => {
    const own = up()
      .stdout.trim()
      .split("\n")
      .filter((line) => !line.startsWith("url "));
    expect(own.filter((line) => !isoLine.test(line))).toEqual([]);
    expect(own.join("")).not.toContain("\u001b");
  });

  test("a second run installs nothing, unless the lock file has changed since", () => {
    up();
    checkout.forgetCalls();
    expect(up().stderr).toBe("");
    expect(changed()).not.toContain("npm ci --no-audit --no-fund --loglevel=error");
    checkout.run("touch", ["-d", "+1 minute", "package-lock.json"]);
    up();
    expect(changed()).toContain("npm ci --no-audit --no-fund --loglevel=error");
  });

  test("CI=true asks nothing either", () => {
    expect(up([], { CI: "true" }).status).toBe(0);
    expect(changed()).toContain(deployment);
  });

  test("without consent the deployment asks", () => {
    expect(up([]).status).toBe(0);
    expect(changed()).toContain("tsx ops/deploy.ts --parallel 16");
  });

  test("options of one's own come last, and PARALLEL bounds what is done at once", () => {
    expect(up(["--yes", "--target", "x"], { PARALLEL: "4" }).status).toBe(0);
    expect(changed()).toContain("tsx ops/deploy.ts --yes --parallel 4 --target x");
  });

  test("a failed deployment fails the run", () => {
    checkout.stub("tsx", "exit 1", tools);
    const result = up();
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("[6/6] deploy failed");
  });

  test("a failed phase stops the next ones and is named", () => {
    checkout.stub("toolchain.sh", "exit 7", "ops");
    const result = up();
    expect(result.status).toBe(7);
    expect(result.stderr).toMatch(/\[2\/6\] toolchain failed after \d+\.\d s \(exit code 7\)/);
    expect(changed()).toEqual(["npm ci --no-audit --no-fund --loglevel=error", "toolchain.sh ensure --yes"]);
  });

  test("an old Node is refused with what to install", () => {
    checkout.stub("node", 'case "$1" in -p) echo 18 ;; *) echo v18.20.0 ;; esac');
    const result = up();
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("Node.js is v18.20.0; Hypha needs 20 or newer");
    expect(changed()).toEqual(['node -p process.versions.node.split(".")[0]', "node --version"]);
  });

  test("a stack without a file of its own is refused with what to copy", () => {
    const result = up(["--yes"], { STACK: "staging" });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("no Pulumi.staging.yaml");
    expect(result.stderr).toContain("[5/6] stack failed");
  });
});
