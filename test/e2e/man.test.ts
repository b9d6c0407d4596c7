// The man page, read by man, groff and mandoc.
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { manPage } from "../../scripts/release/man.mjs";
import { temporaryFile } from "../support/cli";

/** What man and groff take of this process: their own variables would change what they say. */
const CHECKED_IN = { PATH: process.env.PATH, LC_ALL: "C.UTF-8", MANWIDTH: "80" };

/** The checkers, each asked to say everything. */
const CHECKERS: readonly (readonly [program: string, ...words: string[]])[] = [
  ["man", "--warnings", "-l", "-Tutf8"],
  ["groff", "-man", "-Tutf8", "-ww", "-z"],
  ["mandoc", "-T", "lint", "-W", "style"],
];
/** What mandoc says of the page of a version that is not released yet. */
const NO_DATE = /^mandoc: \S+ WARNING: missing date, using "": TH\n/;

for (const [program, ...words] of CHECKERS)
  test(`${program} has nothing to say against it`, () => {
    const check = (text: string) => {
      const file = temporaryFile("virtinst-rbd-patch.1", text);
      const { stdout, stderr } = spawnSync(program, [...words, file], { encoding: "utf8", env: CHECKED_IN });
      return `${program === "mandoc" ? stdout : ""}${stderr}`;
    };
    const page = manPage();
    const said = check(page);
    expect(page.includes('.TH VIRTINST\\-RBD\\-PATCH 1 ""') ? said.replace(NO_DATE, "") : said).toBe("");
    // It would have.
    expect(check(`${page}.XX\n\\[nosuch]\n`)).not.toBe("");
  });
