import * as fs from "fs";
import * as path from "path";
import { Checkout } from "./checkout";

describe("ops/env.sh", () => {
  let checkout: Checkout;
  const passphrase = () => path.join(checkout.data, "passphrase");

  beforeEach(() => {
    checkout = new Checkout();
  });
  afterEach(() => {
    checkout.remove();
  });

  /** What it exports, by name, and how it ended. */
  function source(env: NodeJS.ProcessEnv = {}) {
    const result = checkout.run("bash", ["-c", ". ops/env.sh && env"], env);
    const lines = result.stdout.split("\n").map((line) => line.split(/=(.*)/s));
    return { ...result, exported: Object.fromEntries(lines) as Record<string, string | undefined> };
  }

  test("makes a passphrase once, for its owner only, tells where, and not what", () => {
    const first = source();
    expect(first.status).toBe(0);
    expect(fs.statSync(passphrase()).mode & 0o777).toBe(0o600);
    const content = fs.readFileSync(passphrase(), "utf8");
    expect(content).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(first.stderr).toContain(passphrase());
    expect(first.stdout + first.stderr).not.toContain(content);
    expect(first.exported["PULUMI_CONFIG_PASSPHRASE_FILE"]).toBe(passphrase());
    expect(first.exported["PULUMI_BACKEND_URL"]).toBe(`file://${checkout.data}/state?metadata=skip`);

    const second = source();
    expect(second.stderr).toBe("");
    expect(fs.readFileSync(passphrase(), "utf8")).toBe(content);
    expect(fs.readdirSync(checkout.data).sort()).toEqual(["passphrase", "state"]);
  });

  test("a failed resource stops only what depends on it, unless that was chosen otherwise", () => {
    expect(source().exported["PULUMI_CONTINUE_ON_ERROR"]).toBe("true");
    expect(source({ PULUMI_CONTINUE_ON_ERROR: "false" }).exported["PULUMI_CONTINUE_ON_ERROR"]).toBe("false");
  });

  test("two first runs at once agree on one passphrase", () => {
    const both = checkout.run("bash", [
      "-c",
      'for i in 1 2 3 4; do (. ops/env.sh; printf \'%s\\n\' "$(cat "$PULUMI_CONFIG_PASSPHRASE_FILE")") & done; wait',
    ]);
    expect(new Set(both.stdout.trim().split("\n")).size).toBe(1);
  });

  test("refuses to make one where a state exists that another one sealed", () => {
    const stacks = path.join(checkout.data, "state/.pulumi/stacks/hypha");
    fs.mkdirSync(stacks, { recursive: true });
    fs.writeFileSync(path.join(stacks, "dev.json"), "{}");
    const result = source();
    expect(result.status).not.toBe(0);
    expect(result.stderr).toContain(`The passphrase file ${passphrase()} is missing`);
    expect(result.stderr).toContain("PULUMI_CONFIG_PASSPHRASE_FILE");
    expect(fs.existsSync(passphrase())).toBe(false);
  });

  test.each([
    ["a backend by variable", { PULUMI_BACKEND_URL: "https://api.example.org" }, "https://api.example.org"],
    ["a token", { PULUMI_ACCESS_TOKEN: "t" }, undefined],
  ])("respects %s, whose service keeps secrets itself", (_, env, url) => {
    const { exported, status } = source(env);
    expect(status).toBe(0);
    expect(exported["PULUMI_BACKEND_URL"]).toBe(url);
    expect(exported["PULUMI_CONFIG_PASSPHRASE_FILE"]).toBeUndefined();
    expect(fs.existsSync(passphrase())).toBe(false);
  });

  test.each([
    ["https://api.pulumi.com", false],
    ["s3://bucket", true],
  ])("respects the login at %s", (current, sealedByUs) => {
    const credentials = JSON.stringify({ current, accounts: {} }, undefined, 4);
    checkout.write("home/.pulumi/credentials.json", credentials);
    const { exported } = source();
    expect(exported["PULUMI_BACKEND_URL"]).toBeUndefined();
    expect(exported["HYPHA_BACKEND"]).toBe(current);
    expect(fs.existsSync(passphrase())).toBe(sealedByUs);
  });

  test("is not misled by credentials without a current login", () => {
    checkout.write("home/.pulumi/credentials.json", JSON.stringify({ current: "", accounts: {} }));
    expect(source().exported["PULUMI_BACKEND_URL"]).toBe(`file://${checkout.data}/state?metadata=skip`);
  });

  test("takes away what a killed write left beside the state, which would hide it, and nothing else", () => {
    const stacks = "home/.local/share/hypha/state/.pulumi/stacks/hypha";
    for (const [file, text] of [
      ["dev.json", "{}"],
      ["dev.json.attrs", ""],
      ["prod.json.attrs", "{}"],
    ] as const) {
      checkout.write(`${stacks}/${file}`, text);
    }
    checkout.write("home/.local/share/hypha/passphrase", "p");
    expect(source().status).toBe(0);
    expect(fs.readdirSync(path.join(checkout.data, "state/.pulumi/stacks/hypha")).sort()).toEqual([
      "dev.json",
      "prod.json.attrs",
    ]);
  });

  test("leaves a passphrase alone that was given otherwise, an empty one too", () => {
    expect(
      source({ PULUMI_CONFIG_PASSPHRASE: "" }).exported["PULUMI_CONFIG_PASSPHRASE_FILE"],
    ).toBeUndefined();
    expect(fs.existsSync(passphrase())).toBe(false);
  });

  test("puts the checkout's tools on the PATH, once", () => {
    const twice = checkout.run("bash", ["-c", '. ops/env.sh; . ops/env.sh; tr : "\\n" <<<"$PATH"']);
    const bin = path.join(checkout.directory, "node_modules/.bin");
    expect(twice.stdout.split("\n").filter((entry) => entry === bin)).toEqual([bin]);
  });
});
