import { parseConfig } from "../../components/config/load";
import { hostCheck } from "../../ops/lib/hostChecks";
import { hostKey } from "../support/config";

const { hosts } = parseConfig({
  hosts: { web1: { kind: "vps", address: "192.0.2.7", hostKey, minimum: { diskGiB: 5 } } },
  edge: { domain: "chat.test" },
});
const now = 1_790_000_000;
const check = (unreachable: string | undefined, first: boolean, code = 0, output = "") => {
  const host = hosts["web1"];
  if (host === undefined) throw new Error("no host");
  return hostCheck(
    "web1",
    host,
    unreachable,
    { code, output, problem: "permission denied" },
    first,
    now * 1000,
  );
};

test("a host that cannot be reached stops the deployment only where the others are reached through it", () => {
  expect(check("192.0.2.7 port 22: no answer", true)).toEqual({
    name: "host web1",
    verdict: "FAILED",
    what: "cannot be reached: 192.0.2.7 port 22: no answer",
    fix: "check that it runs, and hypha:hosts.web1; or name another manager as hypha:cluster.first",
  });
  expect(check("192.0.2.7 port 22: no answer", false)).toEqual({
    name: "host web1",
    verdict: "warn",
    what: "cannot be reached: 192.0.2.7 port 22: no answer",
    fix: "check that it runs, and hypha:hosts.web1; the other hosts are deployed without it",
  });
  expect(check(undefined, false, 255)).toMatchObject({
    verdict: "warn",
    what: "cannot be reached: permission denied",
  });
});

test("a full disk stops it on any host", () => {
  const free = (mebibytes: number) => `${mebibytes * 1024} ${20 * 1024 * 1024}\n7%\n${now}\n`;
  expect(check(undefined, false, 0, free(300))).toMatchObject({ verdict: "FAILED" });
  expect(check(undefined, false, 0, free(2048))).toMatchObject({ verdict: "warn" });
  expect(check(undefined, false, 0, free(8192))).toMatchObject({
    verdict: "ok",
    what: "reachable; 8.0 GiB of 20.0 GiB free",
  });
});

test.each([
  [-300, "ok", "reachable; 8.0 GiB of 20.0 GiB free"],
  [300, "ok", "reachable; 8.0 GiB of 20.0 GiB free"],
  [301, "FAILED", "reachable; its clock is 301 s ahead of this machine's"],
  [-3600, "FAILED", "reachable; its clock is 3600 s behind this machine's"],
])("a clock that is %d s ahead: %s", (ahead, verdict, what) => {
  const sizes = `${8 * 1024 * 1024} ${20 * 1024 * 1024}\n7%\n`;
  expect(check(undefined, false, 0, `${sizes}${now + ahead}\n`)).toMatchObject({ verdict, what });
});
