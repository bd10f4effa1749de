import { StackConfig } from "../config/schema";
import { imageUids } from "../config/versions";
import { Database } from "../postgres/render";

/** The gateway has its database's name and role built in. */
export const gatewayDatabase = { name: "mycelium_matrix", owner: "mycelium_user" };
/** Synapse refuses any other collation. */
export const homeserverDatabase: Database = {
  name: "synapse",
  owner: "synapse",
  uid: imageUids.homeserver,
  collation: "C",
};

/** Whether applications run on the data host only, where Postgres' socket is. */
export function besideData(hosts: StackConfig["hosts"]): boolean {
  return Object.values(hosts).every(({ roles }) => roles.includes("data") || !roles.includes("app"));
}
