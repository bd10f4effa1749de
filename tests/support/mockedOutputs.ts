import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

type Stdout = ((name: string, inputs: Readonly<Record<string, unknown>>) => string | undefined) | undefined;

/** What a provider would add to a resource's inputs: fixed by its name, secret where the real one is. */
export function mockedOutputs(
  type: string,
  name: string,
  inputs: Readonly<Record<string, unknown>>,
  stdout: Stdout,
): Record<string, unknown> {
  const hex = createHash("sha256").update(name).digest("hex");
  switch (type) {
    case "random:index/randomPassword:RandomPassword":
      return { result: pulumi.secret(`password-of-${name}`), bcryptHash: pulumi.secret(`bcrypt-of-${name}`) };
    case "random:index/randomBytes:RandomBytes":
      return { hex: pulumi.secret(hex), base64: pulumi.secret(Buffer.from(hex, "hex").toString("base64")) };
    case "random:index/randomString:RandomString":
      return { result: hex.slice(0, 16) };
    case "tls:index/privateKey:PrivateKey":
      return {
        privateKeyPem: pulumi.secret(pem("PRIVATE KEY", name)),
        privateKeyPemPkcs8: pulumi.secret(pem("PRIVATE KEY", name)),
        privateKeyOpenssh: pulumi.secret(pem("OPENSSH PRIVATE KEY", name)),
        publicKeyPem: pem("PUBLIC KEY", name),
        publicKeyOpenssh: `ssh-ed25519 ${Buffer.from(name).toString("base64")}`,
      };
    case "tls:index/selfSignedCert:SelfSignedCert":
    case "tls:index/locallySignedCert:LocallySignedCert":
      return {
        certPem: pem("CERTIFICATE", name),
        validityStartTime: "2026-01-01T00:00:00Z",
        validityEndTime: "2026-04-01T00:00:00Z",
        readyForRenewal: false,
      };
    case "tls:index/certRequest:CertRequest":
      return { certRequestPem: pem("CERTIFICATE REQUEST", name) };
    case "docker:index/secret:Secret":
    case "docker:index/serviceConfig:ServiceConfig":
    case "docker:index/service:Service":
      return { name: inputs["name"] ?? `${name}-0000000` };
    case "command:remote:Command":
    case "command:local:Command":
      return { stdout: stdout?.(name, inputs) ?? "", stderr: "" };
    default:
      return {};
  }
}

const pem = (label: string, name: string): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(`${label} of ${name}`).toString("base64")}\n-----END ${label}-----\n`;
