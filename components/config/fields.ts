import { isIP } from "node:net";
import { z } from "zod";

/** A cross-field problem found by a `superRefine`; `fix` says what to write. Cheap: any rule can report it. */
export function problem(
  context: z.RefinementCtx,
  path: readonly (string | number)[],
  what: string,
  fix: string,
): void {
  context.addIssue({ code: "custom", path: [...path], message: `${what}; fix: ${fix}` });
}

/**
 * When a rule over several fields runs: as soon as those it reads are sound, whatever is wrong elsewhere, so that all
 * problems are reported at once. Names are dotted paths below the schema that the rule hangs on; none: its own type.
 */
export function whenSound(...fields: readonly string[]) {
  return {
    when: ({ issues }: z.core.ParsePayload) =>
      !issues.some((issue) => {
        const path = (issue.path ?? []).join(".");
        const own = path === "" && issue.code === "invalid_type";
        return (
          own ||
          fields.some((field) => `${path}.`.startsWith(`${field}.`) || `${field}.`.startsWith(`${path}.`))
        );
      }),
  };
}

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Lower case, labels of at most 63 characters, and not something that looks like an IPv4 address. */
export function isDnsName(text: string): boolean {
  const labels = text.split(".");
  return text.length <= 253 && labels.every((part) => label.test(part)) && !/^\d+$/.test(labels.at(-1) ?? "");
}

export const dnsName = () =>
  z.string().refine(isDnsName, {
    error:
      "is not a DNS name; fix: write lower-case labels of a-z, 0-9 and - joined by dots, like chat.example.org",
  });

export const address = () =>
  z.string().refine((text) => (isIP(text) > 0 && !text.includes("%")) || isDnsName(text), {
    error:
      "is no address; fix: write an IPv4 address, an IPv6 address without brackets, or a lower-case DNS name",
  });

/** A host's name becomes part of resource names: renaming a key is another host. */
export const hostName = () =>
  z.string().refine((name) => isDnsName(name) && !name.includes("."), {
    error: "is no host name; fix: name the host with up to 63 of a-z, 0-9 and -, like web1",
  });

export const ipAddress = () =>
  z.string().refine((text) => isIP(text) > 0 && !text.includes("%"), {
    error: "is no IP address; fix: write an IPv4 address, or an IPv6 address without brackets",
  });

export const port = () => z.int().min(1).max(65535);

export const accountName = () =>
  z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, {
    error: "is no account name; fix: write up to 32 of a-z, 0-9, _ and -, starting with a letter or _",
  });

/** A path or word that ends up in a file or an argument vector: no control characters, and never read as an option. */
export const plainText = () =>
  z
    .string()
    .min(1)
    // eslint-disable-next-line no-control-regex -- control characters are what this refuses
    .regex(/^[^-\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$/, {
      error: "holds a control character or starts with a dash; fix: write it without",
    });

export const sha256 = () =>
  z.string().regex(/^[0-9a-f]{64}$/, {
    error: "is no SHA-256; fix: write the 64 lower-case hex digits that sha256sum prints",
  });
