import { Site, siteRequest } from "../../../ops/lib/site";
import { LabVps } from "./lab";

const path = "/api/v1/bridge/status";
const connected = (answer: string): boolean => {
  const [, word] = /"mycelium_connected": ?(true|false)/.exec(answer) ?? [];
  if (word === undefined) throw new Error(`no status: ${answer}`);
  return word === "true";
};

/** Whether bridges have their Mycelium node, as the site says: asked often enough to meet each of a few replicas. */
export async function siteConnected(site: Site): Promise<Set<boolean>> {
  const answers = new Set<boolean>();
  for (let asked = 0; asked < 8; asked++) {
    answers.add(connected((await siteRequest(site, path, { timeoutSeconds: 10 })).body));
  }
  return answers;
}

/** The same of each bridge that runs on a server, asked in its container. */
export async function bridgesConnected(vps: LabVps, service: string): Promise<boolean[]> {
  const ask = `exec 3<>/dev/tcp/127.0.0.1/8081; printf "GET ${path} HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3; echo`;
  const all = `docker ps -q --filter name=${service} --filter health=healthy`;
  const answers = await vps.exec(`for id in $(${all}); do docker exec $id bash -c '${ask}'; done`);
  return answers
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map(connected);
}
