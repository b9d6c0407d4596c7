// The man page, read by man, groff and mandoc.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { temporaryFile } from "../support/cli";

/** Their own variables would change what man and groff print. */
const ENVIRONMENT = { PATH: process.env.PATH, LC_ALL: "C.UTF-8", MANWIDTH: "80" };

test.each([
  ["man", "--warnings", "-l", "-Tutf8"],
  ["groff", "-man", "-Tutf8", "-ww", "-z"],
  ["mandoc", "-T", "lint", "-W", "style"],
])("%s reports nothing about the man page", (program, ...words) => {
  const check = (text: string) => {
    const file = temporaryFile("virtinst-rbd-patch.1", text);
    const { stdout, stderr } = spawnSync(program, [...words, file], { encoding: "utf8", env: ENVIRONMENT });
    return `${program === "mandoc" ? stdout : ""}${stderr}`;
  };
  const page = readFileSync("docs/virtinst-rbd-patch.1", "utf8");
  expect(check(page)).toBe("");
  // The program reports faults.
  expect(check(`${page}.XX\n\\[nosuch]\n`)).not.toBe("");
});
