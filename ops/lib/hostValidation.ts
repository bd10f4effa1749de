import { readFileSync } from "fs";
import { join } from "path";
import { myceliumPorts } from "../../components/config/mycelium";
import { StackConfig } from "../../components/config/schema";
import { shellAssign } from "../../components/shell/quote";
import { Answer, onHosts } from "./audit";
import { Check, Outcome } from "./check";
import { StackOutputs } from "./stack";

type Measured = Record<string, string>;
type Limits = StackConfig["validation"];

const script = readFileSync(join(__dirname, "hostState.sh"), "utf8");

/** What one host said, as names and values. */
export function parseHostState(text: string): Measured {
  return Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const [name = "", ...value] = line.split("\t");
      return value.length === 0 ? [] : [[name, value.join("\t")]];
    }),
  );
}

/** Asks every host once; what a host does not say is told by each of its checks. */
function ask(config: StackConfig, { hosts = {}, mycelium = {} }: StackOutputs): Promise<Answer[]> {
  const nodes = Object.values(mycelium).map(({ address }) => address);
  return onHosts(
    config,
    () => "bash -s",
    (name) => {
      const own = mycelium[name];
      const variables = {
        DATA: hosts[name]?.facts?.dataDirectory ?? "/",
        API_PORT: own === undefined ? "" : String(myceliumPorts.api),
        PEERS: nodes.filter((address) => address !== own?.address).join(" "),
      };
      return shellAssign(variables) + script;
    },
    60,
  );
}

const percent = (name: string, limit: number, measured: Measured): Outcome => {
  const used = Number((measured[name] ?? "").replace("%", "") || NaN);
  const detail = `${used} % in use`;
  return used <= limit ? { detail } : { detail, problem: Number.isNaN(used) ? "not measured" : detail };
};

function load({ load: now = "", cpus = "" }: Measured, limit: number): Outcome {
  const each = Number(now) / Number(cpus);
  const detail = `${now} on ${cpus} CPUs`;
  return each <= limit ? { detail } : { detail, problem: Number.isNaN(each) ? "not measured" : detail };
}

const parse = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? "") as unknown;
  } catch {
    return undefined;
  }
};

/** The node's API answers as the node that the stack knows: content, not only a port. */
export function judgeNode(measured: Measured, subnet: string | undefined): Outcome {
  const admin = parse(measured["admin"]) as { nodeSubnet?: string } | undefined;
  const told = admin?.nodeSubnet ?? "";
  return told !== "" && told === subnet
    ? { detail: `node of ${told}` }
    : { detail: "", problem: told === "" ? "its API does not answer" : `its API answers for ${told}` };
}

/** One peer connected at least. */
export function judgePeers(measured: Measured): Outcome {
  const list = parse(measured["peers"]);
  if (!Array.isArray(list)) {
    return { detail: "", problem: "its API tells no peers" };
  }
  const alive = list.filter((peer: { connectionState?: string }) => peer.connectionState === "alive").length;
  const detail = `${alive} of ${list.length} peers connected`;
  return alive > 0 ? { detail } : { detail, problem: detail };
}

/** Every other node was pinged three times. */
export function judgeRouting(measured: Measured): Outcome {
  const tried = Object.entries(measured).filter(([name]) => name.startsWith("ping "));
  const lost = tried.filter(([, answer]) => answer !== "0% packet loss");
  return lost.length === 0
    ? { detail: `${tried.length} nodes answer` }
    : { detail: "", problem: lost.map(([name, answer]) => `${name.slice(5)}: ${answer}`).join("; ") };
}

/** What must hold of each host; all of one host come from one session. */
export function hostChecks(config: StackConfig, outputs: StackOutputs): Check[] {
  const limits: Limits = config.validation;
  let asked: Promise<Answer[]> | undefined;
  const measured = async (host: string): Promise<Measured> => {
    asked ??= ask(config, outputs);
    const answer = (await asked).find((one) => one.host === host);
    if (answer === undefined || "problem" in answer) {
      throw new Error(`the host cannot be asked: ${answer?.problem ?? "unknown"}`);
    }
    return parseHostState(answer.text);
  };
  const nodes = outputs.mycelium ?? {};
  return Object.keys(config.hosts).flatMap((host) => {
    const check = (
      about: Pick<Check, "name" | "category" | "expected" | "threshold" | "severity" | "hint" | "covers">,
      judge: (state: Measured) => Outcome,
    ): Check => ({ ...about, target: host, run: async () => judge(await measured(host)) });
    const resource = (
      name: string,
      threshold: string,
      hint: string,
      judge: (state: Measured) => Outcome,
    ): Check =>
      check(
        {
          ...{ name, category: "resources", expected: "enough of it", threshold, severity: "warning", hint },
          covers: ["resources of the hosts"],
        },
        judge,
      );
    const space = `make room, or hypha:validation.diskPercent`;
    return [
      resource("disk", `at most ${limits.diskPercent} % in use`, space, (state) =>
        percent("disk", limits.diskPercent, state),
      ),
      resource("inodes", `at most ${limits.diskPercent} % in use`, space, (state) =>
        percent("inodes", limits.diskPercent, state),
      ),
      resource(
        "memory",
        `at most ${limits.memoryPercent} % in use`,
        "a larger host, or smaller limits under hypha:chat.<part>.resources",
        (state) => percent("memory", limits.memoryPercent, state),
      ),
      resource(
        "load",
        `at most ${limits.loadPerCpu} for each CPU`,
        "look what runs there: docker stats",
        (state) => load(state, limits.loadPerCpu),
      ),
      ...(nodes[host] === undefined
        ? []
        : myceliumChecks(check, nodes[host].subnet, isRouted(config, outputs))),
    ];
  });
}

/** Nodes reach each other's addresses: not one alone, not a stand-in, and none without an interface. */
function isRouted({ mycelium }: StackConfig, outputs: StackOutputs): boolean {
  const grid = Object.values(outputs.hosts ?? {}).some(({ facts }) => facts?.environment.kind === "tfgrid");
  const several = Object.keys(outputs.mycelium ?? {}).length > 1;
  return several && mycelium !== undefined && mycelium.source.kind !== "sample" && (mycelium.tun ?? !grid);
}

function myceliumChecks(
  check: (about: Omit<Check, "target" | "run">, judge: (state: Measured) => Outcome) => Check,
  subnet: string,
  routed: boolean,
): Check[] {
  const hint = "on the host: journalctl -u mycelium";
  const about = { category: "mycelium", hint } as const;
  return [
    check(
      {
        ...about,
        name: "Mycelium node",
        expected: `the node of ${subnet}`,
        severity: "failure",
        covers: ["Mycelium node"],
      },
      (state) => judgeNode(state, subnet),
    ),
    check(
      {
        ...about,
        name: "Mycelium peers",
        expected: "one at least",
        severity: "warning",
        covers: ["Mycelium peers"],
      },
      judgePeers,
    ),
    ...(routed
      ? [
          check(
            {
              ...about,
              name: "Mycelium routing",
              expected: "every other node answers at its address",
              severity: "failure",
              covers: ["Mycelium routing"],
            },
            judgeRouting,
          ),
        ]
      : []),
  ];
}
