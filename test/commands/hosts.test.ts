import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { describe, expect, test } from "vitest";
import { cli, HOST, HOST_TWO, json, PLAIN, TOOL, target, temporaryFolder } from "../support/cli";

const validate = new Ajv({ strict: false }).compile(JSON.parse(readFileSync("schema/hosts-1.schema.json", "utf8")));

/** Each line of JSON, which fits the schema. */
function jsonLines(stdout: string) {
  const lines = stdout.trimEnd().split("\n");
  return lines.map((line) => {
    const value = JSON.parse(line);
    expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
    return value;
  });
}

/** A folder for documents, one to write to, a virtinst for all hosts, and what writes a document. */
function fleet(command = "render") {
  const base = temporaryFolder();
  const [facts, out] = [join(base, "facts"), join(base, "out/of/this")];
  mkdirSync(facts);
  const { folder: virtinst, path, pristine } = target(PLAIN);
  const { document } = json(cli(["inspect", "--json", ...HOST, "--virtinst", virtinst]).stdout);
  const write = (name: string, more: object = {}) =>
    writeFileSync(join(facts, `${name}.json`), JSON.stringify({ ...document, host: name, ...more }));
  // A patch is for one file; the standalone script finds it on the host.
  const named = command === "render" ? ["--virtinst", virtinst] : [];
  const words = ["--hosts", facts, "-o", out, ...named];
  const at = (name: string) => readFileSync(join(out, name), "utf8");
  return { base, facts, out, virtinst, named, path, pristine, document, write, words, at };
}

