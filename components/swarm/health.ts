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
const lookSeconds = 5;
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
  `while ((SECONDS < ${watchSeconds})); do sleep ${lookSeconds}; timeout ${timeoutSeconds} "$@" || exit 0; done`,
].join("\n");

/** What Swarm starts, how many seconds after the one before, and how many it may take. */
function checkOf({ command, bash }: Healthcheck): { run: string[]; interval: number; timeout: number } {
  return bash
    ? // What watches may begin its last look at the end of its time.
      { run: ["bash", "-c", watch, "watch", ...command], interval: 3, timeout: 2 * watchSeconds }
    : // As often as a process may cost.
      { run: command, interval: 15, timeout: timeoutSeconds };
}

/** How Swarm looks after a container, and the seconds that one which never becomes healthy may take to be found so. */
export function healthcheck(args: { check?: Healthcheck; startSeconds: number; ownsVolume: boolean }) {
  const { run, interval, timeout } = checkOf(args.check ?? own);
  const retries = Math.max(3, args.ownsVolume ? Math.ceil(patienceSeconds / interval) : 0);
  return {
    healthcheck: {
      tests: ["CMD", ...run],
      interval: duration(interval),
      timeout: duration(timeout),
      retries,
      startPeriod: duration(args.startSeconds),
    },
    failSeconds: retries * (interval + timeoutSeconds),
  };
}
