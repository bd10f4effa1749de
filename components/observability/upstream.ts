import { readFileSync } from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { ImagesConfig } from "../config/schema";
import { UpstreamSource } from "../config/upstream";
import { Upstream } from "../config/versions";
import { Host } from "../host/host";
import { Image } from "../images/serviceImage";
import { sourcedImage } from "../images/sourcedImage";
import { Healthcheck } from "../swarm/health";

/** A program that Debian does not have, ready to run. */
export interface UpstreamProgram {
  image: Image;
  /** Absolute path in the image: the executable; of Grafana, the directory it is in. */
  place: string;
  /** @default as every image's */
  healthcheck?: Healthcheck;
}

/** Where the makers' images have their programs; in an image of given files it is below /app. */
const places: Record<Upstream, string> = {
  loki: "/usr/bin/loki",
  alloy: "/bin/alloy",
  grafana: "/usr/share/grafana",
};

/** Where the program is in an image of given files. */
const given: Record<Upstream, string> = { loki: "/app/loki", alloy: "/app/alloy", grafana: "/app" };

const usual = path.join(__dirname, "..", "..", "images", "given", "healthcheck.sh");

/** Loki's image holds nothing but Loki, which asks itself; the others' hold bash, which runs the usual check. */
function healthOf(program: Upstream): Healthcheck {
  return program === "loki"
    ? { command: [places.loki, "-health"], bash: false }
    : { command: ["bash", "-c", readFileSync(usual, "utf8")], bash: true };
}

/** The program's image, from where its source says. */
export function upstreamProgram(
  program: Upstream,
  args: { source: UpstreamSource; images: ImagesConfig; host: Host; nodes: Host[] },
  opts: pulumi.ComponentResourceOptions,
): UpstreamProgram {
  const packages = { sample: ["python3"], real: [] };
  const image = sourcedImage(
    `${program}-image`,
    { ...args, image: "given", application: program, packages },
    opts,
  );
  return args.source.kind === "image"
    ? { image, place: places[program], healthcheck: healthOf(program) }
    : { image, place: given[program] };
}
