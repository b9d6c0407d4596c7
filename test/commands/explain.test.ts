import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sha256 } from "../../src/patch/facts";
import { VERSION } from "../../src/version";
import {
  cli,
  FIXTURES,
  HOST,
  HOST_BY_UUID,
  HOST_TWO,
  image,
  json,
  PLAIN,
  patchedBy100,
  target,
  temporaryFile,
  temporaryFolder,
} from "../support/cli";

/** What `explain` says of a file, in both forms; it never fails over what it finds. */
function explain(options: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const said = cli(["explain", ...options], { env });
  const asJson = cli(["explain", "--json", ...options], { env });
  expect(said.code, said.stderr).toBe(0);
  expect(asJson.code).toBe(0);
  return { text: said.stdout, stderr: said.stderr, ...json(asJson.stdout) };
}

/** A stand-in virtinst that was patched for the sample host, and what is said of it. */
function patched(host = HOST) {
  const made = target(PLAIN);
  expect(cli(["apply", ...host, "--virtinst", made.folder]).code).toBe(0);
  return { ...made, explain: (facts = host) => explain([...facts, "--virtinst", made.folder]) };
}

test("of a patched file: who, for what, from what, where, whether it fits, and the next step", () => {
  const { explain, path, pristine, read } = patched();
  const before = read();
  const { text, blocks, fit, state, pools, handEdit, next } = explain();
  expect({ state, pools, handEdit }).toEqual({ state: "current", pools: ["libvirtpool"], handEdit: null });
  expect(blocks).toMatchObject({
    ...{ tool: VERSION, format: 2, intact: true, inPlace: true, complete: true },
    pristine: { sha256: sha256(pristine), modified: "2014-05-13T16:53:20Z", shippedIn: [], unchanged: true },
    pools: [{ libvirtPools: ["libvirtpool"], cephPool: "vms", auth: { username: "libvirt" } }],
  });
  const lines = read().split("\n");
  for (const { first, last } of blocks.spans) {
    expect(lines[first - 1]).toContain("# >>> virtinst-rbd-patch");
    expect(lines[last - 1]).toContain("# <<< virtinst-rbd-patch");
  }
  expect(fit).toEqual({ status: "fits", differences: [], reason: null, hint: null });
  expect(next).toContain("verify");
  const [helper, calls] = blocks.spans;
  // As root, without them, it would be another file's.
  const own = `--virtinst=${path.replace("/virtinst/install/installer.py", "")}`;
  const named = `--pool-xml=${FIXTURES}/pool-usage.xml --secret-xml=${FIXTURES}/secret-usage.xml ${own}`;
  expect(text).toBe(`${path} is patched, and just as this host needs it.
Patched by   virtinst-rbd-patch ${VERSION} (format 2 of the blocks; this version)
  it stands  lines ${helper.first} to ${helper.last} (the function), ${calls.first} to ${calls.last} (its calls in _build_xml); as it was written
Put into     a file that no upstream release has: a distribution's (of virt-manager 4.1.0, it says), or changed by hand before
  sha256     ${sha256(pristine)}
  changed    2014-05-13 16:53:20 UTC: what revert puts back
  now        around the patch it is still that file
Made for     libvirt pool "libvirtpool", Ceph pool "vms"
  monitors   192.0.2.11:6789, 192.0.2.12:6789, 192.0.2.13:6789
  user       libvirt
  secret     2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1
This host    ${FIXTURES}/pool-usage.xml: the same pools, monitors, users and secrets
Need         partial: ${path.replace("install/installer", "devices/disk")} copies a secret's uuid only, and "libvirtpool" names its secret by usage
Next         \`virtinst-rbd-patch verify ${named}\` proves that it works; \`virtinst-rbd-patch revert ${own}\` (as root) takes it out.
`);
  expect(read()).toBe(before);
});

