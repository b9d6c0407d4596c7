import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure";
import { blocksDigest, findBlocks } from "../../src/patch/blocks";
import { sha256 } from "../../src/patch/facts";
import { decode } from "../../src/patch/source";
import { examine, wholeBase } from "../../src/patch/state";
import { VERSION } from "../../src/version";
import { FACTS, PRISTINE, patched } from "../support/patched";

const { blocks, text } = patched();
const HASH = sha256(PRISTINE);
const look = (content: string, facts: Parameters<typeof examine>[1] = FACTS) => examine(Buffer.from(content), facts);

/** A text whose blocks state the digest that they have. */
function fitting(content: string): string {
  const found = findBlocks(content);
  if (found.state !== "present") throw new Error(found.state);
  return content.replace(found.header.blocks, blocksDigest(found.blocks));
}

describe("the state of a file", () => {
  const whole = { base: decode(Buffer.from(PRISTINE)), baseHash: HASH, basePristine: true };
  const older = fitting(text.replaceAll(`virtinst-rbd-patch ${VERSION}`, "virtinst-rbd-patch 1.0.9"));
  const moved = text.replace(blocks.helper, "").replace("import logging\n", `${blocks.helper}import logging\n`);

  it.each([
    ["without blocks", PRISTINE, "absent", "the file has no blocks of this tool"],
    ["with the blocks for these facts", text, "current", "the blocks are just what this host needs"],
    [
      "with a block that was changed",
      text.replace("192.0.2.11", "192.0.2.12"),
      "edited",
      "the blocks (from line 2) are no longer as they were rendered",
    ],
    ["with blocks of another version", older, "stale", `the blocks were rendered by version 1.0.9, this is ${VERSION}`],
    ["with blocks in another place", moved, "edited", "the blocks (from line 1) are no longer where they were put"],
  ])("%s", (_, content, state, reason) => {
    const found = findBlocks(content);
    expect(look(content)).toEqual({
      state,
      reason,
      compared: true,
      found,
      source: decode(Buffer.from(content)),
      ...whole,
    });
  });

  it("with blocks that were made from other facts", () => {
    const [first] = FACTS;
    expect(look(text, first ? [first] : [])).toMatchObject({
      ...whole,
      state: "stale",
      reason: "the host's pools or secrets have changed since the blocks were rendered",
    });
  });

  it("with blocks, on a host that has no pool", () => {
    for (const content of [text, older])
      expect(look(content, [])).toMatchObject({
        ...whole,
        state: "stale",
        reason: "this host has no rbd pool any more",
      });
    expect(look(PRISTINE, []).state).toBe("absent");
    expect(look(text.replace("192.0.2.11", "192.0.2.12"), []).state).toBe("edited");
  });

  it("whatever the facts, where only the blocks matter", () => {
    expect(look(text, null)).toMatchObject({ ...whole, state: "current", compared: false });
    expect(look(older, null).state).toBe("stale");
  });

  it("that was changed outside the blocks", () => {
    const edited = `${text}# more\n`;
    expect(look(edited)).toMatchObject({
      state: "edited",
      reason: "the file was changed outside the blocks since they were put in",
      base: { text: `${PRISTINE}# more\n` },
      baseHash: sha256(`${PRISTINE}# more\n`),
      basePristine: false,
    });
    // A line above the blocks moves them: it is the file that changed, not their place.
    expect(look(`# more\n${text}`).reason).toBe("the file was changed outside the blocks since they were put in");
  });

  it("whose markers do not fit", () => {
    const damaged = text.replace("# <<< virtinst-rbd-patch\n", "");
    expect(look(damaged)).toMatchObject({
      state: "damaged",
      reason: expect.stringMatching(/^line \d+: a block begins before the one above it ends$/),
      base: null,
      baseHash: "",
      basePristine: true,
    });
  });

  it("in another encoding: the digest is that of its bytes", () => {
    const latin1 = (content: string) => Buffer.from(content.replace("logging", "logging  # caf\xe9"), "latin1");
    const examined = examine(latin1(text), FACTS);
    expect(examined.baseHash).toBe(sha256(latin1(PRISTINE)));
    expect(examined.base?.encoding).toBe("latin1");
    expect(examine(latin1(PRISTINE), FACTS).baseHash).toBe(sha256(latin1(PRISTINE)));
  });
});

describe("the file without the blocks", () => {
  const FILE = { target: { outside: "/x/guest.py" }, restoring: "Get it from its package" };

  it("is there unless it is damaged", () => {
    expect(wholeBase(look(text), FILE).text).toBe(PRISTINE);
    expect(wholeBase(look(PRISTINE), FILE).text).toBe(PRISTINE);
  });

  it("is not there where markers are lost: that says where, and how to get a clean file", () => {
    const damaged = look(text.replace("# <<< virtinst-rbd-patch\n", ""));
    const attempt = () => wholeBase(damaged, FILE);
    expect(attempt).toThrow(Failure);
    expect(attempt).toThrow(/^\/x\/guest\.py, line \d+: a block begins before .*\. Nothing was written\.$/);
    expect(attempt).toThrow(
      expect.objectContaining({
        kind: "target",
        hint: "Get it from its package, then apply again.",
      }),
    );
  });
});
