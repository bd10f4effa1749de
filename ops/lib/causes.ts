/** What is said of a failure, and what it most likely comes from. The first that fits counts, so the narrow ones lead. */
const causes: readonly (readonly [RegExp, string])[] = [
  [
    /no space left on device|disk quota exceeded/i,
    "the disk is full: free some (docker image ls, journalctl --vacuum-size), see make check",
  ],
  [
    /incorrect passphrase/i,
    "the state was sealed with another passphrase: give that one by PULUMI_CONFIG_PASSPHRASE, or its file by PULUMI_CONFIG_PASSPHRASE_FILE",
  ],
  [
    /unable to open state directory|read ".pulumi\/meta.yaml"|PULUMI_ACCESS_TOKEN must be set/,
    "the state's place is not there, or does not let you in: see PULUMI_BACKEND_URL and pulumi login",
  ],
  [
    /\[emerg\] \d+#\d+: /,
    "Nginx refuses its configuration, as its line below says: correct what it is made of",
  ],
  [
    /(relation|table|column|type|schema|function) "\S+" (does not exist|already exists)|syntax error at or near|permission denied for (table|schema|database)/i,
    "its database refused a statement: a migration may be wrong; what it did before that stays in the data",
  ],
  [
    /no such image|pull access denied|manifest unknown|image .* not found|invalid reference/i,
    "the image is not on that host: make up sends it again; for one from a registry check its reference and docker login",
  ],
  [
    /cannot connect to the docker daemon|this node is not a swarm manager|error during connect|connection reset by peer|unexpected EOF/i,
    "the engine went away meanwhile, or the way to it: journalctl -u docker on that host; make up goes on from there",
  ],
  [
    /no such host|temporary failure in name resolution|could not resolve|server misbehaving/i,
    "a name is not resolved: check the name, and the DNS of the host that asks (/etc/resolv.conf)",
  ],
  [
    /port is already allocated|address already in use|host-mode port already in use/i,
    "something else holds the port: find it with ss -ltnp on that host, or change hypha:edge.ports",
  ],
  [
    /no suitable node/i,
    "no host fits: check the roles under hypha:hosts, and in make status that the hosts of that role are up",
  ],
  [
    /(secret|config) (reference )?\S* ?not found/i,
    "a secret or config is gone from the swarm: make doctor FIX=1 makes it again",
  ],
  [
    /out of memory|OOMKilled|oom-kill|non-zero exit \(137\)/i,
    "it was killed, most likely for its memory: raise its resources.memoryMiB",
  ],
  [/non-zero exit \(12[67]\)/, "its program cannot be started: the image lacks it, or env changes its PATH"],
  [
    /unhealthy container|its health checks failed/i,
    "it runs and never became healthy: what it says last tells why; what it depends on may not answer",
  ],
  [
    /non-zero exit \(\d+\)/,
    "its program ended by itself: what it says last tells why; a setting under env may be wrong",
  ],
];

/** The likely cause of a failure and what to do, from all that was said of it; undefined where nothing is known. */
export function causeOf(text: string): string | undefined {
  return causes.find(([pattern]) => pattern.test(text))?.[1];
}
