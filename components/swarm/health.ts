import { duration } from "./duration";

/** What a container runs to tell whether it is healthy, and whether its image has a bash, which can go on looking. */
export interface Healthcheck {
  command: string[];
  bash: boolean;
}

/** That of every image of ours. */
const own: Healthcheck = { command: ["/usr/local/bin/healthcheck"], bash: true };

const timeoutSeconds = 5;
const watchSeconds = 30;
/** Without bash as often as a process may cost. */
const intervalSeconds = { bash: 3, bare: 15 };
/** Seconds of failed checks that nothing short of kills what owns a volume: none stands in for it when its host is busy. */
const patienceSeconds = 30;

/**
 * A process started in a container costs its engine a tenth of a second of processor time (measured with Docker 20.10), which
 * every three seconds is most of what an idle host does. So the one that finds the container healthy goes on looking, and
 * ends early when it is not: what the next one finds counts. The very first ends at once, as a rolling update waits for it.
 */
const watch = [
  `timeout ${timeoutSeconds} "$@"; code=$?`,
  `[ $code != 124 ] || echo "no answer within ${timeoutSeconds} s"`,
  `[ $code = 0 ] || exit $code`,
  `[ -e /tmp/healthy ] || { : >/tmp/healthy; exit 0; }`,
  `while ((SECONDS < ${watchSeconds})); do sleep 5; timeout ${timeoutSeconds} "$@" || exit 0; done`,
].join("\n");

/** How Swarm looks after a container, and the seconds that one which never becomes healthy may take to be found so. */
export function healthcheck(args: { check?: Healthcheck; startSeconds: number; ownsVolume: boolean }) {
  const { command, bash } = args.check ?? own;
  const interval = bash ? intervalSeconds.bash : intervalSeconds.bare;
  const retries = Math.max(3, args.ownsVolume ? Math.ceil(patienceSeconds / interval) : 0);
  return {
    healthcheck: {
      tests: ["CMD", ...(bash ? ["bash", "-c", watch, "watch"] : []), ...command],
      interval: duration(interval),
      // What watches may begin its last look at the end of its time.
      timeout: duration(bash ? 2 * watchSeconds : timeoutSeconds),
      retries,
      startPeriod: duration(args.startSeconds),
    },
    failSeconds: retries * (interval + timeoutSeconds),
  };
}
