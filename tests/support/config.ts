import { ConfigError, parseConfig } from "../../components/config/load";
import type { ParseContext } from "../../components/config/load";

/** A public key that parses; nobody has its private half. */
export const hostKey = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 7),
]).toString("base64")}`;

type Raw = Record<string, unknown>;

/** The least that is valid, with sections replaced. */
export const local = (sections: Raw = {}): Raw => ({
  hosts: { local: { kind: "local" } },
  edge: { domain: "chat.example.org" },
  ...sections,
});

/** The same on one server, with fields of the server replaced. */
export const vps = (host: Raw = {}, sections: Raw = {}): Raw =>
  local({ hosts: { web1: { kind: "vps", address: "192.0.2.7", hostKey, ...host } }, ...sections });

/** The lines of a refusal; none when the configuration is valid. Another exception passes through. */
export function problemsOf(raw: Raw, context?: ParseContext): string[] {
  try {
    parseConfig(raw, context);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems.map(({ path, what, fix }) => `${path}: ${what}; fix: ${fix}`);
    }
    throw error;
  }
}
