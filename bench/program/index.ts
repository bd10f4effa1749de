import { loadConfig } from "../../components/config/load";
import { hostAccess } from "../../components/host/channel";
import { cluster, hosts } from "../../components/systems/hosts";

const config = loadConfig();
const machines = hosts(config);
cluster(config, machines);

export = {
  hosts: Object.fromEntries([...machines].map(([key, { channel }]) => [key, hostAccess(channel)])),
};
