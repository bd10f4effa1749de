import * as fs from "fs";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import { Vps } from "../host/vps";
import { hostScript } from "../shell/hostScript";

const collector = path.join(__dirname, "scripts", "myceliumFigures.sh");

/** The unit that asks the node, as the node's own account. Its first line tells that it is Hypha's. */
export function figuresUnit(seconds: number): string {
  return [
    "# Made by Hypha: changes here are lost.",
    "[Unit]",
    "Description=Figures of the Mycelium node for node exporter",
    "",
    "[Service]",
    `ExecStart=/usr/local/lib/hypha/figures-mycelium /var/lib/hypha/metrics/mycelium ${seconds}`,
    "Restart=always",
    "RestartSec=5",
    "User=mycelium",
    "Group=mycelium",
    "UMask=0022",
    "CapabilityBoundingSet=",
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ReadWritePaths=/var/lib/hypha/metrics/mycelium",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "ProtectKernelTunables=yes",
    "ProtectControlGroups=yes",
    "RestrictAddressFamilies=AF_INET AF_UNIX",
    "RestrictNamespaces=yes",
    "MemoryMax=32M",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  ].join("\n");
}

/** The figures of a server's Mycelium node, as a file that node exporter reads. `destroy` removes unit and file. */
export function myceliumFigures(
  name: string,
  args: { host: Vps; scrapeSeconds: number; after: pulumi.Resource },
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const { host, scrapeSeconds, after } = args;
  return hostScript(
    name,
    {
      channel: { kind: "ssh", endpoint: host.root },
      root: true,
      script: "observability/scripts/mycelium.sh",
      variables: {
        HOST_NAME: host.name,
        COLLECTOR: fs.readFileSync(collector, "utf8").trimEnd(),
        UNIT: figuresUnit(scrapeSeconds),
      },
      undo: true,
    },
    { ...opts, dependsOn: after },
  );
}
