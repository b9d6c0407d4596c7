import { expect, test } from "vitest";
import { documentsIn } from "../../src/system/printed";

const POOL = "<pool type='rbd'>\n  <name>a</name>\n</pool>";

test.each([
  ["one", `${POOL}\n`, [POOL]],
  ["behind other words", `virsh # ${POOL}\n\n`, [POOL]],
  [
    "several, with something between them",
    `${POOL}\n\nerror: no\n<secret>\n</secret>\n${POOL}`,
    [POOL, "<secret>\n</secret>", POOL],
  ],
  ["of another name", "<pools>\n</pools>\n<domain>\n</domain>\n", []],
  ["one without an end", `${POOL}\n<pool>\n <name/>\n`, [POOL]],
  ["one on a line of its own", "<pool/>\n</pool>\n<pool> </pool>\n", ["<pool> </pool>"]],
  ["one whose end does not stand alone", "<pool>\n</pool> \n </pool>\n", []],
  ["one in another", "<pool>\n<secret>\n</secret>\n</pool>\n", ["<pool>\n<secret>\n</secret>\n</pool>"]],
])("%s", (_, printed, documents) => {
  expect(documentsIn(printed, ["pool", "secret"])).toEqual(documents);
});
