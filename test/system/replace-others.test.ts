import {
  appendFileSync,
  chmodSync,
  closeSync,
  fchmodSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Failure } from "../../src/failure";
import { Folder, openRoot } from "../../src/system/folder";
import { ChangedMeanwhile, replaceFile } from "../../src/system/replace";
import { temporaryFolder } from "../support/cli";

/** What a run is about to do each time that it asks for a name in its folder, in order. */
const MOMENTS = [
  ...["make", "compare", "check", "link from", "link to", "rename from", "rename to", "look", "end", "last"],
] as const;
type Moment = (typeof MOMENTS)[number];

/** A folder in which somebody else acts at a moment of a run, with the name that it is about to use. */
class Crowded extends Folder {
  #asked = 0;
  readonly others: Partial<Record<Moment, (path: string) => void>> = {};

  override at(name: string): string {
    const moment = MOMENTS[this.#asked++];
    const path = join(this.shown, name);
    if (moment) this.others[moment]?.(path);
    return super.at(name);
  }
}

const OLD = "old\n";
const NEW = "new\n";

/** A file that a run replaces, and somebody else who is at work in its folder meanwhile. */
function crowd() {
  const path = temporaryFolder();
  const folder = new Crowded(openRoot("/") as number, path.split("/").filter(Boolean), path);
  const file = join(path, "guest.py");
  writeFileSync(file, OLD);
  const old = new Folder(folder.descriptor, [], path).read("guest.py");
  const theirs = openSync(file, "r+");
  onTestFinished(() => closeSync(theirs));
  return {
    file,
    /** The old file, open for somebody else: what is done by it is done to no name. */
    theirs,
    others: folder.others,
    /** Another file gets the name. */
    third(text = "third\n", name = file) {
      writeFileSync(join(path, "third"), text);
      chmodSync(join(path, "third"), 0o644);
      renameSync(join(path, "third"), name);
    },
    text: (name = "guest.py") => readFileSync(join(path, name), "utf8"),
    names: () => readdirSync(path).sort(),
    replace: () =>
      replaceFile(folder, "guest.py", old, Buffer.from(NEW)).then(
        ({ notes }) => notes.join(),
        (error: Failure) => error,
      ),
  };
}
type Crowd = ReturnType<typeof crowd>;

/** What a run said that failed. */
function words(said: string | Failure): string {
  expect(said).toBeInstanceOf(Failure);
  expect(said).toMatchObject({ kind: "io", hint: expect.stringMatching(/\w\.$|verify\.$/) });
  return (said as Failure).message;
}

const later = (act: () => void) => () => void setImmediate(act);

describe("an edit in the moment of replacing", () => {
  const edit = ({ file }: Crowd) => appendFileSync(file, "theirs\n");
  test.each<[string, (one: Crowd) => void, string, number]>([
    ["in place", (one) => Object.assign(one.others, { "rename to": () => edit(one) }), `${OLD}theirs\n`, 0o644],
    [
      "by who has it open",
      (one) => Object.assign(one.others, { look: () => writeSync(one.theirs, "their text\n") }),
      "their text\n",
      0o644,
    ],
    [
      "of its mode, by who has it open",
      (one) => Object.assign(one.others, { look: () => fchmodSync(one.theirs, 0o600) }),
      OLD,
      0o600,
    ],
    [
      "that nothing shows but the kernel's account",
      (one) =>
        Object.assign(one.others, {
          "rename to"() {
            for (const mode of [0o600, 0o644]) chmodSync(one.file, mode);
          },
        }),
      OLD,
      0o644,
    ],
  ])("%s is put back", async (_, act, text, mode) => {
    const one = crowd();
    act(one);
    const said = await one.replace();
    expect(said).toBeInstanceOf(ChangedMeanwhile);
    expect(words(said)).toBe(`${one.file} was changed by somebody else meanwhile; nothing was written.`);
    expect(one.text()).toBe(text);
    expect(statSync(one.file).mode & 0o7777).toBe(mode);
    expect(one.names()).toEqual(["guest.py"]);
  });

  test("to the new file is nobody's but theirs", async () => {
    const one = crowd();
    one.others["rename to"] = later(() => {
      for (const mode of [0o600, 0o644]) chmodSync(one.file, mode);
    });
    expect(await one.replace()).toBe("");
    expect(one.text()).toBe(NEW);
  });

  test("is said to be lost where the old file could get no second name; what has that name stays", async () => {
    const one = crowd();
    let taken = "";
    one.others["link to"] = (second) => {
      taken = basename(second);
      writeFileSync(second, "somebody else's\n");
    };
    one.others["rename to"] = () => edit(one);
    expect(words(await one.replace())).toMatch(
      /was replaced, but somebody else changed it in the same moment, and their change is lost\.$/,
    );
    expect(one.text()).toBe(NEW);
    expect(one.names()).toEqual([taken, "guest.py"]);
    expect(one.text(taken)).toBe("somebody else's\n");
  });

  test.each<[string, (one: Crowd) => void, string]>([
    [
      "at once",
      (one) => {
        one.others["rename to"] = () => {
          edit(one);
          setImmediate(() => one.third());
        };
      },
      "third\n",
    ],
    [
      "before that",
      (one) => {
        one.others["rename to"] = () => {
          edit(one);
          one.third();
        };
      },
      NEW,
    ],
    [
      "and nothing shows that yet",
      (one) => {
        one.others["rename to"] = () => edit(one);
        one.others.look = () => one.third();
      },
      "third\n",
    ],
  ])("outlives another who replaced it %s", async (_, act, text) => {
    const one = crowd();
    act(one);
    const said = words(await one.replace());
    const [name, saved = ""] = one.names();
    expect([name, saved]).toEqual(["guest.py", expect.stringMatching(/^guest\.py\.saved-[0-9a-z]{8}$/)]);
    expect(one.names()).toHaveLength(2);
    expect(said).toContain("was replaced, but somebody else changed it in the same moment, and another replaced it: ");
    expect(said).toContain(`their text is in ${one.file}${saved.slice("guest.py".length)}.`);
    expect(one.text(saved)).toBe(`${OLD}theirs\n`);
    expect(one.text()).toBe(text);
  });

  test("that cannot be put back is kept beside the file", async () => {
    const one = crowd();
    one.others["rename to"] = () => edit(one);
    one.others.last = () => {
      rmSync(one.file);
      mkdirSync(one.file);
    };
    const said = words(await one.replace());
    const [, saved = ""] = one.names();
    expect(one.text(saved)).toBe(`${OLD}theirs\n`);
    expect(said).toMatch(/in the same moment, and that cannot be put back: their text is in \/.*\.saved-\w+ \(.+\)\.$/);
    expect(said).toContain(saved);
    expect(one.names()).toHaveLength(2);
  });

  test("is said to be lost where even its second name is gone", async () => {
    const one = crowd();
    one.others["rename to"] = () => edit(one);
    one.others.end = (second) => rmSync(second);
    expect(words(await one.replace())).toContain(
      "that cannot be put back: their text is lost: no such file or directory",
    );
    expect(one.names()).toEqual(["guest.py"]);
    expect(one.text()).toBe(NEW);
  });

  test("is put back, and who replaced the file meanwhile is told that their text is lost", async () => {
    const one = crowd();
    one.others["rename to"] = () => edit(one);
    one.others.last = () => one.third();
    expect(words(await one.replace())).toMatch(
      /cannot be replaced: somebody else replaced it while this run put it back, and their text is lost\.$/,
    );
    expect(one.text()).toBe(`${OLD}theirs\n`);
    expect(one.names()).toEqual(["guest.py"]);
  });
});

describe("another file in the moment of replacing", () => {
  test.each<[string, (one: Crowd) => void, RegExp, string | null]>([
    [
      "that came just before",
      (one) => Object.assign(one.others, { "rename to": () => one.third() }),
      /was replaced, but somebody else replaced it in the same moment, and their text is lost\.$/,
      NEW,
    ],
    [
      "that came just after",
      (one) => Object.assign(one.others, { "rename to": later(() => one.third()) }),
      /was replaced, but somebody else replaced it again at once: what is there now is theirs\.$/,
      "third\n",
    ],
    [
      "that came when all was looked at",
      (one) => Object.assign(one.others, { look: () => one.third() }),
      /was replaced, but what is there now is not what was written\.$/,
      "third\n",
    ],
    [
      "that came last and has the same text",
      (one) => Object.assign(one.others, { last: () => one.third(NEW) }),
      /was replaced, but what is there now is not what was written\.$/,
      NEW,
    ],
    [
      "that is none: it was removed",
      (one) => Object.assign(one.others, { look: () => rmSync(one.file) }),
      /was replaced, but what is there now is not what was written\.$/,
      null,
    ],
  ])("%s", async (_, act, message, text) => {
    const one = crowd();
    act(one);
    const said = await one.replace();
    expect(words(said)).toMatch(message);
    expect((said as Failure).hint).toContain("virtinst-rbd-patch verify");
    expect(one.names()).toEqual(text === null ? [] : ["guest.py"]);
    if (text !== null) expect(one.text()).toBe(text);
  });
});

describe("a new file that somebody changes before it gets its name", () => {
  test.each<[string, (one: Crowd, path: string) => void]>([
    ["another with the same text and mode", (one, path) => one.third(NEW, path)],
    ["its text", (_, path) => appendFileSync(path, "import os\n")],
    ["its mode", (_, path) => chmodSync(path, 0o666)],
    ["it is gone", (_, path) => rmSync(path)],
  ])("%s", async (_, act) => {
    const one = crowd();
    one.others.check = (path) => act(one, path);
    expect(words(await one.replace())).toMatch(
      /cannot be replaced: the file that was to take its place is not what was written\.$/,
    );
    expect(one.text()).toBe(OLD);
    expect(one.names()).toEqual(["guest.py"]);
  });

  test("a link that waits under its name is not written through, and stays", async () => {
    const one = crowd();
    const victim = join(temporaryFolder(), "victim");
    writeFileSync(victim, "victim\n");
    let made = "";
    one.others.make = (path) => {
      made = path;
      symlinkSync(victim, path);
    };
    expect(words(await one.replace())).toMatch(/cannot be replaced: /);
    expect(readFileSync(victim, "utf8")).toBe("victim\n");
    expect(one.text()).toBe(OLD);
    expect(readlinkSync(made)).toBe(victim);
  });
});

test("an old text that cannot be removed under its second name is named, once", async () => {
  const one = crowd();
  let second = "";
  one.others.end = (path) => {
    second = path;
    rmSync(path);
    mkdirSync(path);
  };
  const said = words(await one.replace());
  expect(said).toContain(
    `was replaced, but the old text could not be removed under its second name. The temporary file ${second} cannot`,
  );
  expect(said.split(second)).toHaveLength(2);
  expect(said).toMatch(/Remove it\.$/);
});

test.each([
  ["EIO", false],
  ["ENOSPC", false],
  ["EDQUOT", false],
  ["EMLINK", true],
  ["EPERM", true],
])("a second name that is refused with %s", async (code, goesOn) => {
  const one = crowd();
  // No file system here refuses so on demand.
  one.others["link to"] = () => {
    throw Object.assign(new Error(`${code}: refused, link`), { code });
  };
  const said = await one.replace();
  if (goesOn) expect(said).toBe("");
  else expect(words(said)).toMatch(/cannot be replaced: /);
  expect(one.text()).toBe(goesOn ? NEW : OLD);
  expect(one.names()).toEqual(["guest.py"]);
});
