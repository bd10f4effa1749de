import * as fc from "fast-check";
import type { Database } from "../../../components/postgres/render";
import { renderHba, renderIdent, renderInitSql } from "../../../components/postgres/render";

const identifier = fc.stringMatching(/^[a-z_][a-z0-9_]{0,62}$/);
const database: fc.Arbitrary<Database> = fc.record(
  {
    name: identifier,
    owner: identifier,
    uid: fc.integer({ min: 1001, max: 1020 }),
    collation: fc.constant("C" as const),
  },
  { requiredKeys: ["name", "owner", "uid"] },
);
const databases = fc.uniqueArray(database, { selector: ({ name }) => name, maxLength: 6 });
const runs = { numRuns: 200 };

/** Statements, and what a `\gexec` line would run. */
const lines = (text: string) => text.split("\n").filter((line) => line !== "");

test("pg_hba lets each owner into its own database by peer, and closes with refusals", () => {
  fc.assert(
    fc.property(databases, (all) => {
      const rules = lines(renderHba(all));
      expect(rules[0]).toBe("local all postgres peer");
      expect(rules.slice(1, -2)).toEqual(
        all.map((db) => `local "${db.name}" "${db.owner}" peer map=clients`),
      );
      expect(rules.slice(-2)).toEqual(["local all all reject", "host all all all reject"]);
      // Names are quoted, and may hold any of these words.
      expect(rules.join().replaceAll(/"[^"]*"/g, "name")).not.toMatch(/trust|password|md5|scram/);
    }),
    {
      ...runs,
      examples: [
        [[{ name: "all", owner: "replication", uid: 1001 }]],
        [[{ name: "a", owner: "amd5", uid: 1001 }]],
      ],
    },
  );
});

test("pg_ident maps each client's account to its owner and nothing else", () => {
  fc.assert(
    fc.property(databases, (all) => {
      expect(lines(renderIdent(all))).toEqual(all.map(({ uid, owner }) => `clients uid${uid} "${owner}"`));
    }),
    runs,
  );
});

test("init.sql makes each role and database where missing, with balanced quotes, and takes PUBLIC's rights", () => {
  fc.assert(
    fc.property(databases, (all) => {
      const statements = lines(renderInitSql(all));
      expect(statements).toHaveLength(all.length * 3);
      all.forEach(({ name, owner, collation }, index) => {
        const [role = "", made = "", revoke] = statements.slice(index * 3, index * 3 + 3);
        expect(role).toBe(
          `SELECT 'CREATE ROLE "${owner}" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${owner}') \\gexec`,
        );
        expect(made).toContain(`CREATE DATABASE "${name}" OWNER "${owner}" ENCODING ''UTF8''`);
        expect(made).toContain(
          `WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${name}') \\gexec`,
        );
        expect(made.includes("LC_COLLATE ''C'' LC_CTYPE ''C''")).toBe(collation === "C");
        expect(revoke).toBe(`REVOKE ALL ON DATABASE "${name}" FROM PUBLIC;`);
        expect((made.match(/'/g) ?? []).length % 2).toBe(0);
      });
    }),
    runs,
  );
});

test("a name that would need more than quoting is refused, wherever it stands", () => {
  const bad = fc
    .oneof(
      fc.string(),
      fc.constantFrom('a"b', "a'; DROP DATABASE x; --", "Upper", "1st", "", "a\nb", "a".repeat(64)),
    )
    .filter((name) => !/^[a-z_][a-z0-9_]{0,62}$/.test(name));
  fc.assert(
    fc.property(bad, fc.constantFrom<"name" | "owner">("name", "owner"), (text, field) => {
      const db: Database = { name: "ok", owner: "ok", uid: 1001, [field]: text };
      expect(() => renderHba([db])).toThrow(/is no name for a database or role: use/);
      expect(() => renderInitSql([db])).toThrow(/is no name for a database or role: use/);
      if (field === "owner") {
        expect(() => renderIdent([db])).toThrow(/is no name for a database or role: use/);
      }
    }),
    runs,
  );
});
