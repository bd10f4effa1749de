/** A fault that a story of its own shows. */
export interface ShownElsewhere {
  /** File below tests/e2e, and the title of the test there. */
  story: string;
  title: string;
  /** What the operator sees, what kept serving, how it recovers. */
  sees: string;
  served: string;
  recovers: string;
}

/** Faults of the story in faults.test.ts, in its order. */
export const ownFaults = [
  "clock is wrong",
  "health never true",
  "migration fails",
  "out of memory",
  "bad image",
  "server's DNS is gone",
  "slow start",
  "disk full before",
  "disk full in the middle",
  "engine restarted in the middle",
  "edge configuration invalid",
  "secret gone from the swarm",
  "SIGINT while it looks",
  "SIGKILL while it looks",
  "SIGTERM while a service changes",
  "SIGKILL before it validates",
  "state backend unavailable",
  "another, empty state",
  "wrong passphrase",
] as const;

export type FaultName = (typeof ownFaults)[number];

/** Faults that other stories show; a test holds the titles against them. */
export const otherFaults: Readonly<Record<string, ShownElsewhere>> = {
  "crash loop": {
    story: "vps.test.ts",
    title: "a release that ends at once fails the update, and the old one answers throughout",
    sees: "the failed task, its exit code, its last lines; its likely cause",
    served: "everything",
    recovers: "Swarm puts the old version back; the next make up",
  },
  "broken release, ROLLBACK_ON_FAILURE=true": {
    story: "release.test.ts",
    title:
      "a broken release goes back by itself: no request fails, and the exit code still says that it failed",
    sees: "`Version 5 is back and answers`, exit code 1",
    served: "everything",
    recovers: "by itself",
  },
  "lock held, two operators at once": {
    story: "release.test.ts",
    title: "four versions; while one is deployed a second operator is told whose turn it is",
    sees: "who holds the lock, since when, for what; exit code 2",
    served: "everything",
    recovers: "nothing to recover",
  },
  "SIGKILL while a service changes": {
    story: "release.test.ts",
    title:
      "a killed deployment frees its lock; the next one removes what it left, finishes, and tells what was not committed",
    sees: "the next one says that Pulumi's own lock was left and is removed",
    served: "everything",
    recovers: "the next make up",
  },
  "SIGKILL while a service is made": {
    story: "services.test.ts",
    title:
      "an up that is killed while a service starts is finished by the next, which makes the service anew",
    sees: "the next one says which service was left, and that it is made anew",
    served: "nothing yet",
    recovers: "the next make up",
  },
  "SIGKILL while the stack is removed": {
    story: "services.test.ts",
    title: "what a destroy has left that was killed, the next up has running again",
    sees: "the next up says which service was left, and that it is made anew",
    served: "what was not removed yet",
    recovers: "the next make up or make down",
  },
  "image of a version gone, its files others now": {
    story: "release.test.ts",
    title: "a version whose image is gone and whose files are others now changes nothing",
    sees: "which image, and that its files are others; exit code 1",
    served: "everything",
    recovers: "nothing was changed",
  },
  "files that are not committed": {
    story: "release.test.ts",
    title: "a tree that differs from its commit is refused, before anything is made",
    sees: "the files; exit code 1",
    served: "everything",
    recovers: "nothing was changed",
  },
  "CI job cancelled": {
    story: "workflow.test.ts",
    title: "a job killed in the middle leaves nothing stuck: the next push is deployed",
    sees: "the run's page says that the deployment was cut off",
    served: "everything",
    recovers: "the next push",
  },
  "SIGINT and SIGKILL at five moments of a first deployment": {
    story: "fleet.test.ts",
    title: "three hosts become the chat, although interrupted at five points",
    sees: "which steps were cut off",
    served: "nothing yet",
    recovers: "the next make up",
  },
  "host lost for good, the first manager": {
    story: "fleet.test.ts",
    title: "the first manager dies: the site answers, the tools find another manager and name the dead one",
    sees: "the host by name, within ten seconds",
    served: "the site, by the other edge",
    recovers: "make forget, make up",
  },
  "host cut off": {
    story: "fleet.test.ts",
    title:
      "a host that is cut off fails the update by its name, the site answers; once it is back the next up finishes",
    sees: "the host by name; exit code 1",
    served: "the site, by the others",
    recovers: "the next make up",
  },
  "host lost while a service is rolled over it": {
    story: "fleet.test.ts",
    title:
      "a host is lost while a service is rolled over it: no request fails, and once it is back the next up finishes",
    sees: "that the service was updated: its replica runs on another host",
    served: "the site, by the others",
    recovers: "by itself",
  },
  "host reboots": {
    story: "fleet.test.ts",
    title: "a host that reboots comes back by itself, and nothing is to be done",
    sees: "nothing",
    served: "the site, by the others",
    recovers: "by itself",
  },
  "host that does not answer, at the first deployment": {
    story: "refusals.test.ts",
    title: "a host that does not answer",
    sees: "its address, and what to check; exit code 1",
    served: "nothing yet",
    recovers: "make up",
  },
  "host with another key": {
    story: "refusals.test.ts",
    title: "another host key than the pinned one",
    sees: "that it shows another key, and to find out why; exit code 1",
    served: "nothing yet",
    recovers: "correct hypha:hosts.*.hostKey, make up",
  },
  "port taken": {
    story: "refusals.test.ts",
    title: "a port that something else holds",
    sees: "the port, who holds it, and what to do; exit code 1",
    served: "nothing yet",
    recovers: "make up",
  },
  "one of several hosts refuses connections": {
    story: "deployment.test.ts",
    title:
      "a server that refuses connections fails, the other is prepared, and the end says which, why and what to do",
    sees: "the host, why, what to do; exit code 1",
    served: "the other host is deployed",
    recovers: "make up",
  },
};
