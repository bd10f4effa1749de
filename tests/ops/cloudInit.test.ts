import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { renderCloudInit } from "../../components/host/cloudInit";
import { hostKey, projectFile, root } from "../components/fixtures";

/** Some cases start the command several times. */
jest.setTimeout(120_000);

const key = `${hostKey} somebody@example.org`;

test("one account that gets in by its key and has sudo, and no password opens anything", () => {
  const text = renderCloudInit({ user: "hypha", key: `${key}\n` });
  expect(text.split("\n")[0]).toBe("#cloud-config");
  expect(parse(text)).toEqual({
    users: [
      {
        ...{ name: "hypha", gecos: "Hypha's first contact", shell: "/bin/bash", lock_passwd: true },
        ...{ sudo: "ALL=(ALL) NOPASSWD:ALL", ssh_authorized_keys: [key] },
      },
    ],
    ...{ disable_root: true, ssh_pwauth: false, package_update: true, packages: ["openssh-server", "sudo"] },
    ssh: { emit_keys_to_console: true },
  });
});

test("the example is what the command prints", () => {
  expect(projectFile("examples", "cloud-init.yaml")).toBe(renderCloudInit({ user: "hypha", key }));
});

test.each([
  "",
  "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----",
  `${hostKey}\n${hostKey}`,
  'command="sh" ssh-ed25519 AAAA',
  "ssh-ed25519 not-base64",
  `${hostKey} a\u0007b`,
])("%j is no public key", (wrong) => {
  expect(() => renderCloudInit({ user: "hypha", key: wrong })).toThrow(
    "is no public key; fix: name a file like",
  );
});

describe("the command", () => {
  const directory = mkdtempSync(join(tmpdir(), "hypha-cloud-init-"));
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync("tsx", ["ops/cloudInit.ts", ...args], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, PATH: `${join(root, "node_modules", ".bin")}:${process.env["PATH"] ?? ""}` },
    });
    return { status, stdout, stderr };
  };

  test("prints the document for a key file and an account", () => {
    const file = join(directory, "id.pub");
    writeFileSync(file, `${key}\n`);
    expect(run("--key", file, "--user", "ops")).toEqual({
      ...{ status: 0, stderr: "", stdout: renderCloudInit({ user: "ops", key }) },
    });
    expect(run("--key", file, "--user", "Root!")).toMatchObject({
      ...{
        status: 2,
        stdout: "",
        stderr: expect.stringContaining("Root! is no account name; fix:") as string,
      },
    });
  });

  test("says what is missing, and never shows what is in a wrong file", () => {
    const file = join(directory, "id");
    writeFileSync(file, "-----BEGIN OPENSSH PRIVATE KEY-----\nSECRET\n");
    const { status, stdout, stderr } = run("--key", file);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(`${file}: is no public key; fix:`);
    expect(stderr).not.toContain("SECRET");
    expect(run()).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("no public key is named; fix:") as string,
    });
    expect(run("--key", join(directory, "none")).stderr).toContain("ENOENT");
  });
});
