import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { myceliumPorts } from "../config/mycelium";
import { sshDestination } from "../host/channel";
import { Vps } from "../host/vps";
import { hostScript } from "../shell/hostScript";
import { Program, programVariables } from "./program";
import { apiDirectories, apiProxyUnit, apiSocketUnit, myceliumPaths, nodeConfig, nodeUnit } from "./render";

export interface MyceliumNodeArgs {
  /** The server it runs on. */
  host: Vps;
  /** Where the executable comes from. */
  program: Program;
  /** Nodes to connect to, like `tcp://192.0.2.1:9651`. */
  peers: string[];
  /** Whether an interface carries IPv6 traffic. @default true, and false on a ThreeFold Grid VM */
  tun?: boolean;
}

/** How a container gets to a node's API: the directory of its host to mount, and what is to be there first. */
export interface MyceliumApi {
  directory: string;
  /** Name of the Unix socket in it. */
  socket: string;
  after: pulumi.Resource[];
}

/** How a node is known on the network. */
interface Identity {
  address: string;
  subnet: string;
  publicKey: string;
}

/** A grid VM is reached over the Mycelium of the machine below: a second interface would take its route away. */
const tunConflict = (addresses: readonly string[]): string =>
  `hypha:mycelium.tun is true, and it has ${addresses.join(", ")} already: the node's interface may cut that off; ` +
  "fix: leave tun out, unless the server is reached another way";

/**
 * A Mycelium node on a server, as the systemd unit `mycelium.service`. After `up` its API answers on loopback, and on a
 * Unix socket for a container that mounts `api.directory`; its ports are its own. The key is the stack's, so the address
 * outlives the server. `destroy` removes the units, the program, the configuration, the account and the key, and with
 * them the address.
 */
export class MyceliumNode extends pulumi.ComponentResource {
  /** IPv6 address on the Mycelium, in 400::/7. */
  readonly address: pulumi.Output<string>;
  /** The /64 that the address is in. */
  readonly subnet: pulumi.Output<string>;
  /** X25519 public key, hex. */
  readonly publicKey: pulumi.Output<string>;
  /** For the one container that is to use it: the API has no login. It is there whether the node runs or not. */
  readonly api: MyceliumApi;

  constructor(name: string, args: MyceliumNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hypha:mycelium:MyceliumNode", name, {}, opts);
    const { host } = args;
    const HOST_NAME = host.name;
    const onHost = { channel: { kind: "ssh", endpoint: host.root }, root: true } as const;
    const key = new random.RandomBytes(`${name}-key`, { length: 32 }, { parent: this });
    const account = hostScript(
      `${name}-account`,
      { ...onHost, script: "mycelium/scripts/account.sh", variables: { HOST_NAME }, undo: true },
      { parent: this, dependsOn: host.ready },
    );
    const program = host.facts.apply(({ architecture }) => programVariables(args.program, architecture));
    const sent = hostScript(
      `${name}-program`,
      {
        // It runs beside Pulumi, where the file is.
        channel: { kind: "local", socket: "" },
        script: "mycelium/scripts/program.sh",
        variables: {
          HOST_NAME,
          PROGRAM: program.PROGRAM,
          PROGRAM_FILE: program.PROGRAM_FILE,
          PROGRAM_URL: program.PROGRAM_URL,
          PROGRAM_SHA256: program.PROGRAM_SHA256,
          ARCHITECTURE: program.ARCHITECTURE,
          TARGET: sshDestination(host.root).join("\n"),
          ELEVATE: host.root.user === "root" ? "" : "sudo -n",
        },
      },
      { parent: this, dependsOn: account },
    );
    const ports = myceliumPorts;
    const tun = host.facts.apply(async (facts) => {
      if (args.tun === true && facts.overlayAddresses.length > 0) {
        await pulumi.log.warn(`${host.name}: ${tunConflict(facts.overlayAddresses)}`, this);
      }
      return args.tun ?? facts.environment.kind !== "tfgrid";
    });
    const service = hostScript(
      `${name}-service`,
      {
        ...onHost,
        script: "mycelium/scripts/service.sh",
        variables: {
          HOST_NAME,
          PROGRAM: program.PROGRAM,
          CONFIG: tun.apply((own) => nodeConfig({ peers: args.peers, tun: own })),
          UNIT: tun.apply((own) => nodeUnit({ tun: own })),
          TUN: tun.apply(String),
          TCP_PORTS: [ports.peers, ports.api, ports.rpc].join(" "),
          UDP_PORTS: String(ports.peers),
          API_PORT: String(ports.api),
          KEY: pulumi.secret(key.base64),
        },
      },
      { parent: this, dependsOn: sent },
    );
    const api = hostScript(
      `${name}-api`,
      {
        ...onHost,
        script: "mycelium/scripts/api.sh",
        variables: {
          HOST_NAME,
          DIRECTORIES: apiDirectories(),
          SOCKET_UNIT: apiSocketUnit(),
          PROXY_UNIT: apiProxyUnit(),
        },
        undo: true,
      },
      { parent: this, dependsOn: host.ready },
    );
    this.api = { directory: myceliumPaths.apiDirectory, socket: myceliumPaths.apiSocket, after: [api] };
    // A secret went in, and so Pulumi takes what comes out for one: it is how the network knows the node.
    const identity = pulumi.unsecret(service.stdout).apply((text) => JSON.parse(text) as Identity);
    this.address = identity.address;
    this.subnet = identity.subnet;
    this.publicKey = identity.publicKey;
    this.registerOutputs({ address: this.address, subnet: this.subnet, publicKey: this.publicKey });
  }
}
