import { generateKeyPairSync } from "crypto";
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

describe("ops/ci/with-stack.sh", () => {
  /** A job on a runner of GitHub's, all it needs given. */
  const job = {
    GITHUB_ACTIONS: "true",
    RUNNER_ENVIRONMENT: "github-hosted",
    CI: "true",
    STACK: "prod",
    PULUMI_BACKEND_URL: "s3://bucket",
    PULUMI_CONFIG_PASSPHRASE: "only for this test",
  };
  const withStack = (env: NodeJS.ProcessEnv, ...command: string[]): Finished =>
    checkout.run("bash", ["ops/ci/with-stack.sh", ...(command.length > 0 ? command : ["true"])], env);

  test("with all that it needs, the engine is made ready and the command runs", () => {
    checkout.stub("work", 'printf \'%s|\' "$PULUMI_BACKEND_URL" "$STACK" "$@"');
    const result = withStack(job, "work", "one", "two words");
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
    expect(result.stdout).toContain("s3://bucket|prod|one|two words|");
    expect(checkout.called()).toEqual([
      "npm ci --no-audit --no-fund --loglevel=error",
      "toolchain.sh ensure --yes",
      "work one two words",
    ]);
  });

  test("the command's exit code is its own", () => {
    expect(withStack(job, "bash", "-c", "exit 7").status).toBe(7);
  });

  test.each<[string, NodeJS.ProcessEnv, string]>([
    ["no stack", { STACK: "" }, "STACK names no stack"],
    ["a stack without a file", { STACK: "nope" }, "there is no Pulumi.nope.yaml"],
    [
      "a file on a runner that is thrown away",
      { PULUMI_BACKEND_URL: "file:///var/state" },
      "thrown away after the job",
    ],
    ["no backend", { PULUMI_BACKEND_URL: "" }, "no state backend is named"],
    ["no passphrase", { PULUMI_CONFIG_PASSPHRASE: "" }, "PULUMI_CONFIG_PASSPHRASE is empty"],
    [
      "no key in the key's secret",
      { SSH_PRIVATE_KEY: "ssh-ed25519 AAAA" },
      "SSH_PRIVATE_KEY is no private key",
    ],
  ])("refuses %s before anything is done, and says what to do", (_, env, problem) => {
    const result = withStack({ ...job, ...env });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain(problem);
    expect(checkout.called()).toEqual([]);
  });

  test("all problems are told at once", () => {
    const { stderr } = withStack({ ...job, STACK: "nope", PULUMI_BACKEND_URL: "", SSH_PRIVATE_KEY: "x" });
    expect(stderr.match(/what to do: /g)?.length).toBeGreaterThanOrEqual(3);
  });

  test("a stack file without its salt would be another one after each job", () => {
    checkout.write("Pulumi.prod.yaml", "config: {}\n");
    expect(withStack(job).stderr).toContain("no line encryptionsalt:");
    expect(withStack({ ...job, PULUMI_BACKEND_URL: "", PULUMI_ACCESS_TOKEN: "x" }).status).toBe(0);
  });

  test("a file backend is for a runner that keeps its disk: there already, and outside of the job's directories", () => {
    const own = { ...job, RUNNER_ENVIRONMENT: "self-hosted", GITHUB_WORKSPACE: checkout.directory };
    const at = (directory: string) =>
      withStack({ ...own, PULUMI_BACKEND_URL: `file://${directory}?metadata=skip` });
    expect(at(join(checkout.directory, "home")).stderr).toContain("does not outlive a job");
    expect(at("/nowhere/state").stderr).toContain("is this the runner that keeps the state?");
    expect(at("/tmp").status).toBe(0);
  });

  test("on one's own machine nothing of this is asked for", () => {
    checkout.write("Pulumi.prod.yaml", "config: {}\n");
    expect(withStack({ STACK: "prod", CI: "true" }).status).toBe(0);
  });

  test("empty variables are as if they were not set", () => {
    checkout.stub("work", 'env | grep -E "^(PULUMI_ACCESS_TOKEN|AWS_|SSH_PRIVATE_KEY)" || true');
    const empty = { PULUMI_ACCESS_TOKEN: "", AWS_ROLE_ARN: "", AWS_ACCESS_KEY_ID: "", SSH_PRIVATE_KEY: "" };
    const result = withStack({ ...job, ...empty }, "work");
    expect(result.status).toBe(0);
    expect(result.stdout).not.toMatch(/^(PULUMI_ACCESS|AWS_|SSH_PRIV)/m);
  });

  test("the key is in an agent of the job's own, in nobody's environment, and gone with the job", () => {
    checkout.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "key"]);
    const key = readFileSync(join(checkout.directory, "key"), "utf8");
    checkout.stub(
      "work",
      'ssh-add -l; echo "agent=$SSH_AGENT_PID"; tr "\\0" "\\n" <"/proc/$SSH_AGENT_PID/environ"; env',
    );
    const result = withStack({ ...job, SSH_PRIVATE_KEY: key.replace(/\n/g, "\r\n") }, "work");
    expect(result.stderr).toBe("");
    expect(result.stdout).toMatch(/256 SHA256:.*ED25519/);
    expect(result.stdout).not.toContain("PRIVATE KEY");
    const agent = /agent=(\d+)/.exec(result.stdout)?.[1] ?? "";
    const gone = checkout.run("bash", [
      "-c",
      `for i in {1..600}; do [ -d /proc/${agent} ] || exit 0; sleep 0.1; done; exit 1`,
    ]);
    expect(gone.status).toBe(0);
    // An agent looks every ten seconds whether its process is still there.
  }, 120_000);

  test("a key that ssh does not take is told, without the key", () => {
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const result = withStack({ ...job, SSH_PRIVATE_KEY: privateKey });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("ssh-add does not take SSH_PRIVATE_KEY");
    expect(result.stderr + result.stdout).not.toContain(privateKey.split("\n")[2]);
  });

  test("an interrupt reaches what runs, which ends in its own time", () => {
    checkout.write(
      "interrupt.sh",
      "set -m; bash ops/ci/with-stack.sh bash -c 'trap \"sleep 1; echo ended well >ended; exit 3\" INT; echo up >up; while :; do sleep 0.1; done' >log 2>&1 &\n" +
        'job=$!; until [ -e up ]; do sleep 0.1; done; kill -TERM "$job"; wait "$job"; echo "code $?"',
    );
    // Where job control is off, a background command has interrupts ignored; a runner's steps have not.
    const result = checkout.run("bash", ["interrupt.sh"], job);
    expect(result.stdout).toBe("code 3\n");
    expect(readFileSync(join(checkout.directory, "ended"), "utf8")).toBe("ended well\n");
  });

  test("by OIDC the job's identity is exchanged for credentials, and no token is in an argument", () => {
    checkout.stub("curl", 'cat >>sent; echo \'{"value":"the-token"}\'');
    checkout.stub(
      "aws",
      'cat "$(printf "%s\\n" "$@" | sed -n s,^file://,,p)" >>seen; printf "AKID\\tSECRET\\tSESSION\\n"',
    );
    checkout.stub(
      "pulumi",
      'cat "${@: -1}" 2>/dev/null; cat "$(printf "%s\\n" "$@" | sed -n s,^file://,,p)" >>seen',
      "node_modules/.bin",
    );
    checkout.stub("work", "env | grep ^AWS_");
    const identity = {
      ACTIONS_ID_TOKEN_REQUEST_URL: "https://id.test/?x=1",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "bearer-1",
    };
    const result = withStack(
      { ...job, ...identity, AWS_ROLE_ARN: "arn:aws:iam::1:role/x", PULUMI_OIDC_ORG: "org" },
      "work",
    );
    expect(result.stdout).toMatch(/AWS_SESSION_TOKEN=SESSION/);
    expect(result.stdout).not.toContain("AWS_ROLE_ARN");
    expect(readFileSync(join(checkout.directory, "seen"), "utf8")).toBe("the-tokenthe-token");
    expect(readFileSync(join(checkout.directory, "sent"), "utf8")).toContain(
      "Authorization: bearer bearer-1",
    );
    const calls = checkout.called().join("\n");
    expect(calls).toContain("audience=sts.amazonaws.com");
    expect(calls).toContain("audience=urn:pulumi:org:org");
    expect(calls).not.toMatch(/the-token|bearer-1/);
  });

  test("a job without an identity is told which permission it lacks", () => {
    checkout.stub("aws");
    expect(withStack({ ...job, AWS_ROLE_ARN: "arn" }).stderr).toContain("id-token: write");
  });
});
