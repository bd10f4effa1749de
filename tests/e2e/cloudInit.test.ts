import { renderCloudInit } from "../../components/host/cloudInit";
import { LabVps } from "./support/lab";
import { must, start } from "./support/stack";

/** cloud-init itself reads the user data, as on a provider's image, and the first contact then gets in. */
const vps = new LabVps(12);
let keyFile = "";
let document = "";

/** `ssh` as an account of the server: with the lab's key, or with nothing but passwords to offer. */
const login = async (user: string, ...options: string[]) => {
  const known = `KnownHostsCommand=/bin/echo ${vps.address} ${await vps.hostKey()}`;
  const fixed = [
    "UserKnownHostsFile=/dev/null",
    "BatchMode=yes",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    known,
  ];
  const all = [...fixed, ...options].flatMap((option) => ["-o", option]);
  return start("ssh", ["-i", keyFile, ...all, `${user}@${vps.address}`, "sudo", "-n", "id", "-u"]).ended;
};

beforeAll(async () => {
  await vps.boot();
  keyFile = await LabVps.keyFile();
  const key = (await must("ssh-keygen", ["-y", "-f", keyFile])).output;
  document = renderCloudInit({ user: "hypha", key });
  const seed = "/var/lib/cloud/seed/nocloud";
  await vps.exec(
    "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends cloud-init && " +
      // The lab's network stays as it is, and so does the one locale that its image has.
      "printf 'network: {config: disabled}\ndatasource_list: [NoCloud]\nlocale: C.UTF-8\n' >/etc/cloud/cloud.cfg.d/99-lab.cfg && " +
      `mkdir -p ${seed} && echo 'instance-id: lab' >${seed}/meta-data && ` +
      `echo ${Buffer.from(document).toString("base64")} | base64 -d >${seed}/user-data && ` +
      // The lab's way in for root is not the provider's.
      "rm -r /root/.ssh",
  );
});

afterAll(async () => {
  await vps.down();
});

test("cloud-init finds the document valid", async () => {
  const said = await vps.exec("cloud-init schema --config-file /var/lib/cloud/seed/nocloud/user-data 2>&1");
  expect(said).toContain("Valid cloud-config");
  expect(said).not.toMatch(/deprecat/i);
});

test("after it ran, the account gets in by its key and is root by sudo; root and passwords do not get in", async () => {
  await vps.exec(
    "cloud-init init --local && cloud-init init && cloud-init modules --mode=config && cloud-init modules --mode=final && " +
      "systemctl restart ssh",
  );
  expect(await login("hypha")).toMatchObject({ code: 0, output: expect.stringMatching(/^0$/m) as string });
  expect((await login("root")).code).not.toBe(0);
  expect((await login("debian")).code).not.toBe(0);
  const settings = await vps.exec("sshd -T");
  expect(settings).toContain("passwordauthentication no");
  expect(await vps.exec("passwd --status hypha")).toMatch(/^hypha L /);
});
