import { parseConfig } from "../../../components/config/load";
import { hosts } from "../../../components/systems/hosts";
import { problemsOf, vps } from "../../support/config";
import { noOptions, run, sent, waitsFor } from "../fixtures";

const data = { chat: { postgres: { keepData: false } } };
const made = (gridVm: object) => run(() => hosts(parseConfig(vps({ address: "544::1", gridVm }, data))));

test("a VM that goes with the stack is seen to be there before the first contact, and cancelled after the last", async () => {
  const { byName } = await made({ name: "myceliumchat", cancel: true });
  expect(byName("web1-vm", "hypha:grid:GridVm")).toMatchObject({ parent: "" });
  const deployment = byName("web1-vm-deployment");
  expect(deployment).toMatchObject({ parent: byName("web1-vm").urn, secretInputs: [] });
  expect(deployment.options).toEqual({ ...noOptions, replaceOnChanges: ["triggers[*]"] });
  expect(deployment.inputs).toMatchObject({
    create: "bash -s -- up",
    delete: "bash -s -- down",
    stdin: sent(
      "export HOST_NAME='web1'\nexport VM_NAME='myceliumchat'\nexport VM_ADDRESS='544::1'\n",
      "grid/scripts/gridVm.sh",
    ),
  });
  expect(waitsFor(byName("web1-preflight"))).toEqual(["web1-vm-deployment"]);
});

test("one that stays is none of the stack's resources", async () => {
  const { resources, byName } = await made({ name: "myceliumchat" });
  expect(resources.filter(({ type }) => type.startsWith("hypha:grid"))).toEqual([]);
  expect(waitsFor(byName("web1-preflight"))).toEqual([]);
});

test("a VM that destroy cancels holds no data that is to be kept, and has a name that the grid takes", () => {
  expect(problemsOf(vps({ gridVm: { name: "myceliumchat", cancel: true } }))).toEqual([
    "hypha:hosts.web1.gridVm.cancel: is true, so that destroy would lose the data that chat.postgres.keepData keeps; " +
      "fix: write false, or chat.postgres.keepData: false",
  ]);
  expect(problemsOf(vps({ gridVm: { name: "my-vm" } }))).toEqual([
    "hypha:hosts.web1.gridVm.name: is no name of a grid VM; fix: write letters and digits, a letter first, 36 at most",
  ]);
});
