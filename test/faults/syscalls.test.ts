import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, expect } from "vitest";
import { FIXTURES } from "../support/cli";
import { THOROUGH } from "../support/runs";
import { describeFault, isWhole, judge, leftovers, stateOf, type Whole, wholeOf } from "./support/judge";
import {
  cross,
  disturbedCall,
  disturbing,
  ERRORS,
  learning,
  type Point,
  place,
  readSites,
  type Site,
  sample,
} from "./support/points";
import { each, faultTest, type Watched } from "./support/run";
import {
  BUNDLED,
  type Case,
  CHILDREN,
  JOBS,
  type Job,
  makeStand,
  perform,
  type Stand,
  shell,
  wrap,
} from "./support/stand";

/** How many of the points a sample takes. */
const SAMPLE = { errors: 12, kills: 5, cp: 6, touch: 6 };
/** How often a point is tried: on a busy machine Node starts differently each time. */
const ATTEMPTS = 12;
const NEEDS = ["root", "strace", "getfattr", "setfacl"] as const;

const counts: string[] = [];
let unforeseen = 0;
afterAll(() => {
  if (counts.length > 0) console.log(`points: ${counts.join(", ")}; called unforeseen by the tool: ${unforeseen}`);
});

let seed = 0;
const chosen = (points: readonly Point[], count: number) => (THOROUGH ? points : sample(points, count, ++seed));
/** A call that a later run does not make is missed. */
const expectFew = (missed: number, points: readonly Point[]) =>
  expect.soft(missed).toBeLessThanOrEqual(points.length / 10);

/** The calls of the main thread for its inputs, the target, and its output. */
async function learnMain(stand: Stand, job: Job): Promise<Site[]> {
  let known = "";
  // Node can start differently, above all the first time: learn until two runs agree.
  for (let attempt = 1; ; attempt++) {
    const sites = await learnOnce(stand, job);
    const numbers = sites.map(({ name, ordinal }) => `${name} ${ordinal}`).join();
    if (numbers === known || attempt === ATTEMPTS) return sites;
    known = numbers;
  }
}

