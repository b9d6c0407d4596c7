import { expect, test } from "vitest";
import { orderHint, usageHint } from "../../src/grammar/hints";

const TOOL = "virtinst-rbd-patch";

test.each([
  ["status", `That is: ${TOOL} inspect`],
  ["diff", `That is: ${TOOL} apply --check --diff`],
  ["describe", `That is: ${TOOL} inspect`],
  ["undo", `That is: ${TOOL} revert`],
  ["version", `That is: ${TOOL} --version`],
  [
    "completion bash",
    "Completions for bash, zsh and fish are files of the release: README says where each shell looks.",
  ],
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
    `--host goes with inspect, render, bundle, hook, apply, verify and preview. See ${TOOL} revert --help.`,
  ],
  ["inspect -v", `-v goes with bundle, apply, verify and revert. See ${TOOL} inspect --help.`],
  ["verify -n", `That is: ${TOOL} verify`],
  ["apply -R", `That is: ${TOOL} revert`],
  ["apply --reverse", `That is: ${TOOL} revert`],
  ["apply --out x", `That is: ${TOOL} render -o`],
  ["apply --diff=all", `That is: ${TOOL} apply --diff`],
  ["apply --check=yes", `That is: ${TOOL} apply --check`],
  ["hook", `KIND is one of ansible, apt, dnf, puppet, salt and yum. See ${TOOL} hook --help.`],
  ["inspect --diff", `--diff goes with apply and revert. See ${TOOL} inspect --help.`],
  ["inspect --root=/mnt x", `See ${TOOL} inspect --help.`],
  ["render --static", `--static goes with verify. See ${TOOL} render --help.`],
])("%s", (line, hint) => expect(usageHint(line.split(" "))).toBe(hint));

test.each([
  ["inspect", "status show info list --status describe history"],
  ["apply --check --diff", "diff plan"],
  ["verify", "check test"],
  ["apply", "patch install"],
  ["revert", "undo remove uninstall unpatch rollback restore"],
  ["--version", "version -version"],
])("%s goes by other names elsewhere: %s", (ours, names) => {
  for (const name of names.split(" ")) expect(usageHint([name, "-x"])).toBe(`That is: ${TOOL} ${ours}`);
});

test.each([
  ["apply --check", "--dry-run --dryrun --simulate -n"],
  ["apply --connect", "--uri"],
  ["apply --quiet", "--quite"],
  ["verify --vol", "--volume"],
  ["verify --report", "--html"],
  ["verify", "--check --dry-run -n"],
  ["render --output", "--out"],
  ["render --reverse", "-R"],
  ["render -o", "--out -o --output"],
  ["revert", "-R --reverse"],
])("%s is called otherwise elsewhere: %s", (ours, options) => {
  const [command = ""] = ours.split(" ");
  const from = ["render -o", "revert"].includes(ours) ? "apply" : command;
  for (const option of options.split(" ")) expect(usageHint([from, option])).toBe(`That is: ${TOOL} ${ours}`);
});

test("each option that another tool calls so asks for nothing where there is nothing to ask", () => {
  for (const option of ["-y", "--yes"])
    expect(usageHint(["apply", option])).toMatch(/^It asks nothing, .* leave it out/);
});

test.each([
  ["apply --chekc", `Did you mean --check? See ${TOOL} apply --help.`],
  ["aply", /^Did you mean --check\? The commands are inspect, .*, revert\. See virtinst-rbd-patch --help\.$/],
  // No --check there to go to.
  ["preview --dry-run", `Did you mean --check? See ${TOOL} preview --help.`],
])("a guess stands where nothing better is known: %s", (line, hint) =>
  expect(usageHint(line.split(" "), "Did you mean --check?")).toEqual(
    typeof hint === "string" ? hint : expect.stringMatching(hint),
  ),
);

const XML = "not well-formed XML";

test.each([
  [
    "apply --pool-xml a.xml b.patch",
    `b.patch: ${XML}.`,
    "--pool-xml",
    "b.patch is the PATCH",
    "apply b.patch --pool-xml a.xml",
  ],
  ["apply --check --pool a b.diff -q", 'no pool "b.diff".', "--pool", "b.diff is the PATCH", "apply b.diff --check -q"],
  ["apply --pool b.patch", 'no pool "b.patch".', "--pool", "b.patch is the PATCH", "apply b.patch"],
  [
    "apply --pool-xml a.xml b.patch --root /mnt --secret-xml c.xml d.xml",
    `b.patch: ${XML}.`,
    ...["--pool-xml", "b.patch is the PATCH"],
    "apply b.patch --pool-xml a.xml --root /mnt --secret-xml c.xml d.xml",
  ],
  ["preview --pool a -", 'no pool "-".', "--pool", "- is the DOMAIN", "preview - --pool a"],
  [
    "preview --pool-xml a.xml --pool a;b c.xml",
    'a.xml: no pool "c.xml".',
    ...["--pool", "c.xml is the DOMAIN", "preview c.xml --pool-xml a.xml --pool 'a;b'"],
  ],
  ["hook --pool a apt -q", "Missing required argument 'kind'.", "--pool", "apt is the KIND", "hook apt --pool a -q"],
  ["preview --check --pool a.xml", 'no pool "a.xml".', "--pool", "a.xml is the DOMAIN", "preview a.xml --check"],
  ["hook --secret-xml a apt", "Missing.", "--secret-xml", "apt is the KIND", "hook apt --secret-xml a"],
])("an argument behind an option that takes each word: %s", (line, message, option, guess, command) =>
  expect(orderHint(line.split(" "), message, "So.")).toBe(
    `So. ${option} takes each word up to the next option. If ${guess}, it goes first: ${TOOL} ${command}`,
  ),
);

test.each([
  ["apply b.patch --pool a c.patch", 'no pool "c.patch".'],
  ["apply --root /mnt b.patch --pool a", 'no pool "a".'],
  ["apply --check b.patch --pool c.patch", 'no pool "c.patch".'],
  ["apply --pool=c.patch", 'no pool "c.patch".'],
  ["apply --pool a b", 'no pool "b".'],
  ["apply --pool-xml a.patch", `a.patch: ${XML}.`],
  ["apply --pool-xml a.xml b.patch", "Something else."],
  ["preview --pool-xml a.xml", `a.xml: ${XML}.`],
  ["inspect --pool a b.patch", 'no pool "b.patch".'],
  ["hook apt --pool a dnf", 'no pool "dnf".'],
  ["--pool a b.patch", "b.patch"],
  ["", ""],
])("where that is not what happened, nothing is added: %s", (line, message) =>
  expect(orderHint(line.split(" "), message, "So.")).toBe("So."),
);
