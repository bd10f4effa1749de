import * as fs from "fs";
import * as os from "os";
import * as path from "path";
import { parseConfig } from "../../components/config/load";
import {
  breakLock,
  LockedError,
  lockOwner,
  LockOwner,
  lockPlace,
  LockPlaceError,
  takeLock,
} from "../../ops/lib/lock";
import { hostKey } from "../components/fixtures";

const data = fs.mkdtempSync(path.join(os.tmpdir(), "hypha-lock-"));
const before = process.env["HYPHA_DATA"];
beforeAll(() => (process.env["HYPHA_DATA"] = data));
afterAll(() => {
  process.env["HYPHA_DATA"] = before;
  fs.rmSync(data, { recursive: true });
});

const edge = { domain: "chat.test" };
const local = parseConfig({ hosts: { here: { kind: "local" } }, edge });
const owner: LockOwner = {
  who: "ann@desk",
  pid: 12,
  since: "2026-01-02T03:04:05Z",
  commit: "abc",
  what: "up",
};

test("it is held by one, who is named to the next, until it is released", async () => {
  const place = lockPlace("prod", local);
  expect(await lockOwner(place)).toBeUndefined();
  const lock = await takeLock("prod", place, owner);
  expect(await lockOwner(place)).toEqual({ ...owner, holder: expect.any(Number) as number });
  const refused = await takeLock("prod", place, { ...owner, who: "bob@lap" }).catch(
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(LockedError);
  expect(String(refused)).toContain(
    "stack prod is locked: up by ann@desk (process 12) since 2026-01-02T03:04:05Z",
  );
  await lock.release();
  expect(await lockOwner(place)).toBeUndefined();
});

test("who waits gets it when it is free", async () => {
  const place = lockPlace("waited", local);
  const first = await takeLock("waited", place, owner);
  const second = takeLock("waited", place, { ...owner, who: "bob@lap" }, 60);
  await first.release();
  const lock = await second;
  expect(await lockOwner(place)).toMatchObject({ who: "bob@lap" });
  await lock.release();
});

test("it is taken away from the owner that was looked at, who hears of it; not from another", async () => {
  const place = lockPlace("broken", local);
  const lock = await takeLock("broken", place, owner);
  const seen = await lockOwner(place);
  expect(seen).toMatchObject(owner);
  expect(await breakLock(place, { ...owner, holder: 1 }, "bob@lap")).toBe(false);
  expect(await breakLock(place, { ...owner, ...seen }, "bob@lap")).toBe(true);
  expect(await lock.lost).toContain("taken away");
  expect(await lockOwner(place)).toBeUndefined();
});

test("a server's lock is root's, by the first contact's account; one that does not answer is said to be the manager", async () => {
  const host = { kind: "vps", address: "127.0.0.1", port: 1, user: "ops", hostKey };
  const place = lockPlace("org/app/prod", parseConfig({ hosts: { web1: host }, edge }));
  expect(place.file).toBe("/run/lock/hypha-org-app-prod.lock");
  const [program, words] = place.command(["owner", place.file]);
  expect(program).toBe("ssh");
  expect(words).toContain("ops@127.0.0.1");
  expect(words.at(-1)).toMatch(/^'?sudo'? '?-n'? '?bash'?/);
  await expect(takeLock("org/app/prod", place, owner)).rejects.toThrow(LockPlaceError);
});
