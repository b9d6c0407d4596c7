import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv";
import { expect, test } from "vitest";
import { cli, json, PLAIN, TOOL, target, temporaryFolder } from "../support/cli";

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

/** A directory of host files, one for the scripts, and functions that write host files and read scripts. */
async function fleet() {
  const base = temporaryFolder();
  const [hostFiles, out] = [join(base, "hostFiles"), join(base, "out/of/this")];
  mkdirSync(hostFiles);
  const { document } = json((await cli(["inspect", "--json", ...target(PLAIN).options])).stdout);
  const write = (name: string, more: object = {}) =>
    writeFileSync(join(hostFiles, `${name}.json`), JSON.stringify({ ...document, host: name, ...more }));
  const run = (...more: string[]) => cli(["bundle", "--hosts", hostFiles, "-o", out, ...more]);
  const at = (name: string) => readFileSync(join(out, `${name}.py`), "utf8");
  return { hostFiles, out, document, write, run, at };
}

test("bundle --hosts writes for each host exactly the script that --host generates from its file", async () => {
  const { hostFiles, out, document, write, run, at } = await fleet();
  const [pool] = document.pools;
  write("hv1");
  write("hv2");
  write("hv3", { pools: [{ ...pool, monitors: [{ name: "192.0.2.99", port: 6789 }] }] });
  write("hv4", { host: null });
  write("hv5", { host: "localhost" });
  expect(await run()).toMatchObject({ code: 0, stdout: `${out}: 5 written, 0 unchanged, 0 failed\n` });
  const names = ["hv1", "hv2", "hv3", "hv4", "hv5"];
  const again = jsonLines((await run("--json")).stdout);
  expect(again.map(({ status }) => status)).toEqual([...names.map(() => "unchanged"), undefined]);
  expect(readdirSync(out).sort()).toEqual(names.map((name) => `${name}.py`));
  for (const name of names)
    expect(at(name)).toBe((await cli(["bundle", "--host", join(hostFiles, `${name}.json`)])).stdout);
  expect(at("hv2").replaceAll("hv2", "hv1")).toBe(at("hv1"));
  expect(at("hv1")).not.toMatch(/hv2|192\.0\.2\.99/);
});

test("a host that fails does not stop the others, only regular files are read, and the exit code is the highest", async () => {
  const { hostFiles, out, write, run } = await fleet();
  write("hv1");
  write("hv9");
  writeFileSync(join(hostFiles, "no-json.json"), "{");
  execFileSync("mkfifo", [join(hostFiles, "pipe.json")]);
  symlinkSync("/dev/zero", join(hostFiles, "device.json"));
  writeFileSync(Buffer.concat([Buffer.from(`${hostFiles}/not-`), Buffer.from([0xff]), Buffer.from(".json")]), "{}");
  write("broken", { secrets: [] });
  mkdirSync(join(out, "hv5.py"), { recursive: true });
  write("hv5");
  const { code, stdout, stderr } = await run("--json");
  const lines = jsonLines(stdout);
  const messages = Object.fromEntries(lines.flatMap(({ name, error }) => (error ? [[name, error.message]] : [])));
  expect(messages).toEqual({
    broken: expect.stringMatching(/names a secret with usage .*, and no such secret is defined/),
    device: expect.stringMatching(/device\.json cannot be read: it is not a regular file/),
    "no-json": expect.stringMatching(/no-json\.json: this is not JSON/),
    hv5: expect.stringMatching(/hv5\.py cannot be written: it is a directory/),
    "not-\ufffd": expect.stringMatching(/cannot be read: no such file/),
    pipe: expect.stringMatching(/pipe\.json cannot be read: it is not a regular file/),
  });
  // The highest of all hosts.
  expect([code, lines[0].verdict.exitCode]).toEqual([6, 3]);
  expect(lines.at(-1)).toMatchObject({
    verdict: { ok: false, exitCode: 6 },
    summary: { hosts: 8, written: 2, unchanged: 0, failed: 6 },
  });
  expect(readdirSync(out).sort()).toEqual(["hv1.py", "hv5.py", "hv9.py"]);
  for (const name of Object.keys(messages)) expect(stderr).toContain(`virtinst-rbd-patch: ${name}: `);
});

