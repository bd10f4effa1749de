import { readFileSync } from "fs";
import { join } from "path";
import { root } from "../components/fixtures";
import { Checkout } from "./checkout";

const scripts = [
  "with-stack",
  "deploy",
  "summary",
  "preview",
  "comment",
  "drift",
  "drift-issue",
  "no-preview",
  "outputs",
];

/** A checkout with the scripts of ops/ci and a stack, whose dependencies and toolchain are stubs. */
export function ciCheckout(): Checkout {
  const checkout = new Checkout();
  for (const name of scripts) {
    const text = readFileSync(join(root, "ops", "ci", `${name}.sh`), "utf8");
    checkout.write(`ops/ci/${name}.sh`, text, 0o755);
  }
  checkout.write("Pulumi.prod.yaml", "encryptionsalt: v1:abc\nconfig: {}\n");
  checkout.write("package-lock.json", "{}");
  checkout.stub("npm", "mkdir -p node_modules; echo '{}' >node_modules/.package-lock.json");
  checkout.stub("toolchain.sh", "", "ops");
  return checkout;
}
