import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cli, HOST, HOST_BY_UUID, HOST_TWO } from "../support/cli";
import { atEnd, borrowVirtinst, expectDone, makeFolder, SHARE, undoAll } from "./support/machine";

const UUID = "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1";
const INSTALLER = `${SHARE}/virtinst/install/installer.py`;
/** The last line before `_build_xml` returns. */
const LAST = '        log.debug("Generated final_xml: \\n%s", final_xml)\n';

let folder: string;
let pristine: Buffer;

beforeAll(() => {
  borrowVirtinst();
  folder = makeFolder();
  pristine = readFileSync(INSTALLER);
  const { atime, mtime } = statSync(INSTALLER);
  atEnd("put installer.py back", () => restore(atime, mtime));
});

// Each test begins with the release's own file.
beforeEach(() => writeFileSync(INSTALLER, pristine));

afterAll(undoAll);

function restore(atime: Date, mtime: Date): void {
  writeFileSync(INSTALLER, pristine);
  const seconds = (time: Date) => time.getTime() / 1000;
  expectDone(cli(["--version"]));
  utimes(INSTALLER, seconds(atime), seconds(mtime));
}