test("file names are escaped in messages, and never interpreted", async () => {
  const { hostFiles, out, write, run } = await fleet();
  const names = ["-rf", "a\nvirtinst-rbd-patch: b", "\u001b[31m", "$(id)", "x.json", "é", "n".repeat(250)];
  for (const name of names) write(name, { host: "hv1" });
  write("..x");
  writeFileSync(join(hostFiles, "bad\n\u001b.json"), "");
  const { code, stdout, stderr } = await run("-v");
  expect(code).toBe(3);
  expect(stdout + stderr).not.toContain("\u001b");
  expect(stdout).not.toMatch(/^virtinst-rbd-patch: b/m);
  expect(stderr).toMatch(/^virtinst-rbd-patch: bad\\x0a\\x1b: .*this is not JSON/m);
  expect(stdout).toMatch(/^written: .*a\\x0avirtinst-rbd-patch: b/m);
  expect(readdirSync(out).sort()).toEqual(names.map((name) => `${name}.py`).sort());
});

test("an error that concerns all hosts is reported before anything is written", async () => {
  const { hostFiles, out, write, run } = await fleet();
  const none = await run("--json");
  expect(none.code).toBe(3);
  expect(json(none.stdout).error.message).toMatch(/hostFiles contains no host file/);
  expect(none.stderr).toMatch(/inspect --ssh root@HOST --json > .*hostFiles\/HOST\.json/);
  write("hv1");
  const failed = async (...words: string[]) => {
    const { code, stderr } = await cli(["bundle", ...words]);
    return `${code} ${stderr}`;
  };
  const hosts = ["--hosts", hostFiles];
  expect(await failed(...hosts, "-o", "-")).toMatch(/^2 .*--hosts writes one file for each host, to a directory/);
  expect(await failed("--hosts", join(hostFiles, "hv1.json"), "-o", out)).toMatch(/^3 .*cannot be read as a directory/);
  for (const other of [["--host", "x"], ["--connect", "x"], ["--pool-xml=x"], ["--secret-xml=x"], ["--root", "/"]])
    expect(await failed(...hosts, "-o", out, ...other)).toMatch(/^2 .*cannot be used with option/);
  expect(existsSync(out)).toBe(false);
});

test("bundle --hosts prints less with -q and more with -v, and continues if its reader stops", async () => {
  const { hostFiles, out, write, run } = await fleet();
  for (const name of ["hv1", "hv2", ".hidden"]) write(name);
  for (const name of ["a.txt", "b.JSON", "c.json.gz", "d\n"]) writeFileSync(join(hostFiles, name), "");
  const { stderr } = await run();
  expect(stderr).toContain(`Ignored: "a.txt", "b.JSON", "c.json.gz" and 1 more.`);
  expect(stderr).not.toContain("hidden");
  expect(await run("-q")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await run("-v")).stdout).toMatch(/^unchanged: .*hv1\.py\nunchanged: .*hv2\.py\n.*: 0 written, 2 un/);
  writeFileSync(join(hostFiles, "hv1.json"), "");
  const quiet = await run("-q");
  expect(quiet).toMatchObject({ code: 3, stdout: "" });
  expect(quiet.stderr).toMatch(/hv1: .*this is not JSON.*\n.*: 0 written, 1 unchanged, 1 failed\n$/);
  expect((await run()).stderr).toMatch(/note: The script of an earlier run is still there.* \(1 of 2 hosts\)/);
  for (const name of ["hv3", "hv4"]) write(name);
  const words = ["bundle", "--json", "--hosts", hostFiles, "-o", out];
  const head = spawnSync("sh", ["-c", '"$0" "$@" | head -c 1', process.execPath, TOOL, ...words]);
  expect(head.status).toBe(0);
  expect(readdirSync(out)).toHaveLength(4);
});

test("a script whose host file has changed is written again, and --pool names the pools of each host", async () => {
  const { out, write, run, at } = await fleet();
  write("hv1");
  await run();
  write("hv1", { host: "hv2" });
  expect((await run()).stdout).toBe(`${out}: 1 written, 0 unchanged, 0 failed\n`);
  expect(at("hv1")).toContain('"host": u"hv2"');
  expect(await run("--pool", "x")).toMatchObject({ code: 3, stderr: expect.stringMatching(/no rbd pool named "x"/) });
});
