import { parseConfig } from "../../components/config/load";
import { run } from "../../ops/lib/firstContact";
import { stackState } from "../../ops/lib/stack";
import { stateCheck, stateProblem } from "../../ops/lib/stateCheck";

jest.mock("../../ops/lib/firstContact", () => ({ firstContact: jest.fn(() => ["ssh", []]), run: jest.fn() }));
jest.mock("../../ops/lib/stack");
const host = jest.mocked(run);
const state = jest.mocked(stackState);

const config = parseConfig({ hosts: { local: { kind: "local" } }, edge: { domain: "chat.localhost" } });
const resource = { urn: "urn:pulumi:x::hypha::a::b", type: "a" };

beforeEach(() => {
  state.mockReturnValue({ deployment: {} });
  host.mockResolvedValue({ code: 0, output: "s1\ns2\n", problem: "" });
});

test("an empty state is refused where services of the stack run", async () => {
  expect(await stateCheck("x", config, {})).toMatchObject([
    {
      name: "state",
      verdict: "FAILED",
      what: expect.stringContaining("2 services of x run on local") as string,
    },
  ]);
});

test.each([
  ["nothing runs", {}, { code: 0, output: "\n" }, []],
  ["the host has no engine yet", {}, { code: 127, output: "not found\n" }, []],
  ["the state knows the stack", { hosts: {} }, { code: 0, output: "s1\n" }, []],
  ["a first deployment was cut off", {}, { code: 0, output: "s1\n" }, [resource]],
])("it says nothing where %s", async (_, outputs, ran, resources) => {
  state.mockReturnValue({ deployment: { resources } });
  host.mockResolvedValue({ problem: "", ...ran });
  expect(await stateCheck("x", config, outputs)).toEqual([]);
});

test("why a state cannot be read, without the command that was run, and what to do", () => {
  const said =
    "pulumi stack output --stack x --json: error: incorrect passphrase\nIs the stack there? Deploy it: make up";
  expect(stateProblem(said)).toMatch(/^incorrect passphrase\nwhat to do: the state was sealed/);
  expect(stateProblem("pulumi stack output: error: access denied")).toBe(
    "access denied\nwhat to do: see that its place lets you in (PULUMI_BACKEND_URL, pulumi login)",
  );
});
