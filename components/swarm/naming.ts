import * as pulumi from "@pulumi/pulumi";

/** The name of a thing of this stack on an engine: `hypha-<stack>-<role>`. Two stacks may share an engine. */
export function stackName(role: string): string {
  return `hypha-${pulumi.getStack()}-${role}`;
}

/** Labels on everything of this stack, so that tools find it and nothing else. */
export function stackLabels(): { label: string; value: string }[] {
  return [{ label: "hypha.stack", value: pulumi.getStack() }];
}
