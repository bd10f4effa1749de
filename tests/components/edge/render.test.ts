import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import type { EdgeSettings } from "../../../components/edge/render";
import { renderNginxConf, setVariable, siteAuthority } from "../../../components/edge/render";

const name = fc.domain().filter((text) => !/[{};]/.test(text));
const path = fc
  .array(fc.stringMatching(/^[a-z0-9_.-]{1,8}$/), { maxLength: 4 })
  .map((parts) => (parts.length === 0 ? "/" : `/${parts.join("/")}/`));
const workload = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const route = fc.record(
  {
    path,
    upstream: fc.oneof(
      fc.tuple(workload, fc.integer({ min: 1, max: 65535 })).map((p) => p.join(":")),
      workload.map((setOf) => ({ setOf })),
    ),
    maxBodyMiB: fc.integer({ min: 1, max: 100 }),
    readOnly: fc.boolean(),
  },
  { requiredKeys: ["path", "upstream"] },
);
const settings: fc.Arbitrary<EdgeSettings> = fc.record({
  domain: name,
  aliases: fc.array(name, { maxLength: 4 }),
  httpsPort: fc.constantFrom(443, 8443, 4443),
  routes: fc.uniqueArray(route, { selector: (one) => one.path, minLength: 1, maxLength: 8 }),
  closed: fc.uniqueArray(path.map((text) => `/closed${text}`)),
  documents: fc.dictionary(
    fc.stringMatching(/^[a-z]{1,8}$/).map((text) => `/.well-known/${text}`),
    fc.dictionary(fc.stringMatching(/^[a-z.]{1,8}$/), name),
    { maxKeys: 3 },
  ),
});

/** The blocks of a configuration as a tree of directives; throws where braces do not pair. Comments and quotes are read. */
function blocks(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const open: string[] = [];
  const tokens = text.replace(/^\s*#.*$/gm, "").matchAll(/((?:'[^']*'|"(?:\\.|[^"])*"|[^'"{};])*)([{};])/g);
  for (const [, head = "", end] of tokens) {
    const directive = head.trim().replace(/\s+/g, " ");
    if (end === "{") {
      open.push(directive);
      const key = open.join(" > ");
      found.set(key, found.get(key) ?? []);
    } else if (end === "}") {
      expect(directive).toBe("");
      expect(open.pop()).toBeDefined();
    } else {
      found.set(open.join(" > "), [...(found.get(open.join(" > ")) ?? []), directive]);
    }
  }
  expect(open).toEqual([]);
  return found;
}

test("every route, closed path and document stands there once, in its own block, with its upstream and limit", () => {
  fc.assert(
    fc.property(settings, (given) => {
      const found = blocks(renderNginxConf(given));
      const locations = [...found.keys()].filter((key) => key.startsWith("http > server > location "));
      const expected = [
        ...given.routes.map((one) => `location ${one.readOnly === true ? "= " : ""}${one.path}`),
        ...given.routes
          .filter((one) => one.readOnly)
          .map((one) => `location = ${one.path} > limit_except GET`),
        ...(given.closed ?? []).map((one) => `location ${one}`),
        ...Object.keys(given.documents).map((key) => `location = ${key}`),
        ...["location = /healthz", "location /"],
      ].map((key) => `http > server > ${key}`);
      expect(new Set(locations)).toEqual(new Set(expected));
      for (const one of given.routes) {
        const location = `http > server > location ${one.readOnly === true ? "= " : ""}${one.path}`;
        const directives = found.get(location) ?? [];
        expect(found.get(`${location} > limit_except GET`)).toEqual(
          one.readOnly === true ? ["deny all"] : undefined,
        );
        expect(directives.filter((line) => line !== "return 421")).toEqual([
          `set $upstream ${typeof one.upstream === "string" ? one.upstream : `$set_${one.upstream.setOf.replaceAll("-", "_")}`}`,
          "proxy_pass http://$upstream",
          `client_max_body_size ${one.maxBodyMiB ?? 1}m`,
        ]);
      }
      for (const one of given.closed ?? []) {
        expect(found.get(`http > server > location ${one}`)).toEqual(["return 404"]);
      }
      for (const [at, body] of Object.entries(given.documents)) {
        expect(found.get(`http > server > location = ${at}`)).toContain(
          `return 200 '${JSON.stringify(body)}'`,
        );
      }
      expect(found.get("http > server")).toContain(
        `server_name ${[given.domain, ...given.aliases].join(" ")}`,
      );
    }),
    { numRuns: 200 },
  );
});

test("where a rollout says the set, its file is read, a reload cuts nothing off for a minute, and the log names the set", () => {
  const text = (upstream: EdgeSettings["routes"][number]["upstream"]) =>
    renderNginxConf({
      ...{ domain: "a.example", aliases: [], httpsPort: 443, documents: {} },
      routes: [
        { path: "/", upstream },
        { path: "/x/", upstream: "x:1" },
      ],
    });
  const staged = text({ setOf: "web-page" });
  expect(staged).toContain("set $upstream $set_web_page;");
  expect(staged).toContain("  include /etc/hypha/rollouts/*.conf;");
  expect(staged).toContain("worker_shutdown_timeout 60s;");
  expect(staged).toContain("$upstream_addr $proxy_host $request_name';");
  const plain = text("web-page:8080");
  expect(plain).toContain("worker_shutdown_timeout 4s;");
  expect(plain).not.toMatch(/rollouts|proxy_host/);
});

test("the order in which routes and documents are given changes nothing", () => {
  fc.assert(
    fc.property(settings, (given) => {
      const turned = {
        ...given,
        routes: [...given.routes].reverse(),
        closed: [...(given.closed ?? [])].reverse(),
        documents: Object.fromEntries(Object.entries(given.documents).reverse()),
      };
      expect(renderNginxConf(turned)).toBe(renderNginxConf(given));
    }),
    { numRuns: 100 },
  );
});

test.each([
  [443, "chat.example.org", "https://$host$request_uri"],
  [8443, "chat.example.org:8443", "https://$host:8443$request_uri"],
])("published on %d the site is %s and HTTP goes to %s", (httpsPort, authority, target) => {
  expect(siteAuthority("chat.example.org", httpsPort)).toBe(authority);
  const text = renderNginxConf({
    domain: "chat.example.org",
    aliases: [],
    httpsPort,
    routes: [],
    documents: {},
  });
  expect(text).toContain(`return 308 ${target};`);
});

test("a request has one name: in the log, for the service behind and in every answer; what is no name is not taken", () => {
  fc.assert(
    fc.property(settings, (given) => {
      const found = blocks(renderNginxConf(given));
      expect(found.get("http")).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^log_format main .*\$upstream_addr( \$proxy_host)? \$request_name'$/),
          "proxy_set_header X-Request-ID $request_name",
        ]),
      );
      const said = "add_header X-Request-ID $request_name always";
      expect(found.get("http > server")).toContain(said);
      // A location with a header of its own has none of the server's.
      for (const [key, lines] of found) {
        if (key.includes("location") && lines.some((line) => line.startsWith("add_header"))) {
          expect(lines).toContain(said);
        }
      }
    }),
    { numRuns: 50 },
  );
  const text = renderNginxConf({
    domain: "a.example",
    aliases: [],
    httpsPort: 443,
    routes: [],
    documents: {},
  });
  const name = new RegExp(/"~(.*)" \$http_x_request_id;/.exec(text)?.[1] ?? "$^");
  for (const good of ["0f3a-77", "a".repeat(64), "GET.1_2-345"].map((one) => one.padEnd(8, "x"))) {
    expect(good).toMatch(name);
  }
  for (const bad of ["", "short", "a".repeat(65), "with space", 'a"quote"', "line\nbreak1", "{braces}"]) {
    expect(bad).not.toMatch(name);
  }
});

