import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { flagsOf } from "../../scripts/release/grammar.mjs";
import { optionsOf } from "../../src/grammar/options";
import { ENVIRONMENT, manPage } from "../../scripts/release/man.mjs";
import { COMMANDS, EXITS } from "../../src/grammar/commands";
import { ABOUT } from "../../src/grammar/help";

let page: string;

beforeAll(() => {
  page = manPage();
});

/** What a part of it says, without its fonts. */
function section(name: string): string {
  const [, text] = new RegExp(`^\\.SH ${name}\\n([\\s\\S]*?)(?=^\\.SH |(?![\\s\\S]))`, "m").exec(page) ?? [];
  if (text === undefined) throw new Error(`no section ${name}`);
  return text
    .replace(/\\f[BIR]/g, "")
    .replaceAll("\\-", "-")
    .replaceAll("\\(aq", "'")
    .replaceAll("\n", " ");
}

test("it has the sections of a man page, in their usual order", () => {
  expect([...page.matchAll(/^\.SH (.*)$/gm)].map(([, name]) => name)).toEqual([
    "NAME",
    "SYNOPSIS",
    "DESCRIPTION",
    "COMMANDS",
    "OPTIONS",
    "EXIT STATUS",
    "ENVIRONMENT",
    "FILES",
    "EXAMPLES",
    "SEE ALSO",
  ]);
});

test.each(COMMANDS.map((command) => [command.name, command] as const))(
  "%s: a line of the synopsis, its own options, its examples",
  (name, command) => {
    expect(section("SYNOPSIS")).toContain(` virtinst-rbd-patch ${name} [options]`.trim());
    const own = section("COMMANDS")
      .split(".SS ")
      .find((text) => text.startsWith(`${name} `));
    for (const option of command.options) expect(own).toContain(`.TP ${flagsOf(option).names.join(", ")} `);
    for (const { words } of command.examples) expect(section("EXAMPLES")).toContain(`.TP virtinst-rbd-patch ${words} `);
  },
);

test("each option is there, one that commands share only once", () => {
  const terms = (text: string, names: readonly string[]) => text.split(`.TP ${names.join(", ")} `).length - 1;
  for (const option of [...COMMANDS.flatMap(optionsOf), ...ABOUT]) {
    const { names } = flagsOf(option);
    const owners = COMMANDS.filter(({ options }) =>
      options.some((own) => flagsOf(own).names.join() === names.join()),
    ).length;
    expect([names, terms(section("COMMANDS"), names), terms(section("OPTIONS"), names)]).toEqual([
      names,
      owners,
      owners > 0 ? 0 : 1,
    ]);
  }
});

test("each exit code is there, with what it means for one command", () => {
  const text = section("EXIT STATUS");
  const own = COMMANDS.flatMap(({ exits }) => Object.entries(exits));
  for (const [code, what] of [...Object.entries(EXITS), ...own]) {
    expect(text).toContain(`.TP ${code} `);
    expect(text.toLowerCase()).toContain(what.toLowerCase());
  }
});

test("what the sources read of the environment is there, and nothing else", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const read = files.flatMap((name) => {
    const text = readFileSync(join("src", name), "utf8");
    const taken = [...text.matchAll(/\{([^{}]*)\} = process\.env\b/g)].flatMap(([, names = ""]) => names.split(","));
    const named = [...text.matchAll(/process\.env\.(\w+)/g)].map(([, one = ""]) => one);
    return [...taken, ...named, ...(/\btmpdir\(\)/.test(text) ? ["TMPDIR"] : [])].map((one) => one.trim());
  });
  // picocolors reads these.
  read.push("NO_COLOR", "TERM");
  expect(Object.keys(ENVIRONMENT).sort()).toEqual([...new Set(read)].sort());
});

test("a second one is the same, and has no character that a terminal of ASCII lacks", async () => {
  expect(manPage()).toBe(page);
  expect(page).toMatch(/^[\n -~]*$/);
});

test("an option's minus is one, and no line of text begins as a request does", () => {
  const text = page.replaceAll("\\-", "").split("\n");
  expect(text.filter((line) => !/^\.(?:\\"|TH )/.test(line) && /(?:^|[\s(B])-[-\w]/.test(line))).toEqual([]);
  const requests = new Set([...page.matchAll(/^[.'](\w+)/gm)].map(([, name]) => name));
  expect([...requests].sort()).toEqual(["BR", "PP", "SH", "SS", "TH", "TP", "ad", "fi", "nf", "nh"]);
});
