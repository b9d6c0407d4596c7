import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect } from "vitest";
import { HOST_TWO, TOOL } from "../support/cli";
import { badWords, leftovers, stateOf } from "./support/judge";
import { blocksOf, illegal, lost, Others, waits } from "./support/racers";
import { ALL, each, faultTest, must, NODE, pause, SYSTEM, seeded, type Watched, watch } from "./support/run";
import { type Case, JOBS, type Job, Stand } from "./support/stand";

/** How many rounds of each kind; there are eight. */
const ROUNDS = ALL ? 130 : 7;
const NEEDS = ["root", "strace", "getfattr", "setfacl", "python3", "unshare"] as const;

const totals = { rounds: 0, hits: 0, reports: 0, unsure: 0, told: 0 };
afterAll(() => {
  const { rounds, hits, reports, unsure, told } = totals;
  if (rounds > 0)
    console.log(
      `races: ${rounds} rounds, ${hits} hits in the window, ${reports} runs that reported somebody else, ${told} lost deeds that were reported, ${unsure} deeds to a file that had just lost its name`,
    );
});

/** Tells of somebody else. */
const REPORT =
  /\b(?:somebody|someone|another|other)\b[\s\S]*\b(?:chang|replac|edit|wr[io]t)|\bby (?:somebody|someone|another)/i;
const reported = (ran: Watched) => ran.code === 6 && REPORT.test(ran.stderr);

const OTHER_FACTS: Job = {
  ...JOBS.apply,
  name: "apply with other facts",
  args: (top) => ["apply", ...HOST_TWO, "--virtinst", top],
};

function start(job: Job, { top }: Case, before: readonly string[] = []): Promise<Watched> {
  return watch([...before, NODE, TOOL, ...job.args(top)], { env: { PATH: SYSTEM }, seconds: 60 });
}

const NAMESPACE = ["unshare", "-p", "-f", "--mount-proc"];

/** One round: who runs, and what others do meanwhile. Returns the runs, and how often a window was hit. */
type Kind = (one: Case, others: Others, random: () => number) => Promise<{ runs: Watched[]; hits: number }>;

/** A run whose rename waits for a while, and what is done in that time. */
const inWindow =
  (job: Job, deed: (others: Others, one: Case) => Promise<Watched[]> | undefined): Kind =>
  async (one, others) => {
    const log = join(one.home, "log");
    const calls = "rename,renameat,renameat2";
    const delay = `inject=${calls}:delay_enter=300000:when=1`;
    const running = start(job, one, ["strace", "-qq", "-o", log, "-e", `trace=${calls}`, "-e", delay]);
    let over = false;
    running.finally(() => {
      over = true;
    });
    while (!over && waits(log) === "not yet") await pause(2);
    const more = deed(others, one);
    const hits = waits(log) === "now" ? 1 : 0;
    return { runs: [await running, ...((await more) ?? [])], hits };
  };

/** Runs at about the same time, and deeds between them. */
const together =
  (jobs: readonly (readonly [Job, readonly string[]])[], deeds: readonly ("append" | "rename" | "chmod")[]): Kind =>
  async (one, others, random) => {
    const runs = jobs.map(async ([job, before]) => {
      await pause(random() * 80);
      return start(job, one, before);
    });
    const waited = deeds.map(async (deed) => {
      // About when a run of this length compares and replaces.
      await pause(150 + random() * 450);
      others[deed]();
    });
    await Promise.all(waited);
    return { runs: await Promise.all(runs), hits: 0 };
  };

interface Race {
  readonly name: string;
  readonly from: Job["from"];
  readonly kind: Kind;
  /** Whether somebody else's doing has to be reported in each round in which it hit the window. */
  readonly mustReport?: boolean;
  /** Whether each round has a window that is meant to be hit. */
  readonly hasWindow?: boolean;
  /** How many rounds at a time. */
  readonly lanes: number;
}

