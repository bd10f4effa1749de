import * as fs from "fs";
import { accountName } from "../components/config/fields";
import { renderCloudInit } from "../components/host/cloudInit";
import { expandHome } from "../components/shell/home";
import { parseArguments, runTool, ToolError } from "./lib/tool";

const usage = `usage: cloudInit --key FILE [--user NAME]
Prints cloud-init user data for a new server: NAME (default: hypha) gets in by the public key in FILE, and has sudo.
Give it to the provider when you make the server, and write user: NAME under hypha:hosts.`;

runTool(usage, (args) => {
  const { values } = parseArguments(args, { flags: [], values: ["--key", "--user"] });
  const file = values.get("--key") ?? "";
  const user = values.get("--user") ?? "hypha";
  if (file === "") {
    throw new ToolError("no public key is named; fix: make cloud-init KEY=~/.ssh/id_ed25519.pub");
  }
  if (!accountName().safeParse(user).success) {
    throw new ToolError(`${user} is no account name; fix: write up to 32 of a-z, 0-9, _ and -, like hypha`);
  }
  try {
    process.stdout.write(renderCloudInit({ user, key: fs.readFileSync(expandHome(file), "utf8") }));
  } catch (error) {
    throw new ToolError(`${file}: ${(error as Error).message}`);
  }
  return 0;
});