test("of a host whose pools changed: what differs, in words", () => {
  const moved = temporaryFile(
    "p.xml",
    readFileSync(`${FIXTURES}/pool-usage.xml`, "utf8")
      .replace("192.0.2.13", "192.0.2.99")
      .replace(/libvirt'/, "other'"),
  );
  const facts = [`--pool-xml=${moved}`, `--secret-xml=${FIXTURES}/secret-usage.xml`, ...HOST_BY_UUID];
  const { text, fit, state } = patched().explain(facts);
  expect({ state, status: fit.status }).toEqual({ state: "stale", status: "differs" });
  expect(fit.differences).toEqual([
    'user of pool "libvirtpool": libvirt in the patch, other on this host',
    expect.stringMatching(/^monitors of pool "libvirtpool": .*192\.0\.2\.13:6789 in the patch, .*192\.0\.2\.99/),
    'pool "archive" of this host is not in the patch',
  ]);
  expect(text).toMatch(
    /^This host {4}.* differs:\n {13}user of pool .*\n {13}monitors of pool .*\n {13}pool "archive"/m,
  );
  expect(text).toMatch(/not as this host needs it now/);
  expect(text).toMatch(/^Next .*apply --check --diff/m);
});

test("of a pool that went: that it is not there any more", () => {
  const { fit } = patched(HOST_TWO).explain(HOST_BY_UUID);
  expect(fit).toMatchObject({ status: "differs", differences: ['pool "libvirtpool" is not on this host'] });
});

test("where libvirt cannot be asked, all else is said, and why that was not compared", () => {
  const { folder } = patched();
  const none = ["--connect", "none:///", "--virtinst", folder];
  const { text, fit, state, need, blocks } = explain(none, { PATH: "/nonexistent" });
  expect({ state, need }).toEqual({ state: null, need: null });
  expect(blocks.pools).toHaveLength(1);
  expect(fit).toMatchObject({ status: "not compared", reason: expect.stringMatching(/^none:\/\/\/: virsh: .*[^.]$/) });
  expect(text).toMatch(/is patched, and the patch is whole; whether it still fits this host was not compared\.\n/);
  expect(text).toMatch(/^This host {4}not compared: none:\/\/\/: virsh: .*\. Install libvirt-client/m);
});

test("a broken pool of the host is a reason too", () => {
  const { fit } = patched().explain([`--pool-xml=${FIXTURES}/pool-usage.xml`]);
  expect(fit).toMatchObject({ status: "not compared", reason: expect.stringMatching(/libvirtpool/) });
});

test("of a file without blocks: that there are none, and the next step", () => {
  const { folder } = target(PLAIN);
  const at = ["--virtinst", folder];
  const needed = explain([...HOST, ...at]);
  expect(needed).toMatchObject({ state: "absent", blocks: null, fit: null, pools: [] });
  expect(needed.text).toMatch(/ is not patched: the file has no blocks of this tool\.\n/);
  expect(needed.next).toMatch(/apply --check --diff/);
  expect(explain([...HOST_BY_UUID, ...at]).next).toBe("Nothing: no patch is needed here.");
  const unknown = explain(["--connect", "none:///", ...at]);
  expect(unknown.next).toMatch(/inspect.* says whether/);
  expect(unknown.text).toMatch(/^This host {2}not compared: none/m);
});

test("of blocks that somebody changed, of a file changed around them, of blocks that moved", () => {
  const changed = patched();
  changed.edit("192.0.2.11", "192.0.2.99");
  const one = changed.explain();
  expect(one).toMatchObject({
    state: "edited",
    blocks: { intact: false, inPlace: true, pristine: { unchanged: true } },
    fit: { status: "differs", differences: [expect.stringContaining("192.0.2.99:6789")] },
  });
  expect(one.text).toMatch(/ is patched, and was changed since: the blocks \(from line 9\)/);
  expect(one.text).toContain("changed by hand since it was written");
  const around = patched();
  around.edit(/$/, "# more\n");
  expect(around.explain()).toMatchObject({
    state: "edited",
    text: expect.stringContaining("around the patch it was changed since"),
    blocks: { intact: true, inPlace: true, pristine: { unchanged: false } },
    fit: { status: "fits" },
  });
  const moved = patched();
  const [block] = /^# >>>[\s\S]*?^# <<<.*\n/m.exec(moved.read()) as unknown as [string];
  writeFileSync(moved.path, block + moved.read().replace(block, ""));
  expect(moved.explain()).toMatchObject({
    text: expect.stringContaining("as it was written, moved since it was put there"),
    blocks: { intact: true, inPlace: false },
  });
});

test("of a hand edit: its lines, and what it raises", () => {
  const { explain, edit } = patched();
  const last = "        final_xml = self._pre_reinstall_xml or final_xml\n";
  edit(last, `${last}        final_xml = re.sub('a', 'b', final_xml)\n`);
  const { text, handEdit } = explain();
  expect(handEdit.raises).toEqual([expect.stringMatching(/^NameError/)]);
  expect(text).toMatch(
    /^Hand edit {4}line \d+: somebody made _build_xml rewrite .*; it raises NameError .*--replace-hand-edit/m,
  );
});

test("of damaged blocks: what and where, how they read, and how to get a clean file", () => {
  const { explain, edit } = patched();
  edit("\n# <<< virtinst-rbd-patch\n", "\n");
  const { text, state, blocks, next } = explain();
  expect(state).toBe("damaged");
  expect(blocks).toMatchObject({ tool: VERSION, intact: null, spans: [], pristine: null, complete: true });
  expect(text).toMatch(/ is patched, but the patch is damaged: line \d+: a block begins before the one above/);
  expect(text).toMatch(/it stands {2}not certain; markers in line 9, \d+, \d+\n/);
  expect(next).toMatch(/^Get a clean file from its package/);
});

test("of blocks of version 1.0.0, as far as they can be read", () => {
  const { options, path, pristine } = target(PLAIN);
  writeFileSync(path, patchedBy100(pristine));
  const { text, state, blocks, fit } = explain(options);
  expect({ state, tool: blocks.tool, format: blocks.format }).toEqual({ state: "stale", tool: "1.0.0", format: 1 });
  expect(fit).toMatchObject({ status: "not compared", reason: expect.stringMatching(/cannot be read whole/) });
  expect(text).toContain(`Patched by   virtinst-rbd-patch 1.0.0 (format 1 of the blocks; this is ${VERSION})\n`);
  expect(text).toMatch(/^Made for {5}libvirt pool "libvirtpool"\n/m);
  expect(text).toContain("That is not all");
});

test("of blocks of a later format, as far as they can be read", () => {
  const { explain, edit } = patched();
  edit("# format: 2\n", "# format: 3\n");
  edit(VERSION, "9.1.0");
  const { text, blocks, fit, next } = explain();
  expect(blocks).toMatchObject({ tool: "9.1.0", format: 3, pools: [{ cephPool: "vms" }] });
  expect(fit).toMatchObject({
    status: "not compared",
    reason: "this version does not know the layout of these blocks",
  });
  expect(next).toMatch(/^Use version 9\.1\.0 of this tool, or a later one/);
  expect(text).toMatch(/ is patched by another version: line 9: .*9\.1\.0/);
});

test("what blocks say reaches no terminal as it is, and not without end", () => {
  const { explain, path, read } = patched();
  const long = "x".repeat(1500);
  writeFileSync(
    path,
    read()
      .replace(`virtinst-rbd-patch ${VERSION}\n`, `virtinst-rbd-patch \u001b[2J\u009b\u202e${long}\n`)
      .replace('u"libvirtpool"', `u"a\\u001b[31m\\u000aNext  rm", u"${long}"`)
      .replace('username="libvirt"', 'username="&#27;]0;&#8238;"')
      .replace(/^( {8}\{\n[\s\S]*?^ {8}\},\n)/m, (entry) => entry.repeat(120)),
  );
  const { text } = explain();
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(text).not.toMatch(/^Next {2}rm/m);
  expect(text).toContain("\\x1b[2J\\x9b\\u202e");
  expect(text).toContain("20 more, which --json has");
  expect(Math.max(...text.split("\n").map((line: string) => line.length))).toBeLessThan(1500);
});

test("what is not seen is an escape, in the text and in the JSON, and half a character is none", () => {
  const { explain, edit, path } = patched();
  const unseen = "\u009b\u00ad\u034f\u180e\u200b\u202e\u206f\u3164\ufe0f\ufffa\u{e0001}\u{e0041}\u{e0100}";
  const codes = [...unseen].map((one) => `&#${one.codePointAt(0)};`).join("");
  edit('username="libvirt"', `username="${codes}&#55296;"`);
  edit('u"libvirtpool"', `u"x${"\\U0001f600".repeat(2000)}"`);
  const { text, blocks } = explain();
  const seen = (said: string) => [...said].filter((one) => `${unseen}\ufffd`.includes(one));
  expect(seen(text)).toEqual([]);
  expect(text).toContain("\\x9b\\xad\\u034f");
  expect(text).toContain("\\U000e0001\\U000e0041\\U000e0100\\ud800");
  const asJson = cli(["explain", "--json", ...HOST, "--virtinst", path.replace(/\/virtinst\/.*/, "")]).stdout;
  expect(seen(asJson)).toEqual([]);
  expect(blocks.pools[0].auth.username).toBe(`${unseen}\ud800`);
});

test("a value that cannot be read is called that, and no empty name is shown", () => {
  const { explain, edit } = patched();
  edit('u"libvirtpool"', 'u"\\Uffffffff", u"other"');
  edit("192.0.2.11", "&#9999999;");
  edit('<auth username="libvirt">', "<auth>");
  const { text } = explain();
  expect(text).toMatch(/^Made for +libvirt pool "other", Ceph pool "vms"$/m);
  expect(text).toMatch(/^ {2}monitors +\(cannot be read\), 192\.0\.2\.12:6789/m);
  expect(text).toMatch(/^ {2}user +\(cannot be read\)$/m);
  expect(text).toContain("That is not all");
});

test("a later layout that says it is this version's was changed by hand: no other version can help", () => {
  const { explain, edit } = patched();
  edit("# format: 2", "# format: 999999999");
  const { text, next, state } = explain();
  expect(state).toBe("damaged");
  expect(text).toContain("the patch is damaged");
  expect(next).toMatch(/^Get a clean file|^Reinstall|clean/);
});

test("a name of this tool's without any marker: none is listed", () => {
  const { explain, edit } = patched();
  edit(/^.*(?:>>>|<<<) virtinst-rbd-patch.*\n/gm, "");
  expect(explain().text).toContain("not certain; no marker is there");
});

test("a time that no clock shows is called that", () => {
  const { explain, edit } = patched();
  edit(/mtime=\d+/, `mtime=${"9".repeat(20)}`);
  const { text, blocks } = explain();
  expect(blocks.pristine.modified).toBeNull();
  expect(text).toContain("at a time that no clock shows");
});

test("the file of a release is called that", () => {
  const { explain, edit } = patched();
  const released = "1.4.0";
  const hash = JSON.parse(readFileSync("patches/guest-1.4.json", "utf8")).pristine[released].sha256;
  edit(/pristine: sha256=\w+/, `pristine: sha256=${hash}`);
  const { text, blocks } = explain();
  expect(blocks.pristine.shippedIn).toContain(released);
  expect(text).toMatch(/^Put into {5}the file of virt-manager .*1\.4\.0/m);
});

test("of an image, from its own files; and where these cannot be read", () => {
  const base = image();
  expect(cli(["apply", "--root", base]).code).toBe(0);
  expect(explain(["--root", base])).toMatchObject({ host: "golden", state: "current", fit: { status: "fits" } });
  rmSync(join(base, "etc/libvirt"), { recursive: true });
  mkdirSync(join(base, "etc/libvirt"));
  writeFileSync(join(base, "etc/libvirt/storage"), "");
  expect(explain(["--root", base])).toMatchObject({ state: null, fit: { status: "not compared" } });
});

test("without a virtinst it is exit 4, with a wrong command line 2", () => {
  expect(cli(["explain", "--connect", "none:///", "--virtinst", temporaryFolder()]).code).toBe(4);
  expect(cli(["explain", ...HOST, "--virtinst", temporaryFolder()]).code).toBe(4);
  expect(cli(["explain", "--check"]).code).toBe(2);
  expect(cli(["explain", "--root", "/", "--secret-xml", "x"]).code).toBe(2);
});