const { apply, revert } = JOBS;
const RACES: readonly Race[] = [
  {
    name: "a line is appended before the rename",
    ...{ from: "pristine", lanes: 2, hasWindow: true },
    kind: inWindow(apply, (others) => void others.append()),
  },
  {
    name: "a line is appended before the rename of revert",
    ...{ from: "patched", lanes: 2, hasWindow: true },
    kind: inWindow(revert, (others) => void others.append()),
  },
  {
    name: "the mode is changed before the rename",
    ...{ from: "pristine", lanes: 2, hasWindow: true },
    kind: inWindow(apply, (others) => void others.chmod()),
  },
  {
    name: "the file is replaced before the rename",
    ...{ from: "pristine", lanes: 2, hasWindow: true, mustReport: true },
    kind: inWindow(apply, (others) => void others.rename()),
  },
  {
    name: "another run begins before the rename",
    ...{ from: "pristine", lanes: 1, hasWindow: true },
    kind: inWindow(apply, (_, one) => Promise.all([start(OTHER_FACTS, one), start(revert, one, NAMESPACE)])),
  },
  {
    name: "apply and revert, and others that append and change the mode",
    ...{ from: "pristine", lanes: 1 },
    kind: together(
      [
        [apply, []],
        [revert, []],
      ],
      ["append", "chmod", "append"],
    ),
  },
  {
    name: "apply and apply with other facts, and others that replace and append",
    ...{ from: "patched", lanes: 1 },
    kind: together(
      [
        [apply, []],
        [OTHER_FACTS, []],
      ],
      ["rename", "append", "rename"],
    ),
  },
  {
    name: "a run in a process namespace of its own beside one outside of it",
    ...{ from: "patched", lanes: 1 },
    kind: together(
      [
        [OTHER_FACTS, NAMESPACE],
        [revert, []],
      ],
      ["append", "rename", "chmod"],
    ),
  },
];

/** Has Python compile many texts at once; returns the numbers of those that it refuses. */
function refusedTexts(path: string, texts: readonly string[]): number[] {
  const program = `
import json, sys
refused = []
for number, text in enumerate(json.load(open(sys.argv[1]))):
    try:
        compile(text.encode("latin1"), "text", "exec")
    except SyntaxError:
        refused.append(number)
print(json.dumps(refused))
`;
  writeFileSync(path, JSON.stringify(texts));
  return JSON.parse(must("python3", "-c", program, path));
}

for (const [index, { name, from, kind, mustReport = false, hasWindow = false, lanes }] of RACES.entries())
  faultTest(`${name}: the text is legal, and what is lost is reported`, NEEDS, async () => {
    const stand = await Stand.make();
    const base = stand.states.pristine.text;
    const blocks = [stand.states.patched.text, stand.states.other.text].map(blocksOf);
    const faults: string[] = [];
    const texts: string[] = [];
    const random = seeded(index + 1);
    let hit = 0;
    await each(
      Array.from({ length: ROUNDS }, (_, round) => round),
      lanes,
      async (round) => {
        const one = stand.copy(from);
        const others = new Others(one.target);
        const { runs, hits } = await kind(one, others, random);
        const wrong: string[] = [];
        const state = stateOf(one.target);
        if (!state) wrong.push("the target is missing");
        else {
          texts.push(state.text);
          const fault = illegal(state.text, base, others, blocks);
          if (fault) wrong.push(fault);
          const gone = lost(one.target, others);
          const told = runs.some(reported);
          const silent = gone.filter(({ sure }) => sure);
          if (silent.length > 0 && !told)
            wrong.push(`lost without a word: ${silent.map(({ kind, mark }) => `${kind} ${mark.trim()}`).join(", ")}`);
          if (told) totals.told += gone.length;
          if (mustReport && hits > 0 && !told) wrong.push("nobody reported that the file was replaced");
          if (state.owner !== stand.states[from].owner && !others.deeds.some(({ kind }) => kind === "rename"))
            wrong.push(`the owner is ${state.owner}`);
        }
        for (const ran of runs) {
          if (ran.code !== 0 && ran.code !== 6) wrong.push(`exit ${ran.code}`);
          const bad = badWords(ran);
          if (bad) wrong.push(bad);
        }
        const left = leftovers(dirname(one.target));
        if (left.length > 0) wrong.push(`left behind: ${left.join(", ")}`);
        totals.rounds++;
        hit += hits;
        totals.unsure += others.deeds.filter(({ sure }) => !sure).length;
        totals.reports += runs.filter(reported).length;
        if (wrong.length > 0)
          faults.push(
            `round ${round}: ${wrong.join("; ")} (${runs.map(({ code, stderr }) => `exit ${code}: ${stderr.trim()}`).join(" / ")})`,
          );
      },
    );
    totals.hits += hit;
    expect(faults).toEqual([]);
    // A window that is never hit shows nothing.
    if (hasWindow) expect(hit).toBeGreaterThan(ROUNDS / 2);
    expect(refusedTexts(join(stand.copy(from).home, "texts"), texts)).toEqual([]);
  });
