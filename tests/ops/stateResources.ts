import { shellAssign } from "../../components/shell/quote";
import { StateResource } from "../../ops/lib/state";

export const urn = (name: string, type: string) => `urn:pulumi:t::hypha::${type}::${name}`;
export const stackUrn = urn("hypha-t", "pulumi:pulumi:Stack");
export const resource = (
  name: string,
  type: string,
  parent = stackUrn,
  more: Partial<StateResource> = {},
): StateResource => ({
  urn: urn(name, type),
  type,
  parent,
  ...more,
});

/** Inputs of a host script with these variables. */
export const script = (variables: Record<string, string>) => ({ inputs: { stdin: shellAssign(variables) } });
