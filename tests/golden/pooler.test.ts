import {
  renderPassfile,
  renderPoolerClientIni,
  renderPoolerHba,
  renderPoolerIni,
} from "../../components/postgres/poolerRender";
import { expectGolden } from "../support/golden";

const database = { name: "mycelium_matrix", owner: "mycelium_user" };
const rendered: Record<string, string> = {
  "pgbouncer.ini": renderPoolerIni({ database, connections: 50 }),
  "pg_hba.conf": renderPoolerHba(database),
  "monitored-pgbouncer.ini": renderPoolerIni({ database, connections: 50, monitored: true }),
  "monitored-pg_hba.conf": renderPoolerHba(database, true),
  "monitor-pgpass": renderPassfile("hypha-prod-pooler", "its:password"),
  "gateway-pgbouncer.ini": renderPoolerClientIni(database, "hypha-prod-pooler"),
};

test("the pooler's files and its client's are what is committed", () => {
  expectGolden("pooler", rendered);
});
