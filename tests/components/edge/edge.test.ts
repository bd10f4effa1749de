import * as pulumi from "@pulumi/pulumi";
import { OwnCertificate } from "../../../components/edge/certificate";
import type { EdgeArgs } from "../../../components/edge/edge";
import { Edge } from "../../../components/edge/edge";
import { renderNginxConf } from "../../../components/edge/render";
import { outputOf } from "../../support/mocks";
import {
  cluster,
  facts,
  healthcheck,
  labels,
  logDriver,
  noOptions,
  pulled,
  reference,
  run,
  waitsFor,
} from "../fixtures";

const settings = {
  machines: [facts],
  domain: "chat.example.org",
  aliases: ["www.example.org"],
  httpPort: 80,
  httpsPort: 443,
  routes: [{ path: "/", upstream: "web:8080" }],
  documents: { "/.well-known/x": { a: 1 } },
};
const names = ["chat.example.org", "www.example.org"];
const days = { validityDays: 90, renewBeforeDays: 30, caValidityDays: 3650 };
const pem = (label: string, of: string) =>
  `-----BEGIN ${label}-----\n${Buffer.from(`${label} of ${of}`).toString("base64")}\n-----END ${label}-----\n`;

describe("OwnCertificate", () => {
  const make = () => run(() => new OwnCertificate("certificate", { names, ...days }));

  test("is an authority and a certificate of it, each with a key of its own", async () => {
    const { resources, byName } = await make();
    const parent = byName("certificate").urn;
    expect(
      resources
        .filter((one) => one.parent === parent)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([
      "certificate-ca",
      "certificate-ca-key",
      "certificate-key",
      "certificate-request",
      "certificate-site",
    ]);
    const key = { algorithm: "ECDSA", ecdsaCurve: "P256" };
    expect(byName("certificate-ca-key").inputs).toEqual(key);
    expect(byName("certificate-key").inputs).toEqual(key);
    expect(byName("certificate-ca").inputs).toEqual({
      privateKeyPem: pem("PRIVATE KEY", "certificate-ca-key"),
      isCaCertificate: true,
      setSubjectKeyId: true,
      subject: { commonName: "Hypha test CA", organization: "Hypha" },
      allowedUses: ["cert_signing", "crl_signing"],
      validityPeriodHours: 3650 * 24,
      earlyRenewalHours: 90 * 24,
    });
    expect(byName("certificate-request").inputs).toEqual({
      privateKeyPem: pem("PRIVATE KEY", "certificate-key"),
      dnsNames: names,
      subject: { commonName: "chat.example.org" },
    });
    expect(byName("certificate-site").inputs).toEqual({
      certRequestPem: pem("CERTIFICATE REQUEST", "certificate-request"),
      caPrivateKeyPem: pem("PRIVATE KEY", "certificate-ca-key"),
      caCertPem: pem("CERTIFICATE", "certificate-ca"),
      allowedUses: ["digital_signature", "server_auth"],
      validityPeriodHours: 90 * 24,
      earlyRenewalHours: 30 * 24,
      setSubjectKeyId: true,
    });
  });

  test("private keys are secret wherever they go, certificates are not", async () => {
    const { byName, result } = await make();
    expect(byName("certificate-ca").secretInputs).toEqual(["privateKeyPem"]);
    expect(byName("certificate-request").secretInputs).toEqual(["privateKeyPem"]);
    expect(byName("certificate-site").secretInputs).toEqual(["caPrivateKeyPem"]);
    const chain = pem("CERTIFICATE", "certificate-site");
    const authority = pem("CERTIFICATE", "certificate-ca");
    expect(await outputOf(result.chain)).toEqual({ value: chain, secret: false });
    expect(await outputOf(result.authority)).toEqual({ value: authority, secret: false });
    expect(await outputOf(result.privateKey)).toEqual({
      value: pem("PRIVATE KEY", "certificate-key"),
      secret: true,
    });
    expect(byName("certificate")).toMatchObject({ outputs: { chain, authority }, secretOutputs: [] });
  });
});

describe("Edge", () => {
  const certificate = {
    chain: pulumi.output("the chain"),
    privateKey: pulumi.secret("the key"),
    authority: pulumi.output("the authority"),
  };
  const make = (change: Partial<EdgeArgs> = {}) =>
    run(() => {
      const swarm = cluster();
      return new Edge("edge", swarm, { image: pulled(swarm.manager), certificate, ...settings, ...change });
    });

  test("is one service that holds both ports, stops before the next starts, and reads three files", async () => {
    const { byName, resources } = await make();
    const policy = { parallelism: 1, order: "stop-first", monitor: "5s", delay: "0s", maxFailureRatio: "0" };
    const port = (targetPort: number, publishedPort: number) => ({
      ...{ targetPort, publishedPort, protocol: "tcp", publishMode: "host" },
    });
    const file = (kind: string, name: string, fileName: string) => ({
      [`${kind}Id`]: `edge-${name}-id`,
      [`${kind}Name`]: `edge-${name}-0000000`,
      ...{ fileName, fileUid: "1005", fileGid: "1005", fileMode: 0o400 },
    });
    const service = byName("edge-service");
    expect(service.inputs).toEqual({
      name: "hypha-test-edge",
      labels: labels(),
      mode: { replicated: { replicas: 1 } },
      endpointSpec: { mode: "dnsrr", ports: [port(8080, 80), port(8443, 443)] },
      updateConfig: { ...policy, failureAction: "rollback" },
      rollbackConfig: { ...policy, monitor: "1s", failureAction: "pause" },
      convergeConfig: { delay: "1s", timeout: "2m40s" },
      taskSpec: {
        networksAdvanceds: [{ id: "cluster-network-id" }],
        placement: { constraints: ["node.labels.hypha.test.edge==true"] },
        restartPolicy: { condition: "any", delay: "2s", window: "1m" },
        logDriver,
        resources: { limits: { memoryBytes: 128 * 1024 * 1024 } },
        containerSpec: {
          ...{
            image: reference,
            hostname: "edge",
            readOnly: true,
            capDrops: ["ALL"],
            stopGracePeriod: "10s",
          },
          healthcheck,
          mounts: [{ type: "tmpfs", target: "/tmp", tmpfsOptions: { sizeBytes: 67108864, mode: 0o777 } }],
          secrets: [file("secret", "tls-key", "/run/secrets/tls.key")],
          configs: [
            file("config", "nginx-conf", "/etc/nginx/nginx.conf"),
            file("config", "tls-crt", "/etc/hypha/tls.crt"),
          ],
        },
      },
    });
    expect(service.secretInputs).toEqual([]);
    expect(service.options).toEqual({
      ...noOptions,
      provider: byName("local-docker").urn,
      hooks: { onError: ["explain-hypha-test-edge"] },
      retainOnDelete: true,
    });
    expect(waitsFor(service)).toEqual([
      ...["app-image-pull", "cluster-network", "cluster-node-local"],
      ...["edge-nginx-conf", "edge-removal", "edge-tls-crt", "edge-tls-key"],
    ]);
    const parent = byName("edge", "hypha:edge:Edge").urn;
    expect(
      resources
        .filter((one) => one.parent === parent)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...["edge", "edge-nginx-conf", "edge-tls-crt", "edge-tls-key"]]);
  });

  test("its files hold the rendered text, the chain, and the key as a secret", async () => {
    const { byName } = await make();
    const held = (name: string) => Buffer.from(String(byName(name).inputs["data"]), "base64").toString();
    expect(held("edge-nginx-conf")).toBe(renderNginxConf(settings));
    expect(held("edge-tls-crt")).toBe("the chain");
    expect(held("edge-tls-key")).toBe("the key");
    expect(byName("edge-tls-key").secretInputs).toEqual(["data"]);
  });

  test.each([
    [443, "https://chat.example.org"],
    [8443, "https://chat.example.org:8443"],
  ])("published on %d its address is %s", async (httpsPort, url) => {
    const { result, byName } = await make({ httpsPort, machines: [{ cpus: 16, memoryMiB: 8192 }] });
    expect(result.url).toBe(url);
    expect(byName("edge", "hypha:edge:Edge").outputs).toEqual({ url });
    expect(byName("edge-service").inputs).toMatchObject({
      taskSpec: { resources: { limits: { memoryBytes: 320 * 1024 * 1024 } } },
    });
  });
});
