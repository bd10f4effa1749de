import * as pulumi from "@pulumi/pulumi";
import { SshEndpoint } from "./channel";

/** What the SSH library says, and what it means for the one who configures the host. */
const hints: [RegExp, (name: string) => string][] = [
  [
    /host key|knownhosts/i,
    (name) =>
      `the server shows another host key than hypha:hosts.${name}.hostKey; what to do: find out why before you correct ` +
      "it (a rebuilt server has a new key, so has one that stands in for yours)",
  ],
  [
    /unable to authenticate|no supported methods/i,
    (name) =>
      `the server refused the login; what to do: put the public key in the account's authorized_keys, or correct ` +
      `hypha:hosts.${name}.user or .identity`,
  ],
  [
    /no route to host|connection refused|i\/o timeout|no such host|network is unreachable|deadline exceeded/i,
    (name) =>
      `the server cannot be reached; what to do: check that it runs and that hypha:hosts.${name}.address and .port are ` +
      "right and not firewalled",
  ],
  [
    /sudo: a password is required|sudo: command not found/i,
    (name) =>
      `the account needs root; what to do: give it sudo without a password, or set hypha:hosts.${name}.user`,
  ],
];

/** What to make of a failed first contact, or undefined where the failure speaks for itself. */
export function contactHint(name: string, errors: readonly string[]): string | undefined {
  const text = errors.join("\n");
  return hints.find(([pattern]) => pattern.test(text))?.[1](name);
}

/** Says what a failed first contact means; never tries again, the provider already has. */
export function explainContact(name: string, endpoint: SshEndpoint): pulumi.ErrorHook {
  return new pulumi.ErrorHook(`contact-${name}`, async ({ errors }) => {
    const hint = contactHint(name, errors);
    if (hint !== undefined) {
      await pulumi.log.error(`${name} (${endpoint.user}@${endpoint.address}:${endpoint.port}): ${hint}`);
    }
    return false;
  });
}