describe.each([
  ["render", ".patch"],
  ["bundle", ".py"],
])("%s --hosts", (command, ending) => {
  test("makes for each host, to the byte, what --host makes of its document alone", () => {
    const { facts, out, named, document, write, words, at } = fleet(command);
    const [pool] = document.pools;
    write("hv1");
    write("hv2");
    write("hv3", { pools: [{ ...pool, monitors: [{ name: "192.0.2.99", port: 6789 }] }] });
    write("hv4", { host: null });
    write("hv5", { host: "localhost" });
    write("hv6");
    const { code, stdout } = cli([command, ...words]);
    expect(code).toBe(0);
    expect(stdout).toBe(`${out}: 6 written, 0 unchanged, 0 failed\n`);
    const names = ["hv1", "hv2", "hv3", "hv4", "hv5", "hv6"];
    expect(readdirSync(out).sort()).toEqual(names.map((name) => name + ending));
    for (const name of names)
      expect(at(name + ending)).toBe(cli([command, "--host", join(facts, `${name}.json`), ...named]).stdout);
    expect(at(`hv2${ending}`).replaceAll("hv2", "hv1")).toBe(at(`hv1${ending}`));
    expect(at(`hv1${ending}`)).not.toMatch(/hv2|192\.0\.2\.99/);
    expect((statSync(join(out, `hv1${ending}`)).mode & 0o111) !== 0).toBe(command === "bundle");
  });

  test("leaves a file that is right as it is, and makes the others anew", () => {
    const { out, write, words, at } = fleet(command);
    for (const name of ["hv1", "hv2", "hv3"]) write(name);
    expect(cli([command, ...words]).code).toBe(0);
    const [first, second, third] = ["hv1", "hv2", "hv3"].map((name) => join(out, name + ending)) as [
      string,
      string,
      string,
    ];
    for (const path of [first, second, third]) utimesSync(path, 1400000000, 1400000000);
    const right = at(`hv2${ending}`);
    writeFileSync(second, right.replace("h", "H"));
    const elsewhere = join(temporaryFolder(), "elsewhere");
    writeFileSync(elsewhere, at(`hv3${ending}`));
    execFileSync("ln", ["-sf", elsewhere, third]);
    const lines = jsonLines(cli([command, ...words, "--json"]).stdout);
    expect(lines.map(({ status }) => status)).toEqual(["unchanged", "written", "written", undefined]);
    expect(lines[3].summary).toEqual({ hosts: 3, written: 2, unchanged: 1, failed: 0 });
    expect(statSync(first).mtimeMs).toBe(1400000000000);
    expect(at(`hv2${ending}`)).toBe(right);
    // A link is no file of this tool's: it is replaced, and what it led to is not written.
    expect(readFileSync(elsewhere, "utf8")).toBe(at(`hv3${ending}`));
    expect(readdirSync(out)).toHaveLength(3);
    if (command === "render") return;
    chmodSync(first, 0o644);
    expect(jsonLines(cli([command, ...words, "--json"]).stdout)[0].status).toBe("written");
    expect(statSync(first).mode & 0o777).toBe(0o755);
  });

  test("one host's failure is its own, whatever its document is", () => {
    const { facts, out, document, write, words } = fleet(command);
    write("hv1");
    write("hv9");
    writeFileSync(join(facts, "no-json.json"), "{");
    writeFileSync(join(facts, "large.json"), "");
    truncateSync(join(facts, "large.json"), 17 * 2 ** 20);
    mkdirSync(join(facts, "folder.json"));
    execFileSync("mkfifo", [join(facts, "pipe.json")]);
    symlinkSync("/dev/zero", join(facts, "device.json"));
    symlinkSync("nowhere", join(facts, "nowhere.json"));
    writeFileSync(join(facts, "latin.json"), Buffer.from([0x22, 0xe9, 0x22]));
    writeFileSync(Buffer.concat([Buffer.from(`${facts}/not-`), Buffer.from([0xff]), Buffer.from(".json")]), "{}");
    write("empty", { pools: [] });
    write("broken", { secrets: [] });
    write("twins", { pools: [...document.pools, ...document.pools] });
    writeFileSync(
      join(facts, "failed.json"),
      cli(["inspect", "--json", "--pool-xml", "/nonexistent", "--virtinst", "x"]).stdout,
    );
    const { code, stdout, stderr } = cli([command, ...words, "--json"]);
    expect(code).toBe(3);
    const lines = jsonLines(stdout);
    const messages = Object.fromEntries(lines.flatMap(({ name, error }) => (error ? [[name, error.message]] : [])));
    expect(messages).toEqual({
      broken: expect.stringMatching(/names a secret with usage .*, and no such secret is defined/),
      device: expect.stringMatching(/device\.json cannot be read: it is no regular file/),
      empty: expect.stringMatching(/empty\.json: there is no pool of type rbd/),
      failed: expect.stringMatching(/failed\.json: this is what an `inspect` that failed has printed/),
      folder: expect.stringMatching(/folder\.json cannot be read: it is no regular file/),
      large: expect.stringMatching(/large\.json cannot be read: it is larger than 16 MiB/),
      latin: expect.stringMatching(/latin\.json: this is not UTF-8/),
      "no-json": expect.stringMatching(/no-json\.json: this is not JSON/),
      "not-\ufffd": expect.stringMatching(/the name of this file is not UTF-8/),
      nowhere: expect.stringMatching(/nowhere\.json cannot be read: no such file/),
      pipe: expect.stringMatching(/pipe\.json cannot be read: it is no regular file/),
      twins: expect.stringMatching(/twins\.json: there are two pools named/),
    });
    expect(lines.at(-1)).toMatchObject({
      verdict: { ok: false, exitCode: 3 },
      summary: { hosts: 14, written: 2, unchanged: 0, failed: 12 },
    });
    expect(readdirSync(out).sort()).toEqual(["hv1", "hv9"].map((name) => name + ending));
    for (const name of Object.keys(messages)) expect(stderr).toContain(`virtinst-rbd-patch: ${name}: `);
  });

  test("a name is a name, whatever is in it", () => {
    const { facts, out, write, words } = fleet(command);
    const names = ["-rf", "..x", "a\nvirtinst-rbd-patch: b", "\u001b[31m", "$(id)", "x.json", "é", "n".repeat(250)];
    for (const name of names.filter((one) => !one.startsWith("."))) write(name, { host: "hv1" });
    write("..x");
    writeFileSync(join(facts, "bad\n\u001b.json"), "");
    const { code, stdout, stderr } = cli([command, "-v", ...words]);
    // .patch is longer than .json, so that the longest name is too long with it.
    const longest = command === "render" ? 249 : 250;
    expect(code).toBe(command === "render" ? 6 : 3);
    if (command === "render") expect(stderr).toMatch(/n{250}\.patch cannot be written: name too long/);
    expect(stdout + stderr).not.toContain("\u001b");
    expect(stdout).not.toMatch(/^virtinst-rbd-patch: b/m);
    expect(stderr).toMatch(/^virtinst-rbd-patch: bad\\x0a\\x1b: .*this is not JSON/m);
    expect(stdout).toMatch(/^written: .*a\\x0avirtinst-rbd-patch: b/m);
    const written = names.filter((name) => !name.startsWith(".") && name.length <= longest);
    expect(readdirSync(out).sort()).toEqual(written.map((name) => name + ending).sort());
  });

  test("what cannot be done for any host is said before anything is written", () => {
    const { base, facts, out, named, write, words } = fleet(command);
    const none = cli([command, ...words, "--json"]);
    expect(none.code).toBe(3);
    expect(json(none.stdout).error.message).toMatch(/facts holds no host document/);
    expect(none.stderr).toMatch(/inspect --connect qemu\+ssh:\/\/HOST\/system --json > .*facts\/HOST\.json/);
    write("hv1");
    const failed = (...more: string[]) => {
      const { code, stderr } = cli([command, ...more]);
      expect(stderr).not.toMatch(/\n {4}at /);
      return `${code} ${stderr}`;
    };
    const hosts = ["--hosts", facts, ...named];
    expect(failed(...hosts)).toMatch(/^2 .*no folder for them was named/);
    expect(failed(...hosts, "-o", "-")).toMatch(/^2 .*no folder for them was named/);
    expect(failed("--hosts=", "-o", out)).toMatch(/^2 .*--hosts has no value/);
    expect(failed("--hosts", join(facts, "hv1.json"), "-o", out)).toMatch(/^3 .*cannot be read as a folder/);
    expect(failed("--hosts", join(base, "nowhere"), "-o", out)).toMatch(/^3 .*cannot be read as a folder/);
    for (const other of [["--host", "x"], ["--connect", "x"], ["--pool-xml=x"], ["--secret-xml=x"], ["--root", "/"]])
      expect(failed(...words, ...other)).toMatch(/^2 .*cannot be used with option/);
    if (command === "render")
      expect(failed("--hosts", facts, "-o", out, "--virtinst", "/nonexistent")).toMatch(/^4 .*holds no virtinst/);
    expect(existsSync(out)).toBe(false);
    writeFileSync(join(base, "file"), "");
    const taken = failed(...hosts, "-o", join(base, "file"));
    expect(taken).toMatch(/^6 .*file cannot be made: what has that name is no folder/);
    expect(readFileSync(join(base, "file"), "utf8")).toBe("");
  });

  test("what it says: quiet, more, and to a reader that has seen enough", () => {
    const { facts, out, write, words } = fleet(command);
    for (const name of ["hv1", "hv2", ".hidden"]) write(name);
    for (const name of ["a.txt", "b.JSON", "c.json.gz", "d\n"]) writeFileSync(join(facts, name), "");
    const { stderr } = cli([command, ...words]);
    expect(stderr).toContain(`only *.json is read, and not "a.txt", "b.JSON", "c.json.gz" and 1 more.`);
    expect(stderr).not.toContain("hidden");
    expect(cli([command, "-q", ...words])).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(cli([command, "-v", ...words]).stdout).toMatch(
      /^unchanged: .*hv1\.\w+\nunchanged: .*hv2\.\w+\n.*: 0 written, 2 un/,
    );
    writeFileSync(join(facts, "hv1.json"), "");
    const quiet = cli([command, "-q", ...words]);
    expect(quiet).toMatchObject({ code: 3, stdout: "" });
    expect(quiet.stderr).toMatch(/hv1: .*this is not JSON.*\n.*: 0 written, 1 unchanged, 1 failed\n$/);
    expect(cli([command, ...words]).stderr).toMatch(
      /note: The file of an earlier run is still there.* \(1 of 2 hosts\)/,
    );
    for (const name of ["hv3", "hv4"]) write(name);
    const head = spawnSync("sh", ["-c", '"$0" "$@" | head -c 1', process.execPath, TOOL, command, "--json", ...words]);
    expect(head.status).toBe(0);
    expect(readdirSync(out)).toHaveLength(4);
  });
});

