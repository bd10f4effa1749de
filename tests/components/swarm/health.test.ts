import { healthcheck } from "../../../components/swarm/health";
import { healthcheck as watched } from "../fixtures";

test("an image of ours is looked at by a process that goes on looking", () => {
  const health = healthcheck({ startSeconds: 20, ownsVolume: false });
  expect(health).toEqual({ healthcheck: watched, failSeconds: 24 });
  expect(health.healthcheck.tests[3]?.split("\n")).toEqual([
    'timeout 5 "$@"; code=$?',
    '[ $code != 124 ] || echo "no answer within 5 s"',
    "[ $code = 0 ] || exit $code",
    "[ -e /tmp/healthy ] || { : >/tmp/healthy; exit 0; }",
    'while ((SECONDS < 30)); do sleep 5; timeout 5 "$@" || exit 0; done',
  ]);
});

test("so is another's check where there is a bash", () => {
  const check = { command: ["/app", "-health"], bash: true };
  expect(healthcheck({ check, startSeconds: 20, ownsVolume: false }).healthcheck).toEqual({
    ...watched,
    tests: [...watched.tests.slice(0, -1), "/app", "-health"],
  });
});

test("what owns a volume has half a minute", () => {
  expect(healthcheck({ startSeconds: 20, ownsVolume: true })).toEqual({
    healthcheck: { ...watched, retries: 10 },
    failSeconds: 80,
  });
});

test.each([false, true])(
  "where there is no bash the check is run as it is, and less often (volume: %s)",
  (ownsVolume) => {
    expect(
      healthcheck({ check: { command: ["/app", "-health"], bash: false }, startSeconds: 90, ownsVolume }),
    ).toEqual({
      healthcheck: {
        ...{ tests: ["CMD", "/app", "-health"], interval: "15s", timeout: "5s", retries: 3 },
        startPeriod: "1m30s",
      },
      failSeconds: 60,
    });
  },
);