test("an unknown name gets the health check and nothing else; Nginx tells nobody its version", () => {
  const text = renderNginxConf({
    domain: "a.example",
    aliases: [],
    httpsPort: 443,
    routes: [],
    documents: {},
  });
  const [, last = ""] = text.split("# Any other name");
  expect([...last.matchAll(/location (.*) \{/g)].map((match) => match[1])).toEqual(["= /healthz", "/"]);
  expect(last).toContain("return 421;");
  expect(text).toContain("server_tokens off;");
  expect(text).toContain("ssl_protocols TLSv1.2 TLSv1.3;");
});

const installed = spawnSync("nginx", ["-v"]).error === undefined;
const title = installed
  ? "Nginx itself takes what is rendered"
  : "Nginx is not installed here: the tests of the edge's image let theirs check the text";

test(title, () => {
  const directory = mkdtempSync(join(tmpdir(), "hypha-nginx-"));
  try {
    for (const [index, given] of (installed ? fc.sample(settings, 10) : []).entries()) {
      const file = join(directory, `${index}.conf`);
      makeCertificate(directory);
      const text = renderNginxConf(given)
        .replaceAll("/etc/hypha/tls.crt", join(directory, "crt"))
        .replaceAll("/run/secrets/tls.key", join(directory, "key"))
        .replaceAll("/tmp/", `${directory}/`)
        .replaceAll("/etc/hypha/rollouts/*.conf", join(directory, `${index}.rollouts`));
      const sets = given.routes.flatMap(({ upstream }) =>
        typeof upstream === "string" ? [] : [upstream.setOf],
      );
      const variables = new Set(
        sets.map((one) => `map $remote_addr $${setVariable(one)} { default x:1; }\n`),
      );
      writeFileSync(join(directory, `${index}.rollouts`), [...variables].join(""));
      writeFileSync(file, text);
      const checked = spawnSync("nginx", ["-t", "-c", file], { encoding: "utf8" });
      expect({ given, ...checked }).toMatchObject({ status: 0 });
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

function makeCertificate(directory: string): void {
  const made = spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-subj", "/CN=x", "-days", "1", "-keyout", join(directory, "key"), "-out", join(directory, "crt")],
  ]);
  expect(made.status).toBe(0);
}
