import { execFile } from "child_process";
import { healthcheck } from "../../components/swarm/health";
import { build, clean, docker, until } from "./support/docker";

const [, ...watch] = healthcheck({ startSeconds: 1, ownsVolume: false }).healthcheck.tests.slice(0, -1);

/** A container of `name` whose check is that /tmp/up is there. */
function container(name: string) {
  const id = `i-health-${name}`;
  docker("run", "-d", "--name", id, "--read-only", "--tmpfs", "/tmp", "--entrypoint", "sleep", "i-frontend", "600"); // prettier-ignore
  return {
    up: () => docker("exec", id, "touch", "/tmp/up"),
    down: () => docker("exec", id, "rm", "/tmp/up"),
    /** Whether one waits to look again. */
    looks: () => docker("top", id).includes("sleep 5"),
    asked: async (...check: string[]) => {
      const began = Date.now();
      const [code, said] = await new Promise<[unknown, string]>((resolve) => {
        execFile("docker", ["exec", id, ...watch, ...check], (error, stdout) => {
          resolve([error === null ? 0 : error.code, stdout]);
        });
      });
      return { code, said, seconds: (Date.now() - began) / 1000 };
    },
  };
}

const upThere = ["test", "-e", "/tmp/up"];

beforeAll(async () => {
  clean();
  await build("frontend");
});
afterAll(clean);

test("the first that finds it healthy says so at once, the next looks until the check fails, and the one after that tells", async () => {
  const one = container("one");
  expect(await one.asked(...upThere)).toMatchObject({ code: 1 });
  one.up();
  const first = await one.asked(...upThere);
  expect(first.code).toBe(0);
  expect(first.seconds).toBeLessThan(3);
  const looking = one.asked(...upThere);
  await until("it looks", 10, one.looks);
  one.down();
  const last = await looking;
  expect(last.code).toBe(0);
  expect(last.seconds).toBeLessThan(12);
  const told = await one.asked(...upThere);
  expect(told.code).toBe(1);
  expect(told.seconds).toBeLessThan(3);
});

test("a check that does not end has failed after five seconds", async () => {
  const { code, said, seconds } = await container("stuck").asked("sleep", "60");
  expect([code, said]).toEqual([124, "no answer within 5 s\n"]);
  expect(seconds).toBeGreaterThan(4.9);
  expect(seconds).toBeLessThan(10);
});
