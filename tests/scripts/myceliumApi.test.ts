import { chmodSync } from "node:fs";
import { join } from "node:path";
import { apiDirectories, apiProxyUnit, apiSocketUnit } from "../../components/mycelium/render";
import { facts, failure, Run, Sandbox } from "./sandbox";

let box: Sandbox;
const socket = "hypha-mycelium-api.socket";
const proxy = "hypha-mycelium-api.service";
const files = [
  "etc/tmpfiles.d/hypha-mycelium.conf",
  `etc/systemd/system/${socket}`,
  `etc/systemd/system/${proxy}`,
];
const variables = {
  DIRECTORIES: apiDirectories(),
  SOCKET_UNIT: apiSocketUnit(),
  PROXY_UNIT: apiProxyUnit(),
};
const api = (verb: "up" | "check" | "down" = "up", change: Partial<typeof variables> = {}): Run =>
  box.run("mycelium/scripts/api.sh", { ...variables, ...change }, verb);
/** Calls of systemd since there were `from`, but for questions. */
const systemd = (from = 0) =>
  box
    .calls()
    .slice(from)
    .filter((call) => /^systemctl (?!show)|^systemd-tmpfiles/.test(call))
    .map((call) => call.replaceAll(box.root, ""));

beforeEach(() => {
  box = new Sandbox();
  box.real("rmdir").real("rm");
  const { root } = box;
  box
    .file("lib/systemd/systemd-socket-proxyd", "")
    .stub("systemd-tmpfiles", `mkdir -p ${root}/run/hypha/mycelium; chmod 0700 ${root}/run/hypha`)
    .stub("install", 'mkdir -p "$(dirname "${@: -1}")" && cat >"${@: -1}" && chmod 644 "${@: -1}"')
    .stub(
      "systemctl",
      `case "$*" in enable*) : >${root}/open ;; stop*) rm -f ${root}/open ;;
       *UnitFileState*) echo enabled ;; *ActiveState*) [[ -e ${root}/open ]] && echo active || echo inactive ;; esac`,
    );
  chmodSync(join(root, "lib/systemd/systemd-socket-proxyd"), 0o755);
});
afterEach(() => {
  box.remove();
});

test("up makes the directories, then opens the socket; again it does nothing", () => {
  expect(api()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(systemd()).toEqual([
    "systemd-tmpfiles --create /etc/tmpfiles.d/hypha-mycelium.conf",
    "systemctl daemon-reload",
    `systemctl stop ${proxy} ${socket}`,
    `systemctl enable --quiet --now ${socket}`,
  ]);
  expect(files.map((file) => box.read(file))).toEqual(Object.values(variables));
  const before = box.calls().length;
  expect(api().code).toBe(0);
  expect(systemd(before)).toEqual([]);
});

test("check knows the files, the directories and the socket, and up puts right whatever is not so", () => {
  api();
  const things = Object.keys(facts(api("check")));
  expect(things).toEqual([
    "file /etc/tmpfiles.d/hypha-mycelium.conf",
    "directory /run/hypha",
    "directory /run/hypha/mycelium",
    `file /etc/systemd/system/${socket}`,
    `file /etc/systemd/system/${proxy}`,
    `unit ${socket}`,
  ]);
  expect(new Set(Object.values(facts(api("check"))))).toEqual(new Set(["ok"]));
  box.bash("chmod 755 run/hypha; rm open");
  box.file(files[2] ?? "", "[Unit]\nold\n");
  expect(facts(api("check"))).toMatchObject({
    "directory /run/hypha": "-mode 755, owner root:root\n+mode 700, owner root:root\n",
    [`file /etc/systemd/system/${proxy}`]: expect.stringContaining("-old\n") as string,
    [`unit ${socket}`]: "-enabled, inactive\n+enabled, active\n",
  });
  expect(api().code).toBe(0);
  expect(new Set(Object.values(facts(api("check"))))).toEqual(new Set(["ok"]));
});

test("down leaves nothing, after half an up too; what else is in the directory above stays", () => {
  expect(api("down")).toMatchObject({ code: 0, stderr: "" });
  api();
  expect(api("down")).toMatchObject({ code: 0, stderr: "" });
  for (const path of [...files, "run/hypha"]) expect(`${path} ${box.has(path)}`).toBe(`${path} false`);
  expect(systemd()).toContain(`systemctl disable --quiet --now ${socket}`);
  box.file("run/hypha/other", "");
  api("down");
  expect(box.has("run/hypha/other")).toBe(true);
});

test("a host without systemd's proxy, or whose socket does not open, is a failure", () => {
  box.stub("systemctl", "case $1 in enable) exit 1 ;; esac");
  expect(api()).toMatchObject(
    failure("the socket of Mycelium's API could not be opened", `look at: journalctl -u ${socket}`),
  );
  chmodSync(join(box.root, "lib/systemd/systemd-socket-proxyd"), 0o644);
  expect(api()).toMatchObject(
    failure(`has no ${box.root}/lib/systemd/systemd-socket-proxyd`, "install it: apt-get install systemd"),
  );
});
