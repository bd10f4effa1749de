import * as fs from "fs";
import { parse } from "yaml";
import { parseConfig } from "../../components/config/load";
import { StackConfig } from "../../components/config/schema";
import { ToolError } from "./tool";

/** The name of a stack's own file. */
export const stackFileName = (stack: string): string => `Pulumi.${stack.split("/").at(-1) ?? stack}.yaml`;

/** The `hypha:` keys of a stack file, and the salt of its secrets. */
export function readStackFile(file: string): { config: Record<string, unknown>; salt: string | undefined } {
  if (!fs.existsSync(file)) {
    throw new ToolError(`${file} is missing: copy Pulumi.dev.yaml or Pulumi.prod.yaml and fill it in`);
  }
  const { config, encryptionsalt } = (parse(fs.readFileSync(file, "utf8")) ?? {}) as {
    config?: Record<string, unknown> | null;
    encryptionsalt?: string;
  };
  const own = Object.entries(config ?? {}).filter(([key]) => key.startsWith("hypha:"));
  return { config: Object.fromEntries(own), salt: encryptionsalt };
}

/** The checked configuration of a stack file. Throws a ConfigError with all its problems. */
export function stackFileConfig(file: string): StackConfig {
  const { config } = readStackFile(file);
  return parseConfig(
    Object.fromEntries(Object.entries(config).map(([key, value]) => [key.slice("hypha:".length), value])),
  );
}
