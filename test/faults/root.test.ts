import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { image, TOOL } from "../support/cli";
import { badWords, leftovers, stateOf } from "./support/judge";
import { ALL, faultTest, folder, must, NODE, pause, SYSTEM, script, seeded, tool, watch, which } from "./support/run";

/** Rounds of each kind. */
const ROUNDS = ALL ? 50 : 3;
const LIBRARY = "usr/share/virt-manager";
const IN_LIBRARY = "virtinst/install/installer.py";

const counts: string[] = [];
afterAll(() => {
  if (counts.length > 0) console.log(`root: ${counts.join(", ")}`);
});

type Command = "apply" | "revert";

/** Images of a host, and of something outside of it that looks the same and must stay as it is. */
class Images {
  readonly #base = folder();
  readonly #images: Record<Command, string>;
  readonly texts: Record<Command, string>;
  #made = 0;

  private constructor(images: Record<Command, string>) {
    this.#images = images;
    const text = (base: string) => readFileSync(join(base, LIBRARY, IN_LIBRARY), "latin1");
    this.texts = { apply: text(images.apply), revert: text(images.revert) };
  }

  static async make(): Promise<Images> {
    const [pristine, patched] = [image(), image()];
    for (const base of [pristine, patched])
      must("touch", "-d", "@1400000000.123456789", join(base, LIBRARY, IN_LIBRARY));
    const { code, stderr } = await tool(["apply", "--root", patched]);
    if (code !== 0) throw new Error(stderr);
    return new Images({ apply: pristine, revert: patched });
  }

