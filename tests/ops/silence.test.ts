import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { groups } from "../../components/observability/rules/groups";
import type { Group } from "../../components/observability/rules/rule";
import { answerBody, silenceRequest } from "../../ops/lib/silence";

const wish = { stack: "prod", minutes: 15, author: "ann", comment: "make up (a1b2c3d)" };

test("a silence is of one stack, ends by itself, and names alerts that there are", () => {
  const request = silenceRequest(wish, new Date("2026-01-02T03:04:05Z"));
  expect(request).toMatchObject({
    startsAt: "2026-01-02T03:04:05.000Z",
    endsAt: "2026-01-02T03:19:05.000Z",
    createdBy: "ann",
    comment: "make up (a1b2c3d)",
  });
  const [stack, alertname] = request.matchers;
  expect(stack).toEqual({ name: "stack", value: "prod", isRegex: false, isEqual: true });
  expect(alertname).toMatchObject({ name: "alertname", isRegex: true, isEqual: true });
  const known = Object.values<Group>(
    groups({
      jobs: ["node"],
      edgeConnections: 1,
      postgresConnections: 9,
      bridgeUsesMycelium: true,
      runbooks: "",
    }),
  ).flatMap(({ alerts }) => Object.keys(alerts));
  const silenced = alertname?.value.split("|") ?? [];
  expect(silenced.filter((name) => !known.includes(name))).toEqual([]);
  // What no release explains goes on to be told.
  for (const name of [
    "DiskLow",
    "HostDown",
    "CertificateExpiring",
    "BackupTooOld",
    "Watchdog",
    "MyceliumNoPeers",
  ]) {
    expect(silenced).not.toContain(name);
  }
});

test("an answer is its body, and anything but 200 an error that says why", () => {
  expect(answerBody('HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"silenceID":"x"}')).toBe(
    '{"silenceID":"x"}',
  );
  expect(() => answerBody("HTTP/1.0 400 Bad Request\r\n\r\nbad matcher")).toThrow(
    /refused the silence: .*bad matcher/s,
  );
  expect(() => answerBody("")).toThrow("no answer");
});

test("the script in the container sends the body as it is, byte by byte", async () => {
  const heard: { method?: string | undefined; url?: string | undefined; body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      heard.push({ method: request.method, url: request.url, body: Buffer.concat(chunks).toString() });
      response.end('{"silenceID":"y"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? String(address?.port) : "";
  const body = JSON.stringify({ comment: `$(touch /tmp/x) 'ä' "\n` });
  const said = await new Promise<string>((resolve, reject) => {
    const child = execFile(
      "bash",
      [
        "-c",
        readFileSync(join(__dirname, "../../ops/lib/silence.sh"), "utf8"),
        "_",
        "POST",
        "/api/v2/silences",
      ],
      { env: { ...process.env, ALERTMANAGER_PORT: port } },
      (error, stdout) => {
        if (error === null) resolve(stdout);
        else reject(new Error(error.message));
      },
    );
    child.stdin?.end(body);
  });
  server.close();
  expect(answerBody(said)).toBe('{"silenceID":"y"}');
  expect(heard).toEqual([{ method: "POST", url: "/api/v2/silences", body }]);
});
