import { isMap, parseDocument } from "yaml";

/** What is known of a grid VM that can be reached: part of an entry of `hypha:hosts`. */
export interface Reachable {
  address: string;
  /** `<type> <base64>`. */
  hostKey: string;
  /** Name of its deployment. */
  vm: string;
}

/**
 * A stack file's text with a server in it, as a host of its own or in place of the address and host key that stand
 * there. Everything else stays, comments too. Throws where it is no stack file.
 */
export function withServer(text: string, name: string, { vm, ...server }: Reachable): string {
  const document = parseDocument(text);
  if (document.errors.length > 0 || !(isMap(document.contents) || document.contents === null)) {
    throw new Error(
      `is no stack file: ${document.errors[0]?.message ?? "it holds no map"}; fix: correct its YAML`,
    );
  }
  const at = ["config", "hypha:hosts", name];
  if (!document.hasIn(at)) {
    document.setIn(
      at,
      document.createNode({
        kind: "vps",
        user: "root",
        environment: "tfgrid",
        gridVm: { name: vm },
        ...server,
      }),
    );
  } else if (document.getIn([...at, "kind"]) !== "vps") {
    throw new Error(`hypha:hosts.${name} is no server of the kind vps; fix: take another name`);
  } else {
    Object.entries(server).forEach(([key, value]) => {
      document.setIn([...at, key], value);
    });
    document.setIn([...at, "gridVm", "name"], vm);
  }
  return document.toString({ lineWidth: 0 });
}
