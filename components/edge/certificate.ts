import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";

export interface OwnCertificateArgs {
  /** DNS names, the first is the site's. */
  names: string[];
  /** Days the certificate is valid. */
  validityDays: number;
  /** An update this many days before its end, or later, makes a new one. */
  renewBeforeDays: number;
  /** Days the CA is valid. */
  caValidityDays: number;
}

/** What the edge serves. */
export interface Certificate {
  /** PEM, the site's certificate first. */
  readonly chain: pulumi.Output<string>;
  /** PEM, secret. */
  readonly privateKey: pulumi.Output<string>;
  /** PEM that clients must trust. */
  readonly authority: pulumi.Output<string>;
}

/** ECDSA on P-256: every client of the last ten years takes it, and a key costs nothing to make. */
const key = { algorithm: "ECDSA", ecdsaCurve: "P256" };

/**
 * A certificate authority of the stack's own and a certificate of it. After `up` the certificate has at least
 * `renewBeforeDays` to go. `destroy` forgets both; clients that trusted the authority must be told of the next.
 */
export class OwnCertificate extends pulumi.ComponentResource implements Certificate {
  readonly chain: pulumi.Output<string>;
  readonly privateKey: pulumi.Output<string>;
  readonly authority: pulumi.Output<string>;

  constructor(name: string, args: OwnCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:edge:OwnCertificate", name, {}, opts);
    const caKey = new tls.PrivateKey(`${name}-ca-key`, key, { parent: this });
    const ca = new tls.SelfSignedCert(
      `${name}-ca`,
      {
        privateKeyPem: caKey.privateKeyPem,
        isCaCertificate: true,
        setSubjectKeyId: true,
        subject: { commonName: `Hypha ${pulumi.getStack()} CA`, organization: "Hypha" },
        allowedUses: ["cert_signing", "crl_signing"],
        validityPeriodHours: args.caValidityDays * 24,
        earlyRenewalHours: args.validityDays * 24,
      },
      { parent: this },
    );
    const siteKey = new tls.PrivateKey(`${name}-key`, key, { parent: this });
    const request = new tls.CertRequest(
      `${name}-request`,
      { privateKeyPem: siteKey.privateKeyPem, dnsNames: args.names, subject: { commonName: args.names[0] } },
      { parent: this },
    );
    const site = new tls.LocallySignedCert(
      `${name}-site`,
      {
        certRequestPem: request.certRequestPem,
        caPrivateKeyPem: caKey.privateKeyPem,
        caCertPem: ca.certPem,
        allowedUses: ["digital_signature", "server_auth"],
        validityPeriodHours: args.validityDays * 24,
        earlyRenewalHours: args.renewBeforeDays * 24,
        setSubjectKeyId: true,
      },
      { parent: this },
    );
    this.chain = site.certPem;
    this.privateKey = pulumi.secret(siteKey.privateKeyPem);
    this.authority = ca.certPem;
    this.registerOutputs({ chain: this.chain, authority: this.authority });
  }
}
