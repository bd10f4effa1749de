import { execFileSync } from "child_process";
import * as fs from "fs";
import * as path from "path";
import { poolerFiles } from "../../../components/postgres/poolerRender";
import { fixtures, secrets, start } from "./docker";

export const net = ["--network", "i-net"];
const socket = ["-v", "i-sock:/run/postgresql:ro"];
export const database = { name: "mycelium_matrix", owner: "mycelium_user" };

/** An authority and a certificate of it for the pooler's name, in files of a directory. */
export function authority(name: string): string {
  const directory = secrets({});
  const at = (file: string) => path.join(directory, file);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...key,
    "-days",
    "2",
    "-subj",
    "/CN=CA",
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.crt"),
  );
  openssl("req", ...key, "-subj", `/CN=${name}`, "-keyout", at("tls.key"), "-out", at("tls.csr"));
  fs.writeFileSync(at("names"), `subjectAltName=DNS:${name}`);
  openssl("x509", "-req", "-days", "2", "-in", at("tls.csr"), "-CA", at("ca.crt"), "-CAkey", at("ca.key"),
    "-set_serial", "1", "-extfile", at("names"), "-out", at("tls.crt")); // prettier-ignore
  fs.chmodSync(at("tls.key"), 0o444);
  return directory;
}

export const mounts = (...pairs: [file: string, at: string][]) =>
  pairs.flatMap(([file, at]) => ["-v", `${file}:${at}:ro`]);

/** Postgres that knows the pooler's account, and the gateway's no more. */
export function startPostgres(): string {
  const files = secrets({
    ...Object.fromEntries(
      fs
        .readdirSync(path.join(fixtures, "postgres"))
        .map((file) => [file, fs.readFileSync(path.join(fixtures, "postgres", file), "utf8")]),
    ),
    "pg_ident.conf": "hypha uid1006 mycelium_user\nhypha uid1002 synapse\n",
  });
  return start("pg", "i-postgres", ...net, "-v", "i-sock:/run/postgresql",
    "-v", "i-data:/var/lib/postgresql/data", "-v", `${files}:/etc/hypha:ro`); // prettier-ignore
}

/** The pooler with its settings, hba file and list of users in `files`, and the certificate in `own`. */
export const startPooler = (files: string, own: string, ...args: string[]): string =>
  start("pooler", "i-pooler", ...net, ...socket, "-e", "PGHOST=i-pooler", "-e", "PGPORT=6432",
    "-e", `PGUSER=${database.owner}`, "-e", `PGDATABASE=${database.name}`,
    ...mounts(
      [`${files}/pooler.ini`, poolerFiles.settings],
      [`${files}/pg_hba.conf`, poolerFiles.access],
      [`${files}/userlist.txt`, poolerFiles.users],
      [`${own}/tls.crt`, poolerFiles.certificate],
      [`${own}/ca.crt`, poolerFiles.authority],
      [`${own}/tls.key`, poolerFiles.key],
    ), ...args); // prettier-ignore
