/** What a deployment of the reliability case meets. */
export const kinds = [
  "nothing",
  "the new version ends at once",
  "the new version never answers",
  "SIGKILL",
  "SIGINT",
  "engine restarted",
  "network cut for 15 s",
  "a second operator",
] as const;
export type Kind = (typeof kinds)[number];

/** How often each comes, out of 100. */
const weights: Record<Kind, number> = {
  nothing: 40,
  "the new version ends at once": 14,
  "the new version never answers": 8,
  SIGKILL: 10,
  SIGINT: 8,
  "engine restarted": 8,
  "network cut for 15 s": 6,
  "a second operator": 6,
};

/** When a fault strikes: as soon as the deployment says this. */
export const moments = {
  "while it looks": /Previewing update/,
  "as it begins": /: up begins/,
  "while the service changes": /bridge-service updating/,
} as const;
export type Moment = keyof typeof moments;

export interface Planned {
  kind: Kind;
  moment: Moment;
}

/** Whether the version itself is at fault: it must go back, and nothing else will help. */
export const isBroken = (kind: Kind): boolean => kind.startsWith("the new version");

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** So many deployments with the faults that the seed gives them. */
export function planOf(seed: number, count: number): Planned[] {
  const random = randomOf(seed);
  const names = Object.keys(moments) as Moment[];
  return Array.from({ length: count }, () => {
    let left = random() * 100;
    const kind = kinds.find((one) => (left -= weights[one]) < 0) ?? "nothing";
    const moment = names[Math.floor(random() * names.length)] ?? "as it begins";
    return { kind, moment };
  });
}

/** What became of one deployment. */
export interface Outcome extends Planned {
  /** Exit code or signal of each run of the same command. */
  exits: string[];
  /** The version that serves at the end is the new one, or for a broken one the last good one; and the site answers. */
  recovered: boolean;
  /** A failed gate was followed by a way back; and that ended well. */
  rollback?: { ok: boolean; seconds: number };
  /** Of the first run. */
  seconds: number;
  requests: number;
  failed: number;
}

const share = (part: readonly unknown[], whole: readonly unknown[]): number =>
  whole.length === 0 ? NaN : (100 * part.length) / whole.length;

export interface Figure {
  name: string;
  percent: number;
  shown: string;
}

/** The names of the shares, as the aims look for them. */
export const reliabilityFigures = {
  plain: "deployments without a fault that went through",
  sound: "sound versions deployed, whatever struck, by the same command once or again",
  recovered: "faults recovered from without a manual step",
  back: "ways back that ended with the old version confirmed",
  manual: "deployments that needed a manual step",
} as const;

/** Seed 000's metrics. A deployment of a broken version succeeds by leaving what worked. */
export function metricsOf(outcomes: readonly Outcome[]): Figure[] {
  const figure = (name: string, part: Outcome[], whole: Outcome[]): Figure => ({
    name,
    percent: share(part, whole),
    shown: `${part.length} of ${whole.length}`,
  });
  const sound = outcomes.filter(({ kind }) => !isBroken(kind));
  const faulty = outcomes.filter(({ kind }) => kind !== "nothing");
  const rolled = outcomes.filter(({ rollback }) => rollback !== undefined);
  const quiet = outcomes.filter(({ kind }) => kind === "nothing");
  return [
    figure(
      reliabilityFigures.plain,
      quiet.filter(({ exits }) => exits[0] === "0"),
      quiet,
    ),
    figure(
      reliabilityFigures.sound,
      sound.filter(({ recovered }) => recovered),
      sound,
    ),
    figure(
      reliabilityFigures.recovered,
      faulty.filter(({ recovered }) => recovered),
      faulty,
    ),
    figure(
      reliabilityFigures.back,
      rolled.filter(({ rollback }) => rollback?.ok === true),
      rolled,
    ),
    figure(
      reliabilityFigures.manual,
      outcomes.filter(({ recovered }) => !recovered),
      [...outcomes],
    ),
  ];
}