  /** A host on which a command has something to do, and a victim on which it would have, too. */
  copy(command: Command) {
    const home = join(this.#base, `round-${++this.#made}`);
    const [root, outside, bin] = [join(home, "root"), join(home, "outside"), join(home, "bin")];
    mkdirSync(bin, { recursive: true });
    must("cp", "-a", this.#images[command], root);
    must("cp", "-a", join(root, LIBRARY, "virtinst"), outside);
    const victim = join(outside, "install/installer.py");
    chownSync(victim, 1234, 4321);
    chmodSync(victim, 0o640);
    return { home, root, outside, bin, victim, library: join(root, LIBRARY) };
  }
}

type Round = ReturnType<Images["copy"]>;

/** The names of a whole tree, and the victim itself. */
const outsideState = ({ outside, victim }: Round) => ({
  names: must("find", outside, "-printf", "%P %y %m %U:%G\\n").split("\n").sort(),
  victim: stateOf(victim),
});

/** What the attacker exchanges for a link: the whole package, or the folder of the file. */
const FOLDERS = ["virtinst", "virtinst/install"] as const;

/** Where the host's own file is, wherever its folder was moved to. */
function ownFile({ library }: Round): string {
  const candidates = ["", ".away"].flatMap((one) =>
    ["", ".away"].map((two) => [join(library, `virtinst${one}`), `install${two}`] as const),
  );
  const own = candidates.find(
    ([package_, name]) => existsSync(package_) && lstatSync(package_).isDirectory() && isFolder(join(package_, name)),
  );
  if (!own) throw new Error("the round lost its own file");
  return join(...own, "installer.py");
}

const isFolder = (path: string) => existsSync(path) && lstatSync(path).isDirectory();

/** Puts a link to the outside in a folder's place. */
function exchange({ library, outside }: Round, name: (typeof FOLDERS)[number]): void {
  const path = join(library, name);
  renameSync(path, `${path}.away`);
  symlinkSync(name === "virtinst" ? outside : join(outside, "install"), path);
}

const words = (command: Command, { root }: Round) => [NODE, TOOL, command, "--root", root];

/** What is done while the tool runs; returns whether it was done in time. */
type Attack = (round: Round, over: () => boolean, number: number) => Promise<boolean>;

/** Runs rounds; in each the victim has to stay, and what the tool says has to be so. */
function rounds(name: string, act: Attack, run: Runner) {
  faultTest(name, ["root", "strace", "getfattr", "python3"], async () => {
    const images = await Images.make();
    const faults: string[] = [];
    let hits = 0;
    for (let number = 0; number < ROUNDS; number++) {
      const command = number % 2 === 0 ? "apply" : "revert";
      const other = command === "apply" ? "revert" : "apply";
      const round = images.copy(command);
      const before = outsideState(round);
      let over = false;
      const running = run(round, command).finally(() => {
        over = true;
      });
      const [ran, hit] = await Promise.all([running, act(round, () => over, number)]);
      if (hit) hits++;
      const wrong: string[] = [];
      try {
        expect(outsideState(round)).toEqual(before);
      } catch (error) {
        wrong.push(`the outside was changed: ${(error as Error).message}`);
      }
      const own = stateOf(ownFile(round));
      const is = own?.text === images.texts[command] ? "old" : own?.text === images.texts[other] ? "new" : "neither";
      if (ran.code === 0 && is !== "new") wrong.push(`says ${ran.stdout.trim()}, and its own file is ${is}`);
      if (/\bnothing (was|is|has been) (written|changed)\b/i.test(ran.stderr) && is !== "old")
        wrong.push(`says that nothing was changed, and its own file is ${is}`);
      if (![0, 3, 4, 6].includes(ran.code ?? -1)) wrong.push(`exit ${ran.code}`);
      const bad = badWords(ran);
      if (bad) wrong.push(bad);
      if (wrong.length > 0)
        faults.push(`round ${number}, ${command}: ${wrong.join("; ")} (exit ${ran.code}: ${ran.stderr})`);
    }
    counts.push(`${name}: ${ROUNDS} rounds, ${hits} hits`);
    expect(faults).toEqual([]);
    expect(hits).toBeGreaterThan(0);
  });
}

type Runner = (round: Round, command: Command) => ReturnType<typeof watch>;

/** Runs the tool with a wrapper for its children that does something first. */
const throughChildren =
  (lines: (round: Round) => string): Runner =>
  (round, command) => {
    // With the system's PATH: a wrapper that meets another wrapper would never end.
    for (const child of ["cp", "touch", "tar", "ln"].filter(which))
      script(round.bin, child, `( PATH='${SYSTEM}'\n${lines(round)}\n)\nexec '${which(child)}' "$@"`);
    return watch(words(command, round), { env: { PATH: `${round.bin}:${SYSTEM}` } });
  };

/** A run with some of its calls delayed, so that there is time to do something before they are made. */
const delayed =
  (calls: string, when: string): Runner =>
  (round, command) => {
    const delay = `inject=${calls}:delay_enter=150000:when=${when}`;
    const log = join(round.home, "log");
    return watch(["strace", "-qq", "-o", log, "-e", `trace=${calls}`, "-e", delay, ...words(command, round)]);
  };

/** Waits until a delayed call has begun. */
async function begun(round: Round, over: () => boolean, call: RegExp): Promise<boolean> {
  while (!over()) {
    const log = join(round.home, "log");
    if (existsSync(log) && call.test(readFileSync(log, "latin1"))) return true;
    await pause(2);
  }
  return false;
}

const swapTemporary = (link: string) => (round: Round) =>
  `cd '${join(round.library, "virtinst/install")}' &&
for name in .*virtinst-rbd-patch.*; do
  [ -f "$name" ] && [ ! -L "$name" ] && rm -f "$name" && ${link} '${round.victim}' "$name" && touch '${round.home}/hit'
done
cd /`;
const wasHit: Attack = async ({ home }, over) => {
  while (!over()) await pause(5);
  return existsSync(join(home, "hit"));
};

rounds("the temporary file becomes a symbolic link", wasHit, throughChildren(swapTemporary("ln -s")));
rounds("the temporary file becomes a hard link", wasHit, throughChildren(swapTemporary("ln")));

rounds(
  "the temporary file becomes a link while the rename waits",
  async (round, over) => {
    if (!(await begun(round, over, /\brename(?:at2?)?\(/))) return false;
    const inside = join(round.library, "virtinst/install");
    const old = readFileSync(join(inside, "installer.py"), "latin1");
    // Not the second name of the old file, if there is one.
    const name = leftovers(inside).find((name) => readFileSync(join(inside, name), "latin1") !== old);
    if (name === undefined) return false;
    rmSync(join(inside, name));
    symlinkSync(round.victim, join(inside, name));
    return true;
  },
  delayed("rename,renameat,renameat2", "1"),
);

for (const name of FOLDERS) {
  const swap = (round: Round) => `if [ ! -e '${round.home}/hit' ]; then touch '${round.home}/hit'
mv '${join(round.library, name)}' '${join(round.library, name)}.away'
ln -s '${name === "virtinst" ? round.outside : `${round.outside}/install`}' '${join(round.library, name)}'
fi`;
  rounds(`${name} becomes a link while a child runs`, wasHit, throughChildren(swap));

  rounds(
    `${name} becomes a link while the rename waits`,
    async (round, over) => {
      const hit = await begun(round, over, /\brename(?:at2?)?\(/);
      if (hit) exchange(round, name);
      return hit;
    },
    delayed("rename,renameat,renameat2", "1"),
  );

  rounds(
    `${name} becomes a link while a file is opened`,
    async (round, over, number) => {
      // A later call in each round: when the file was found, when it is read, when the temporary one is made.
      const calls = new RegExp(
        `(?:installer\\.py|virtinst-rbd-patch\\.|/proc/self/fd)[\\s\\S]*`.repeat(1 + (number % 4)),
      );
      const hit = await begun(round, over, calls);
      if (hit) exchange(round, name);
      return hit;
    },
    delayed("openat", "35+"),
  );

  rounds(
    `${name} is a link every now and then`,
    async (round, _, number) => {
      const link = join(round.library, `${name}.away`);
      symlinkSync(name === "virtinst" ? round.outside : join(round.outside, "install"), link);
      await swinging(join(round.library, name), link, number);
      return true;
    },
    (round, command) => watch(words(command, round)),
  );
}

/** Exchanges two names over and over, each time in one step, for as long as the tool runs at most. */
function swinging(one: string, other: string, seed: number): Promise<void> {
  const random = seeded(seed);
  const program = `
import ctypes, sys, time
libc = ctypes.CDLL(None, use_errno=True)
one, other = (name.encode() for name in sys.argv[1:3])
end = time.monotonic() + 0.9
while time.monotonic() < end:
    if libc.renameat2(-100, one, -100, other, 2):
        sys.exit(1)
    time.sleep(float(sys.argv[3]))
`;
  const wait = String(0.0002 + random() * 0.004);
  const child = spawn("python3", ["-c", program, one, other, wait], { env: { ...process.env, PATH: SYSTEM } });
  return new Promise((resolve, reject) =>
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`the exchange ended with ${code}`)))),
  );
}

test("the harness would see a changed victim", async () => {
  const images = await Images.make();
  const round = images.copy("apply");
  const before = outsideState(round);
  chmodSync(round.victim, 0o600);
  expect(outsideState(round)).not.toEqual(before);
});
