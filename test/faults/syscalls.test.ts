import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect } from "vitest";
import { FIXTURES } from "../support/cli";
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
import { ALL, each, faultTest, pause } from "./support/run";
import { BUNDLED, type Case, CHILDREN, JOBS, type Job, perform, Stand, shell, wrap } from "./support/stand";

/** How many of the points a sample takes. */
const SAMPLE = { errors: 12, kills: 5, child: 6 };
const LANES = 2;
/** How often a point is tried: on a busy machine Node starts differently each time. */
const ATTEMPTS = 12;
const NEEDS = ["root", "strace", "getfattr", "setfacl"] as const;

const counts: string[] = [];
let unforeseen = 0;
afterAll(() => {
  if (counts.length > 0) console.log(`points: ${counts.join(", ")}; called unforeseen by the tool: ${unforeseen}`);
});

const chosen = (points: readonly Point[], count: number, seed: number) => (ALL ? points : sample(points, count, seed));

/** The calls of the tool's own thread that have to do with its inputs, the target, or what it prints. */
async function learnMain(stand: Stand, job: Job): Promise<Site[]> {
  const one = stand.copy(job.from);
  const log = join(one.home, "log");
  const ran = await perform(job, one, learning(log));
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  expect(wholeOf(one.target, stand.choice(job))).toBe("new");
  const input = (line: string) => line.includes(`${FIXTURES}/`) || line.includes(`${one.top}/`);
  const sites = readSites(log, input, (line) => input(line) || /^write\([12]</.test(line));
  // A harness that learns nothing would pass everything.
  const names = sites.map(({ name }) => name);
  expect(names.some((name) => name.startsWith("rename"))).toBe(true);
  expect(names).toContain("fsync");
  return sites;
}

/** Disturbs a call of the tool's own thread. Node's start-up may vary, so a run that hit another call is done again. */
async function disturbMain(stand: Stand, job: Job, point: Point) {
  for (let attempt = 1; ; attempt++) {
    const one = stand.copy(job.from);
    const log = join(one.home, "log");
    const ran = await perform(job, one, disturbing(log, point));
    const hit = disturbedCall(log, point.fault);
    const meant = hit !== null && (/^write\([12]</.test(hit) || hit.includes(one.top) || hit.includes(FIXTURES));
    if (meant || attempt === ATTEMPTS) return { one, ran, hit: meant ? hit : null };
  }
}

function disturbed({ site, fault }: Point, hit: string) {
  const failed = fault !== "EINTR";
  return {
    unlink: site.name.startsWith("unlink"),
    stdout: failed && /^write\(1</.test(hit),
    stderr: failed && /^write\(2</.test(hit),
  };
}

function errorsOf(job: Job, seed: number) {
  faultTest(`${job.name}: an error of any call leaves the old file or the new one, and true words`, NEEDS, async () => {
    const stand = await Stand.make();
    const all = cross(await learnMain(stand, job), ERRORS);
    const points = chosen(all, SAMPLE.errors, seed);
    const faults: string[] = [];
    let missed = 0;
    await each(points, LANES, async (point) => {
      const { one, ran, hit } = await disturbMain(stand, job, point);
      if (hit === null) missed++;
      else {
        const wrong = judge(ran, one.target, stand.choice(job), disturbed(point, hit));
        if (ran.over) wrong.push("it hung");
        if (wrong.length > 0) faults.push(describeFault(place(point), wrong, ran));
        if (/Unexpected error/.test(ran.stderr)) unforeseen++;
      }
    });
    counts.push(`${job.name}: ${points.length} of ${all.length} errors, ${missed} missed`);
    expect(faults).toEqual([]);
    expect(missed).toBeLessThanOrEqual(points.length / 10);
  });
}

/** What to run after a kill, so that it changes something: the same again, or what undoes it. */
function followUp(job: Job, found: Whole): Job {
  if (found === "old") return job;
  const jobs = job.bundled ? BUNDLED : JOBS;
  return job.to === "patched" ? jobs.revert : jobs.apply;
}

/** Runs that were killed, and what they left. */
interface Killed {
  readonly where: string;
  readonly job: Job;
  readonly one: Case;
  readonly found: Whole;
}

const ALL_JOBS = [JOBS.apply, JOBS.revert];
const ALL_BUNDLED = [BUNDLED.apply, BUNDLED.revert];

/** Kills runs of a job at their calls, and while their children work; notes those that left a whole file. */
async function kill(stand: Stand, job: Job, seed: number, faults: string[], killed: Killed[]): Promise<void> {
  const all = cross(await learnMain(stand, job), ["SIGKILL"]);
  const points = chosen(all, SAMPLE.kills, seed);
  let [missed, byChildren] = [0, 0];
  const note = (where: string, one: Case) => {
    const found = wholeOf(one.target, stand.choice(job));
    if (isWhole(found)) killed.push({ where, job, one, found });
    else faults.push(`${where}: ${found}`);
  };
  await each(points, LANES, async (point) => {
    const { one, ran, hit } = await disturbMain(stand, job, point);
    if (hit === null) missed++;
    else if (ran.signal !== "SIGKILL") faults.push(describeFault(place(point), ["it was not killed"], ran));
    else note(place(point), one);
  });
  // The tool dies while a child works, before it and after it; the child goes on.
  // The script runs its children with timeout.
  const dies = 'p=$PPID; read -r _ name _ above _ < /proc/$p/stat; [ "$name" != "(timeout)" ] || p=$above; kill -9 $p';
  const around = [`${dies}; exec $real "$@"`, `$real "$@"; ${dies}`];
  const children = [...(await learnChildren(stand, job)).keys()];
  await each(around, LANES, async (lines) => {
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
  expect(missed).toBeLessThanOrEqual(points.length / 10);
  counts.push(`${job.name}: ${points.length} of ${all.length} kills, ${byChildren} by children`);
}

/** Looks at the next run after a kill. */
async function resume(stand: Stand, { where, job, one, found }: Killed): Promise<string[]> {
  const left = leftovers(dirname(one.target));
  const next = followUp(job, found);
  const ran = await perform(next, one);
  const choice = { ...stand.choice(next), old: stand.states[found === "old" ? job.from : job.to] };
  const wrong = judge(ran, one.target, choice);
  if (wholeOf(one.target, choice) !== "new") wrong.push(`the next run, ${next.name}, did not do it`);
  if (next.to === "pristine" && stateOf(one.target)?.modified !== stand.states.pristine.modified)
    wrong.push("the time is not put back");
  return wrong.length > 0
    ? [describeFault(`after ${where}, which left ${left.join(", ") || "nothing"}`, wrong, ran)]
    : [];
}

function kills(jobs: readonly Job[], seed: number) {
  const [{ name }] = jobs as [Job];
  faultTest(`${name}: after a kill at any call the file is whole, and the next run puts it right`, NEEDS, async () => {
    const stand = await Stand.make();
    const faults: string[] = [];
    const killed: Killed[] = [];
    for (const job of jobs) await kill(stand, job, seed, faults, killed);
    // Leftovers are judged by their age.
    await pause(11_000);
    await each(killed, LANES, async (one) => {
      faults.push(...(await resume(stand, one)));
    });
    expect(faults).toEqual([]);
  });
}

/** The file-system calls of the tool's children, by the child. */
async function learnChildren(stand: Stand, job: Job): Promise<Map<string, Site[]>> {
  const one = stand.copy(job.from);
  for (const child of CHILDREN) wrap(one, child, `exec ${shell(learning(join(one.home, `log-${child}`)))} $real "$@"`);
  const ran = await perform(job, one);
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  const found = new Map<string, Site[]>();
  const begins = (line: string) => line.includes(one.top) || /^(?:f?setxattr|fchmod|fchown|utimensat)\(/.test(line);
  for (const child of CHILDREN)
    if (readdirSync(one.home).includes(`log-${child}`))
      found.set(
        child,
        readSites(join(one.home, `log-${child}`), begins, () => true),
      );
  expect([...found.keys()]).toContain("cp");
  return found;
}

function childrenOf(job: Job, seed: number) {
  const { name } = job;
  faultTest(`${name}: whatever a child meets, the file is old or new, with all that belongs to it`, NEEDS, async () => {
    const stand = await Stand.make({ acl: true });
    for (const [child, sites] of await learnChildren(stand, job)) {
      const all = cross(sites, [...ERRORS, "SIGKILL"]);
      const points = chosen(all, SAMPLE.child, seed);
      const faults: string[] = [];
      let missed = 0;
      await each(points, LANES, async (point) => {
        const one = stand.copy(job.from);
        const log = join(one.home, "log");
        wrap(one, child, `exec ${shell(disturbing(log, point))} $real "$@"`);
        const ran = await perform(job, one);
        if (disturbedCall(log, point.fault) === null) missed++;
        const wrong = judge(ran, one.target, stand.choice(job));
        if (wrong.length > 0) faults.push(describeFault(`${child}: ${place(point)}`, wrong, ran));
        if (/Unexpected error/.test(ran.stderr)) unforeseen++;
      });
      counts.push(`${name}: ${points.length} of ${all.length} in ${child}, ${missed} missed`);
      expect.soft(faults).toEqual([]);
      expect.soft(missed).toBeLessThanOrEqual(points.length / 10);
    }
  });
}

let seed = 1;
for (const job of [...ALL_JOBS, ...ALL_BUNDLED]) errorsOf(job, seed++);
for (const jobs of [ALL_JOBS, ALL_BUNDLED]) kills(jobs, seed++);
childrenOf(JOBS.apply, seed++);
childrenOf(JOBS.revert, seed++);
