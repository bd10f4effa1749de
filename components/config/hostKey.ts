import { z } from "zod";

const keyTypes = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
];

/** A public host key as one line: type and base64. A comment after it is dropped. */
export const hostKey = () =>
  z
    .string()
    .overwrite((line) => line.trim().replace(/^(\S+)[ \t]+(\S+)([ \t].*)?$/, "$1 $2"))
    .superRefine((line, context) => {
      const what = whyNotHostKey(line);
      if (what !== undefined) {
        context.addIssue({ code: "custom", message: `${what}; fix: ${fix}` });
      }
    });

const fix = "copy one line of the server's /etc/ssh/ssh_host_ed25519_key.pub: ssh-ed25519 AAAA…";

function whyNotHostKey(line: string): string | undefined {
  if (line.includes("\n") || line.includes("PRIVATE KEY")) {
    return "is more than one line";
  }
  const [type, base64] = line.split(" ");
  if (type === undefined || base64 === undefined || !keyTypes.includes(type)) {
    return `does not start with a key type (${keyTypes.join(", ")}) followed by base64`;
  }
  const blob = Buffer.from(base64, "base64");
  if (blob.toString("base64").replace(/=+$/, "") !== base64.replace(/=+$/, "")) {
    return "is not base64 after the key type";
  }
  if (blob.length < 4 || blob.toString("latin1", 4, 4 + blob.readUInt32BE(0)) !== type) {
    return `holds something else than the ${type} key it says`;
  }
  const wrongLength = type === "ssh-ed25519" ? blob.length !== 51 : blob.length < 100;
  return wrongLength ? "is cut short or has something added" : undefined;
}