test("render: a host with another file than --virtinst fails, one that names none is taken with a note", () => {
  const { base, virtinst, document, write, words, out } = fleet();
  write("hv1");
  write("hv2", { virtinst: { ...document.virtinst, sha256: "0".repeat(64), release: "9.9" } });
  write("hv3", { virtinst: null });
  write("hv4", { virtinst: { ...document.virtinst, sha256: null } });
  const { code, stdout, stderr } = cli(["render", ...words, "--json"]);
  const lines = jsonLines(stdout);
  expect(lines.map(({ status }) => status)).toEqual(["written", "failed", "written", "written", undefined]);
  expect(lines[1].error.message).toMatch(
    /hv2\.json: this host has another file \(.* of release 9\.9\) than .*installer\.py/,
  );
  expect(lines.map(({ notes }) => /was not compared/.test(notes.join()))).toEqual([false, false, true, true, true]);
  expect(code).toBe(3);
  expect(stderr).toMatch(/was not compared .* \(2 of 4 hosts\)/);
  expect(cli(["render", "--hosts", words[1] as string, "-o", out])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/none was named\.\nGive --virtinst DIR/),
  });
  // The copy may be of a host that is patched: the patch is for its file without the blocks, as for one host.
  const patched = join(base, "patched");
  cpSync(virtinst, patched, { recursive: true, preserveTimestamps: true });
  expect(cli(["apply", "-q", ...HOST, "--virtinst", patched]).code).toBe(0);
  const again = cli(["render", "--hosts", words[1] as string, "-o", join(base, "2"), "--virtinst", patched, "--json"]);
  expect(jsonLines(again.stdout)[0].status).toBe("written");
  expect(readFileSync(join(base, "2/hv1.patch"))).toEqual(readFileSync(join(out, "hv1.patch")));
});