async function learnOnce(stand: Stand, job: Job): Promise<Site[]> {
  const one = stand.copy(job.from);
  const log = join(one.home, "log");
  const ran = await perform(job, one, learning(log));
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  expect(wholeOf(one.target, stand.choice(job))).toBe("new");
  const input = (line: string) => line.includes(`${FIXTURES}/`) || line.includes(`${one.top}/`);
  const sites = readSites(log, input, (line) => input(line) || /^write\([12]</.test(line));
  // The file before, its directory afterwards.
  expect(sites.map(({ name }) => name).join(" ")).toMatch(/\bfsync .*rename.* fsync\b/);
  return sites;
}

/** Disturbs a call of the main thread. The start of Node varies: a run in which another call was hit is repeated. */
async function disturbMain(stand: Stand, job: Job, point: Point): Promise<Hit> {
  for (let attempt = 1; ; attempt++) {
    const one = stand.copy(job.from);
    const log = join(one.home, "log");
    const ran = await perform(job, one, disturbing(log, point));
    const hit = disturbedCall(log, point.fault) ?? "";
    const isMeant = /^write\([12]</.test(hit) || hit.includes(one.top) || hit.includes(FIXTURES);
    if (isMeant || attempt === ATTEMPTS) return { one, ran, hit: isMeant ? hit : null };
  }
}

/** A run of a case, and the call that was disturbed; null if none was. */
interface Hit {
  readonly one: Case;
  readonly ran: Watched;
  readonly hit: string | null;
}

/** Disturbs some of the points, and judges the runs. */
async function judgeAll(
  stand: Stand,
  job: Job,
  what: keyof typeof SAMPLE,
  all: readonly Point[],
  disturb: (point: Point) => Promise<Hit>,
) {
  const points = chosen(all, SAMPLE[what]);
  const faults: string[] = [];
  let missed = 0;
  await each(points, async (point) => {
    const { one, ran, hit } = await disturb(point);
    if (hit === null) missed++;
    else {
      const isError = point.fault !== "EINTR";
      const wrong = judge(ran, one.target, stand.choice(job), {
        unlink: point.site.name.startsWith("unlink"),
        stdout: isError && hit.startsWith("write(1<"),
        stderr: isError && hit.startsWith("write(2<"),
      });
      if (ran.over) wrong.push("it hung");
      if (wrong.length > 0) faults.push(describeFault(place(point), wrong, ran));
      if (/Unexpected error/.test(ran.stderr)) unforeseen++;
    }
  });
  counts.push(`${job.name}: ${points.length} of ${all.length} ${what}, ${missed} missed`);
  expect.soft(faults).toEqual([]);
  expectFew(missed, points);
}

for (const job of [JOBS.apply, JOBS.revert, BUNDLED.apply, BUNDLED.revert])
  faultTest(`${job.name}: an I/O error leaves the old file or the new one, and is reported`, NEEDS, async () => {
    const stand = await makeStand();
    const all = cross(await learnMain(stand, job), ERRORS);
    await judgeAll(stand, job, "errors", all, (point) => disturbMain(stand, job, point));
  });

/** A run that was killed, and what it left. */
interface Killed {
  readonly where: string;
  readonly job: Job;
  readonly one: Case;
  readonly found: Whole;
}

/** Kills runs of a job at their calls, and while their children work; returns those that left a whole file. */
async function kill(stand: Stand, job: Job, faults: string[]): Promise<Killed[]> {
  const all = cross(await learnMain(stand, job), ["SIGKILL"]);
  const points = chosen(all, SAMPLE.kills);
  const killed: Killed[] = [];
  let [missed, byChildren] = [0, 0];
  const note = (where: string, one: Case) => {
    const found = wholeOf(one.target, stand.choice(job));
    if (isWhole(found)) killed.push({ where, job, one, found });
    else faults.push(`${where}: ${found}`);
  };
  await each(points, async (point) => {
    const { one, ran, hit } = await disturbMain(stand, job, point);
    if (hit === null) missed++;
    else if (ran.signal !== "SIGKILL") faults.push(describeFault(place(point), ["it was not killed"], ran));
    else note(place(point), one);
  });
  // The tool is killed before and after the work of a child, which goes on. The script runs its children with timeout.
  const dies = 'p=$PPID; read -r _ name _ above _ < /proc/$p/stat; [ "$name" != "(timeout)" ] || p=$above; kill -9 $p';
  const children = [...(await learnChildren(stand, job)).keys()];
  await each([`${dies}; exec $real "$@"`, `$real "$@"; ${dies}`], async (lines) => {
    for (const child of children) {
      const one = stand.copy(job.from);
      wrap(one, child, lines);
      const ran = await perform(job, one);
      if (ran.signal !== "SIGKILL") continue;
      byChildren++;
      rmSync(join(one.bin, child));
      note(`the tool is killed by ${child}: ${lines}`, one);
    }
  });
  expect(byChildren).toBeGreaterThan(0);
  expectFew(missed, points);
  counts.push(`${job.name}: ${points.length} of ${all.length} kills, ${byChildren} by children`);
  return killed;
}

/** Runs the same job after a kill, or the one that undoes it if it was done; returns what is wrong. */
async function resume(stand: Stand, { where, job, one, found }: Killed): Promise<string[]> {
  const left = leftovers(one.target);
  const jobs = job.bundled ? BUNDLED : JOBS;
  const next = found === "old" ? job : job.to === "patched" ? jobs.revert : jobs.apply;
  const ran = await perform(next, one);
  const choice = { ...stand.choice(next), old: stand.states[next.from] };
  const wrong = judge(ran, one.target, choice);
  if (wholeOf(one.target, choice) !== "new") wrong.push(`the next run, ${next.name}, did not do it`);
  if (next.to === "pristine" && stateOf(one.target).modified !== stand.states.pristine.modified)
    wrong.push("the time is not restored");
  return wrong.length > 0 ? [describeFault(`after ${where}, which left [${left}]`, wrong, ran)] : [];
}

for (const { apply, revert } of [JOBS, BUNDLED])
  faultTest(`${apply.name} and revert: a kill leaves a whole file, and the next run succeeds`, NEEDS, async () => {
    const stand = await makeStand();
    const faults: string[] = [];
    const killed = [...(await kill(stand, apply, faults)), ...(await kill(stand, revert, faults))];
    // A temporary file of the last ten seconds belongs to another run.
    await pause(11_000);
    await each(killed, async (one) => void faults.push(...(await resume(stand, one))));
    expect(faults).toEqual([]);
  });

/** The calls of the children of a job, by the child. */
async function learnChildren(stand: Stand, job: Job): Promise<Map<(typeof CHILDREN)[number], Site[]>> {
  const one = stand.copy(job.from);
  const logOf = (child: string) => join(one.home, `log-${child}`);
  for (const child of CHILDREN) wrap(one, child, `exec ${shell(learning(logOf(child)))} $real "$@"`);
  const ran = await perform(job, one);
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  const begins = (line: string) => line.includes(one.top) || /^(?:f?setxattr|fchmod|fchown|utimensat)\(/.test(line);
  const started = CHILDREN.filter((child) => existsSync(logOf(child)));
  expect(started).toContain("cp");
  return new Map(started.map((child) => [child, readSites(logOf(child), begins, () => true)]));
}

for (const job of [JOBS.apply, JOBS.revert])
  faultTest(`${job.name}: an error or kill of cp or touch leaves the old file or the new one`, NEEDS, async () => {
    const stand = await makeStand({ acl: true });
    for (const [child, sites] of await learnChildren(stand, job))
      await judgeAll(stand, job, child, cross(sites, [...ERRORS, "SIGKILL"]), async (point) => {
        const one = stand.copy(job.from);
        const log = join(one.home, "log");
        wrap(one, child, `exec ${shell(disturbing(log, point))} $real "$@"`);
        const ran = await perform(job, one);
        return { one, ran, hit: disturbedCall(log, point.fault) ?? null };
      });
  });
