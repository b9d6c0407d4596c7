import { expect, test } from "vitest";
import { usageHint } from "../../src/grammar/hints";

const TOOL = "virtinst-rbd-patch";

test.each([
  ["status", `That is: ${TOOL} inspect`],
  ["diff", `That is: ${TOOL} apply --check --diff`],
  ["describe", `That is: ${TOOL} explain`],
  ["undo", `That is: ${TOOL} revert`],
  ["version", `That is: ${TOOL} --version`],
  ["--json inspect", `Options come after the command: ${TOOL} inspect --json`],
  ["-q apply --check", `Options come after the command: ${TOOL} apply -q --check`],
  ["--root /mnt inspect", `Options come after the command: ${TOOL} inspect --root /mnt`],
  ["--json inspect --virtinst a;id", `Options come after the command: ${TOOL} inspect --json --virtinst 'a;id'`],
  ["help", `That is: ${TOOL} --help`],
  ["help apply", `That is: ${TOOL} apply --help`],
  ["rollback", `That is: ${TOOL} revert`],
  ["apply --dry-run", `That is: ${TOOL} apply --check`],
  ["revert -n", `That is: ${TOOL} revert --check`],
  ["render --out=x", `That is: ${TOOL} render --output`],
  ["verify --html=x", `That is: ${TOOL} verify --report`],
  ["apply --yes", "It asks nothing, so there is nothing to agree to: leave it out."],
  [
    "revert --host x",
    `--host goes with inspect, render, bundle, hook, apply, verify, explain and preview. See ${TOOL} revert --help.`,
  ],
  ["inspect -v", `-v goes with render, bundle, apply, verify and revert. See ${TOOL} inspect --help.`],
  ["render --static", `--static goes with verify. See ${TOOL} render --help.`],
])("%s", (line, hint) => expect(usageHint(line.split(" "))).toBe(hint));

test.each([
  ["apply --chekc", `Did you mean --check? See ${TOOL} apply --help.`],
  ["aply", /^Did you mean --check\? The commands are inspect, .*, revert\. See virtinst-rbd-patch --help\.$/],
  // No --check there to go to.
  ["verify --dry-run", `Did you mean --check? See ${TOOL} verify --help.`],
])("a guess stands where nothing better is known: %s", (line, hint) =>
  expect(usageHint(line.split(" "), "Did you mean --check?")).toEqual(
    typeof hint === "string" ? hint : expect.stringMatching(hint),
  ),
);
