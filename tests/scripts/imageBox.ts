import { withEngines } from "./engines";
import type { Run } from "./sandbox";
import { Sandbox } from "./sandbox";

export const reference = "hypha-test-images/web:0123456789ab";

/** An engine as the scripts take it. */
export const engine = (name: string, address: string): string =>
  [name, "-o", "KnownHostsCommand=/bin/echo x ssh-ed25519 AAAA", "-p", "22", `muser@${address}`].join("\t");
export const first = "192.0.2.10";
export const second = "192.0.2.11";
export const third = "192.0.2.12";

/** Variables for one server, and for three of which it is the manager. */
export const remote = { HOST: engine("web1", first), NODES: engine("web1", first) };
export const fleet = {
  HOST: engine("web1", first),
  NODES: [engine("web1", first), engine("app2", second), engine("app3", third)].join("\n"),
};

/** Images as an engine has them: the one in question, made before, and its base. */
export const built = `${reference} sha256:there base,new,top`;
export const base = "debian:x sha256:base base";

export const libraries = ["engines", "prune", "send"].map((name) => `images/scripts/${name}.sh`);

/** A sandbox with engines, in which the scripts of images run; all of them are on this machine unless told otherwise. */
export class ImageBox extends Sandbox {
  constructor() {
    super();
    withEngines(this, reference)
      .file("images/web/Dockerfile", "FROM scratch\n")
      .file("images/web/conf/a.conf", "a\n")
      .file("usr/local/share/ca-certificates/corp.crt", "CA\n");
  }

  image(change: Record<string, string> = {}, verb: "up" | "check" | "down" = "up"): Run {
    const variables = {
      ...{ REFERENCE: reference, CONTEXT: "images/web", BASE: "debian:x", BUILD_ON: "local", KEEP: "5" },
      ...{ HOST: "web1", NODES: "web1", BUILD_ARGS: "BASE=debian:x\nPACKAGES=" },
    };
    return this.run("images/scripts/image.sh", { ...variables, ...change }, verb, libraries);
  }

  called(prefix: string): string[] {
    return this.calls().filter((call) => call.startsWith(prefix));
  }

  /** Gives the engine here or at an address its images, from the oldest. */
  have(at: string, ...images: string[]): this {
    return this.file(`images-${at}`, images.map((line) => `${line}\n`).join(""));
  }
}

/** What a run must say in which some of several hosts failed, each with its reason. */
export const failed = (what: string, hosts: Record<string, string>, of: number) => ({
  code: 1,
  stdout: "",
  stderr: expect.stringContaining(
    Object.entries(hosts)
      .map(([name, reason]) => `web1: failed: ${name}: ${reason}\n`)
      .join("") +
      `web1: ${what} on ${Object.keys(hosts).length} of ${of} hosts, listed above\n` +
      "web1: what to do: mend what is listed",
  ) as string,
});
