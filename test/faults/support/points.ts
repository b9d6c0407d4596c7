import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";

/** The calls that have to do with files. */
const CALLS =
  "open|creat|close|read|write|sync|stat|access|rename|link|dir|chmod|chown|utime|truncate|dents|seek|alloc|copy|xattr";
/** The strace command that logs these calls. */
export const learning = (log: string) => ["strace", "-qq", "-y", "-o", log, "-e", `trace=/${CALLS}`];

/** One call of a program: its name, and its number among the calls of that name. */
export interface Site {
  readonly name: string;
  readonly ordinal: number;
  /** The call as it was in the clean run, for messages. */
  readonly shown: string;
}

/** The errors that a call can be made to return. */
export const ERRORS = ["ENOSPC", "EIO", "EDQUOT", "EROFS", "EACCES", "EINTR"] as const;
export type FaultKind = (typeof ERRORS)[number] | "SIGKILL";

export interface Point {
  readonly site: Site;
  readonly fault: FaultKind;
}

/** The strace command that makes one call fail, or kills the program there. */
export function disturbing(log: string, { site: { name, ordinal }, fault }: Point): string[] {
  const how = fault === "SIGKILL" ? "signal=SIGKILL" : `error=${fault}`;
  return ["strace", "-qq", "-y", "-o", log, "-e", `trace=${name}`, "-e", `inject=${name}:${how}:when=${ordinal}`];
}

/**
 * The calls in a log that matter.
 *
 * @param begins the first call after the start of the program
 * @param matters which of the calls from there on are taken
 */
export function readSites(log: string, begins: (line: string) => boolean, matters: (line: string) => boolean): Site[] {
  const seen = new Map<string, number>();
  const sites: Site[] = [];
  let begun = false;
  for (const line of readFileSync(log, "latin1").split("\n")) {
    const name = /^(\w+)\(/.exec(line)?.[1];
    if (name === undefined) continue;
    const ordinal = (seen.get(name) ?? 0) + 1;
    seen.set(name, ordinal);
    begun ||= begins(line);
    if (begun && matters(line)) sites.push({ name, ordinal, shown: line.slice(0, 160) });
  }
  return sites;
}

/** The call that was disturbed; undefined if none was. */
export function disturbedCall(log: string, fault: FaultKind): string | undefined {
  const lines = existsSync(log) ? readFileSync(log, "latin1").split("\n") : [];
  if (fault !== "SIGKILL") return lines.find((line) => line.includes("(INJECTED)"));
  return lines[lines.findIndex((line) => line.startsWith("+++ killed")) - 1];
}

/** Every fault at every call. */
export function cross(sites: readonly Site[], faults: readonly FaultKind[]): Point[] {
  return sites.flatMap((site) => faults.map((fault) => ({ site, fault })));
}

/** A sample, the same for each seed: first calls that rename, link, remove or sync, then some of each name. */
export function sample(points: readonly Point[], count: number, seed: number): Point[] {
  const decisive = points.filter(
    ({ site, fault }) => /^(?:rename|link|unlink|fsync)/.test(site.name) && (fault === "EIO" || fault === "SIGKILL"),
  );
  const order = fc.shuffledSubarray([...points], { minLength: points.length });
  const [shuffled = []] = fc.sample(order, { seed, numRuns: 1 });
  const turn = ({ site }: Point, at: number) =>
    shuffled.slice(0, at).filter((one) => one.site.name === site.name).length;
  const turns = shuffled.map((point, at) => ({ point, turn: turn(point, at) }));
  const others = turns.sort((one, other) => one.turn - other.turn).map(({ point }) => point);
  return [...new Set([...decisive, ...others])].slice(0, count);
}

/** Where a point is, for messages. */
export const place = ({ site: { name, ordinal, shown }, fault }: Point) => `${fault} at ${name} ${ordinal} [${shown}]`;
