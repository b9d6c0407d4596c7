// Files and folders that chattr protects: the old file stays.
import { appendFileSync, readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import type { Failure } from "../../src/failure";
import { ChangedMeanwhile } from "../../src/system/replace";
import { must } from "../support/attributes";
import { file } from "../support/replace";

const LSATTR = /^Run this as root; if you are root, look for an immutable file \(lsattr\)/;

test("an immutable file", async () => {
  const one = file();
  must("chattr", "+i", one.whole);
  onTestFinished(() => void must("chattr", "-i", one.whole));
  expect(await one.replace()).toMatchObject({
    message: `${one.whole} cannot be replaced: permission denied.`,
    hint: expect.stringMatching(LSATTR),
  });
  expect(readFileSync(one.whole, "utf8")).toBe("old\n");
  expect(one.names()).toEqual(["guest.py"]);
});

test("a folder that lets nobody remove anything: what is left there is named", async () => {
  const one = file();
  must("chattr", "+a", one.path);
  onTestFinished(() => void must("chattr", "-a", one.path));
  const said = (await one.replace()) as Failure;
  expect(said.message).toMatch(
    /guest\.py cannot be replaced: permission denied\.( The temporary file \S+ cannot be removed: permission denied\. Remove it\.){2}$/,
  );
  const left = one.names().filter((name) => name !== "guest.py");
  for (const name of left) expect(said.message).toContain(`${one.path}/${name} `);
  expect(left).toHaveLength(2);
  expect(readFileSync(one.whole, "utf8")).toBe("old\n");
});

test("a file that somebody changed in such a folder: that is reported, and what is left", async () => {
  const one = file();
  must("chattr", "+a", one.path);
  onTestFinished(() => void must("chattr", "-a", one.path));
  appendFileSync(one.whole, "theirs\n");
  const said = (await one.replace()) as Failure;
  expect(said).not.toBeInstanceOf(ChangedMeanwhile);
  expect(said.message).toMatch(
    /was changed by somebody else meanwhile; nothing was written\. The temporary file \S+ cannot be removed: permission denied\. Remove it\.$/,
  );
  expect(said.hint).toBe("Look at the file, then run this again.");
  expect(readFileSync(one.whole, "utf8")).toBe("old\ntheirs\n");
});
