import { z } from "zod";
import { child } from "./describe";
import { dnsName, port, problem, whenSound } from "./fields";

const days = () => z.int().min(1).max(36_500);

const ownCa = z
  .strictObject({
    kind: z.literal("own-ca"),
    validityDays: days().default(90).describe("Life of the certificate in days. Default: 90"),
    renewBeforeDays: days()
      .default(30)
      .describe("The certificate is renewed by an update within this many days of its end. Default: 30"),
    caValidityDays: days().default(3650).describe("Life of the CA in days. Default: 3650"),
  })
  .superRefine(
    (tls, context) => {
      if (tls.renewBeforeDays >= tls.validityDays) {
        problem(
          context,
          ["renewBeforeDays"],
          `is ${tls.renewBeforeDays}, which is not below validityDays (${tls.validityDays})`,
          "write fewer days than validityDays",
        );
      }
    },
    whenSound("validityDays", "renewBeforeDays"),
  )
  .superRefine(
    (tls, context) => {
      if (2 * tls.validityDays > tls.caValidityDays) {
        problem(
          context,
          ["caValidityDays"],
          `is ${tls.caValidityDays}, below twice validityDays (${tls.validityDays})`,
          `write ${2 * tls.validityDays} or more: a CA is made anew when it would not outlive its next certificate`,
        );
      }
    },
    whenSound("validityDays", "caValidityDays"),
  )
  .describe("A CA of the stack's own, made on the first update; clients must be given its certificate");

const laterKinds = ["acme", "provided"];

export const tls = z
  .discriminatedUnion("kind", [ownCa], {
    error: (issue) => {
      const kind = child(issue.input, "kind");
      return typeof kind === "string" && laterKinds.includes(kind)
        ? `${kind} certificates come in a later version; fix: write own-ca`
        : undefined;
    },
  })
  .prefault({ kind: "own-ca" })
  .describe("Where the certificate comes from. Default: { kind: own-ca }");

export const edge = z
  .strictObject({
    domain: dnsName().describe("The DNS name people open, like chat.example.org"),
    aliases: z
      .array(dnsName())
      .max(50)
      .default([])
      .describe("More DNS names that lead to the same site and are in its certificate. Default: none"),
    tls,
    ports: z
      .strictObject({
        http: port().default(80).describe("Port that redirects to HTTPS, 1 to 65535. Default: 80"),
        https: port().default(443).describe("Port of the site, 1 to 65535. Default: 443"),
      })
      .refine((ports) => ports.http !== ports.https, {
        path: ["https"],
        ...whenSound("http", "https"),
        error: "is the same as ports.http; fix: give each its own port",
      })
      .prefault({})
      .describe("Ports published on the edge hosts. Default: 80 and 443"),
  })
  .superRefine(
    (value, context) => {
      value.aliases.forEach((alias, index) => {
        if (alias === value.domain || value.aliases.indexOf(alias) !== index) {
          problem(context, ["aliases", index], "names a domain a second time", "remove it");
        }
      });
    },
    whenSound("domain", "aliases"),
  )
  .describe("The way in: names, certificate, ports");

export type Tls = z.infer<typeof tls>;
export type Edge = z.infer<typeof edge>;
