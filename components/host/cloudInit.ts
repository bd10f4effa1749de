import { stringify } from "yaml";

export interface CloudInitArgs {
  /** Account of the first contact, `hosts.<name>.user`: made with sudo that asks for no password. */
  user: string;
  /** The public key that may log in as it: type, base64, and a comment if you like. */
  key: string;
}

const publicKey =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]{40,}={0,2}( [ -~]*)?$/;

/**
 * User data for a new server of any provider that knows cloud-init: after its first boot Hypha's first contact gets in
 * by key, and nobody by password. The console's log tells the host key, for `hosts.<name>.hostKey`. Throws where `key`
 * is no public key.
 */
export function renderCloudInit({ user, key }: CloudInitArgs): string {
  const line = key.trim();
  if (!publicKey.test(line)) {
    throw new Error(
      "is no public key; fix: name a file like ~/.ssh/id_ed25519.pub, one line: type, base64, comment",
    );
  }
  const document = {
    // No `default` among them: the distribution's own account is not made.
    users: [
      {
        name: user,
        gecos: "Hypha's first contact",
        shell: "/bin/bash",
        sudo: "ALL=(ALL) NOPASSWD:ALL",
        lock_passwd: true,
        ssh_authorized_keys: [line],
      },
    ],
    disable_root: true,
    ssh_pwauth: false,
    // What a small image may lack; the preparation installs everything else.
    package_update: true,
    packages: ["openssh-server", "sudo"],
    ssh: { emit_keys_to_console: true },
  };
  return `#cloud-config\n# Made by Hypha: make cloud-init\n${stringify(document, { lineWidth: 0 })}`;
}
