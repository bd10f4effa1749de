import { failure, Sandbox } from "./sandbox";

let box: Sandbox;
const address = "544:b74f:ceef:cc7e:ff0f:6b18:921f:8031";
const variables = { VM_NAME: "myceliumchat", VM_ADDRESS: address };
const vm = (verb: "up" | "down" = "up", login: Record<string, string> = {}) =>
  box.run("grid/scripts/gridVm.sh", { ...variables, ...login }, verb);
/** As tfcmd: it says everything on standard error, and reads its login from a file. */
const tfcmd = (get: string, cancel = "true") =>
  box.stub(
    "tfcmd",
    `cat "\${XDG_CONFIG_HOME:-none}/.tfgridconfig" >>${box.root}/login 2>/dev/null
     printf '%s' "\${TFGRID_MNEMONIC:-}" >>${box.root}/leak
     case $1 in get) ${get} ;; cancel) ${cancel} ;; esac`,
  );
const there = `printf '1AM INF vm:\\n{ "Vms": [ { "mycelium_ip": "${address}" } ] }\\n' >&2`;
const gone = `echo "1AM FTL error=\\"couldn't find any contracts with name myceliumchat\\"" >&2; exit 1`;

beforeEach(() => {
  box = new Sandbox();
});
afterEach(() => {
  box.remove();
});
const calls = () => box.calls().filter((call) => call.startsWith("tfcmd"));

test("a machine that is there at its address is left alone", () => {
  tfcmd(there);
  expect(vm()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(calls()).toEqual(["tfcmd get vm myceliumchat"]);
});

test("one that is elsewhere, or that tfcmd does not know, is a failure that says what to do; nothing is deployed", () => {
  tfcmd(there.replace(address, "544::1"));
  expect(vm()).toMatchObject(
    failure(
      `the grid VM myceliumchat is not at ${address}`,
      "correct hypha:hosts.web1.gridVm.name, or let make grid-vm HOST=web1 write the address anew",
    ),
  );
  tfcmd(gone);
  const { code, stderr } = vm();
  expect(code).toBe(1);
  expect(stderr).toMatch(/tfcmd does not tell of the grid VM myceliumchat: .*couldn't find any contracts/);
  expect(stderr).toContain(
    "what to do: log in (tfcmd login, or TFGRID_MNEMONIC), or deploy it: make grid-vm HOST=web1",
  );
  expect(calls().every((call) => call === "tfcmd get vm myceliumchat")).toBe(true);
});

test("destroy cancels it, tries again, and takes one that is gone for done", () => {
  tfcmd(there, "((N > 2)) || exit 1");
  expect(vm("down").code).toBe(0);
  expect(calls()).toEqual([
    "tfcmd get vm myceliumchat",
    ...Array<string>(2).fill("tfcmd cancel myceliumchat"),
  ]);
  tfcmd(gone);
  expect(vm("down")).toMatchObject({ code: 0, stderr: "web1: the grid VM myceliumchat is gone already\n" });
  tfcmd("exit 1", "exit 1");
  expect(vm("down")).toMatchObject(
    failure(
      "tfcmd could not cancel the grid VM myceliumchat: it still costs",
      "try again, or make grid-cancel NAME=myceliumchat",
    ),
  );
});

test("the mnemonic is in a private file for tfcmd alone, which is gone afterwards", () => {
  tfcmd(there);
  const secret = { TFGRID_MNEMONIC: 'legal "winner"', TFGRID_NETWORK: "test" };
  expect(vm("up", secret)).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(JSON.parse(box.read("login"))).toEqual({ mnemonics: 'legal "winner"', network: "test" });
  expect(box.read("leak")).toBe("");
  expect(box.entries("tmp")).toEqual([]);
});

test("a login file that tfcmd cannot read and shows is not shown", () => {
  tfcmd(
    `echo '1AM FTL error="could not unmarshal configuration data {mnemonics: legal winner}"' >&2; exit 1`,
  );
  const { code, stderr } = vm();
  expect(code).toBe(1);
  expect(stderr).toContain("does not tell of the grid VM myceliumchat: its login file is not sound");
  expect(stderr).not.toContain("legal");
});

test("without tfcmd it says so", () => {
  expect(vm("down")).toMatchObject(
    failure(
      "is a grid VM, and tfcmd is not on the PATH",
      "install it (releases of threefoldtech/tfgrid-sdk-go)",
    ),
  );
});