test("render: --reverse and --pool go for all hosts, and a virtinst without a layout for none", () => {
  const { facts, virtinst, path, write, words, at } = fleet();
  const { document } = json(cli(["inspect", "--json", ...HOST_TWO, "--virtinst", virtinst]).stdout);
  write("hv1", document);
  write("hv2", { pools: document.pools.slice(1) });
  const [first, second] = document.pools.map(({ name }: { name: string }) => name);
  const { code, stderr } = cli(["render", "--reverse", "--pool", first, ...words]);
  expect(`${code} ${stderr}`).toMatch(new RegExp(`^3 [^]*hv2: .*no rbd pool named "${first}"`));
  expect(at("hv1.patch")).toMatch(/, reversed\n/);
  expect(at("hv1.patch")).not.toContain(second);
  writeFileSync(path, "class Installer:\n    def _build_xml(self):\n        pass\n");
  const unknown = cli(["render", "--hosts", facts, "-o", join(virtinst, "none"), "--virtinst", virtinst]);
  expect(unknown.code).toBe(4);
  expect(existsSync(join(virtinst, "none"))).toBe(false);
});

test("a bundle of hosts with equal facts runs, each as its own host's", () => {
  const { virtinst, pristine, path, write, words, out } = fleet("bundle");
  for (const name of ["hv1", "hv2"]) write(name, { host: `${name}.example.org` });
  expect(cli(["bundle", ...words]).code).toBe(0);
  const check = (name: string) =>
    spawnSync("python3", [join(out, `${name}.py`), "apply", "--check", "--json", "--virtinst", virtinst], {
      encoding: "utf8",
    }).stdout;
  for (const name of ["hv1", "hv2"]) expect(JSON.parse(check(name)).host).toBe(`${name}.example.org`);
  expect(readFileSync(path).equals(pristine)).toBe(true);
});

test("the exit code is the highest of the hosts'", () => {
  const { facts, out, write, words } = fleet();
  for (const name of ["hv1", "hv2"]) write(name);
  writeFileSync(join(facts, "a.json"), "");
  mkdirSync(join(out, "hv1.patch"), { recursive: true });
  const { code, stdout } = cli(["render", ...words, "--json"]);
  expect(jsonLines(stdout).map(({ verdict }) => verdict.exitCode)).toEqual([3, 6, 0, 6]);
  expect(code).toBe(6);
  expect(readdirSync(out).sort()).toEqual(["hv1.patch", "hv2.patch"]);
});
