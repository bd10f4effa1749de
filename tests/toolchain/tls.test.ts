import { X509Certificate, createPrivateKey, createPublicKey } from "node:crypto";

import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

import { type Outcome, Stand } from "./support/stand";

// Expectations: terraform-provider-tls, internal/provider/{resource_private_key,resource_self_signed_cert,
// resource_locally_signed_cert,resource_cert_request,common_cert}.go, and pulumi.com/registry.

jest.setTimeout(120_000);

const keys = {
  rsa: { algorithm: "RSA" },
  rsa3072: { algorithm: "RSA", rsaBits: 3072 },
  p224: { algorithm: "ECDSA" },
  p256: { algorithm: "ECDSA", ecdsaCurve: "P256" },
  p384: { algorithm: "ECDSA", ecdsaCurve: "P384" },
  p521: { algorithm: "ECDSA", ecdsaCurve: "P521" },
  ed25519: { algorithm: "ED25519" },
};

const days = 24;

describe("tls", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await Stand.make("tls");
  });
  afterAll(() => stand.remove());

  const program =
    ({ name = "a.example", early = 0, hours = 90 * days } = {}) =>
    async () => {
      const outputs: Record<string, pulumi.Input<unknown>> = {};
      const made: Record<string, tls.PrivateKey> = {};
      for (const [key, args] of Object.entries(keys)) {
        const resource = new tls.PrivateKey(key, args);
        made[key] = resource;
        outputs[key] = pulumi.output({
          pem: resource.privateKeyPem,
          pkcs8: resource.privateKeyPemPkcs8,
          openssh: resource.privateKeyOpenssh,
          publicPem: resource.publicKeyPem,
          publicOpenssh: resource.publicKeyOpenssh,
          md5: resource.publicKeyFingerprintMd5,
          sha256: resource.publicKeyFingerprintSha256,
        });
      }
      const authority = new tls.SelfSignedCert("authority", {
        privateKeyPem: made.p256?.privateKeyPem ?? "",
        subject: { commonName: "Test CA", organization: "Hypha" },
        isCaCertificate: true,
        setSubjectKeyId: true,
        validityPeriodHours: 3650 * days,
        allowedUses: ["cert_signing", "crl_signing"],
      });
      const request = new tls.CertRequest("request", {
        privateKeyPem: made.ed25519?.privateKeyPem ?? "",
        subject: { commonName: name },
        dnsNames: [name, `*.${name}`],
        ipAddresses: ["10.0.0.1", "::1"],
        uris: ["spiffe://example/hypha"],
      });
      const leaf = new tls.LocallySignedCert("leaf", {
        certRequestPem: request.certRequestPem,
        caCertPem: authority.certPem,
        caPrivateKeyPem: made.p256?.privateKeyPem ?? "",
        validityPeriodHours: hours,
        earlyRenewalHours: early,
        setSubjectKeyId: true,
        allowedUses: ["digital_signature", "server_auth"],
      });
      return {
        ...outputs,
        authority: authority.certPem,
        leaf: leaf.certPem,
        ready: leaf.readyForRenewal,
        from: leaf.validityStartTime,
        to: leaf.validityEndTime,
      };
    };

  let first: Outcome;

  test("preview creates nothing and succeeds with everything unknown", async () => {
    const outcome = await stand.preview(program());
    expect(outcome.error).toBeUndefined();
    expect(Object.keys(outcome.steps)).toHaveLength(10);
  });

  test("private keys come in every form, the public half matches", async () => {
    first = await stand.up(program());
    expect(first.error).toBeUndefined();
    for (const name of Object.keys(keys)) {
      const key = first.outputs[name] as Record<string, string>;
      const publicPem = createPublicKey(createPrivateKey(key.pem ?? "")).export({
        type: "spki",
        format: "pem",
      });
      expect(key.publicPem).toBe(publicPem);
      expect(createPublicKey(createPrivateKey(key.pkcs8 ?? "")).export({ type: "spki", format: "pem" })).toBe(
        publicPem,
      );
      // OpenSSH has no P224.
      expect(key.openssh?.startsWith("-----BEGIN OPENSSH PRIVATE KEY-----") ?? false).toBe(name !== "p224");
      expect(/^SHA256:/.test(key.sha256 ?? "")).toBe(name !== "p224");
      expect(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/.test(key.md5 ?? "")).toBe(name !== "p224");
    }
    const bits = (name: string): number | undefined =>
      createPrivateKey((first.outputs[name] as Record<string, string>).pem ?? "").asymmetricKeyDetails
        ?.modulusLength;
    expect([bits("rsa"), bits("rsa3072")]).toEqual([2048, 3072]);
  });

  test("private keys are secret, certificates are not", () => {
    expect(first.secrets).toEqual(expect.arrayContaining(Object.keys(keys)));
    expect(first.secrets).not.toContain("leaf");
    expect(first.secrets).not.toContain("authority");
    expect(stand.state().includes("PRIVATE KEY-----")).toBe(false);
    expect(first.log.includes("PRIVATE KEY-----")).toBe(false);
  });

  test("the certificate is signed by the authority for the names and times asked", () => {
    const authority = new X509Certificate(String(first.outputs.authority));
    const leaf = new X509Certificate(String(first.outputs.leaf));
    expect(authority.ca).toBe(true);
    expect(authority.subject).toBe("O=Hypha\nCN=Test CA");
    expect(leaf.ca).toBe(false);
    expect(leaf.verify(authority.publicKey)).toBe(true);
    expect(leaf.checkIssued(authority)).toBe(true);
    expect(leaf.checkHost("b.a.example")).toBe("*.a.example");
    expect(leaf.checkIP("10.0.0.1")).toBe("10.0.0.1");
    expect(leaf.subjectAltName).toContain("URI:spiffe://example/hypha");
    const lasts = Date.parse(String(first.outputs.to)) - Date.parse(String(first.outputs.from));
    expect(lasts).toBe(90 * days * 3_600_000);
    expect(first.outputs.ready).toBe(false);
  });

  test("the same program changes nothing", async () => {
    const outcome = await stand.up(program());
    expect(new Set(Object.values(outcome.steps))).toEqual(new Set(["same"]));
    expect(outcome.outputs.leaf).toBe(first.outputs.leaf);
  });

  test("a new name replaces the request and the certificate only", async () => {
    const outcome = await stand.up(program({ name: "b.example" }));
    expect(outcome.steps).toMatchObject({
      request: "replace",
      leaf: "replace",
      authority: "same",
      p256: "same",
    });
    expect(new X509Certificate(String(outcome.outputs.leaf)).checkHost("b.example")).toBe("b.example");
  });

  test("earlyRenewalHours alone updates; once inside them, the next up replaces", async () => {
    const outside = await stand.up(program({ name: "b.example", early: 1 }));
    expect(outside.steps.leaf).toBe("update");
    const short = await stand.up(program({ name: "b.example", early: 1, hours: 1 }));
    expect(short.steps.leaf).toBe("replace");
    const renewed = await stand.up(program({ name: "b.example", early: 1, hours: 1 }));
    expect(renewed.steps.leaf).toBe("replace");
    expect(renewed.outputs.leaf).not.toBe(short.outputs.leaf);
  });

  test("a value outside the list is refused with the list", async () => {
    const outcome = await stand.preview(async () => {
      new tls.PrivateKey("unknown", { algorithm: "DSA" });
    });
    expect(outcome.error).toContain("RSA");
    expect(outcome.error).toContain("ED25519");
    expect(outcome.error).toContain("DSA");
  });

  test("destroy removes it all", async () => {
    expect((await stand.destroy()).error).toBeUndefined();
  });
});
