import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderPoolerClientIni, renderPoolerHba, renderPoolerIni } from "../../components/postgres/poolerRender";

const directory = join(__dirname, "files", "pooler");
const database = { name: "mycelium_matrix", owner: "mycelium_user" };
const rendered: Record<string, string> = {
  "pgbouncer.ini": renderPoolerIni({ database, connections: 50 }),
  "pg_hba.conf": renderPoolerHba(database),
  "gateway-pgbouncer.ini": renderPoolerClientIni(database, "hypha-prod-pooler"),
};

test("the pooler's files and its client's are what is committed", () => {
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(directory, { recursive: true });
    Object.entries(rendered).forEach(([file, text]) => {
      writeFileSync(join(directory, file), text);
    });
  }
  expect(readdirSync(directory).sort()).toEqual(Object.keys(rendered).sort());
  for (const [file, text] of Object.entries(rendered)) {
    expect(text).toBe(readFileSync(join(directory, file), "utf8"));
  }
});
