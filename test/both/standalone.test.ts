// What the standalone script does by itself: under each Python, in unusual environments, and with hostile files.
import * as fs from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { Both, eachPython, scriptOf, spawn } from "../support/both";
import { copyVirtinst, HAS_PYTHON2, HOST, image, PLAIN, temporaryFile, temporaryFolder } from "../support/cli";
import { standIns } from "../support/stand-ins";

const PYTHON3 = spawn("bash", ["-c", "command -v python3"]).stdout.trim();
const isRoot = process.getuid?.() === 0;
const FILE = "virtinst/install/installer.py";
const BEGIN = "# >>> virtinst-rbd-patch";

/** Runs a line of bash with the script as $1 and a fresh virtinst as $2. */
function shell(line: string, options: object = {}) {
  const top = copyVirtinst(PLAIN);
  return { top, ...spawn("bash", ["-c", line, "bash", scriptOf(), top], options) };
}

const isPatched = (top: string) => fs.readFileSync(join(top, FILE), "latin1").includes(BEGIN);
const beside = (top: string) => fs.readdirSync(dirname(join(top, FILE))).sort();

const LINES = 829;
test(`the template of the script has at most ${LINES} lines of at most 110 characters`, () => {
  const template = fs.readFileSync("templates/standalone.py", "latin1");
  expect(template.split("\n").filter((line) => line.length > 110)).toEqual([]);
  expect(template.split("\n").length - 1).toBeLessThanOrEqual(LINES);
});

eachPython("apply, verify and revert work", async (python) => {
  const both = new Both({ python });
  expect((await both.run("apply", "--diff")).code).toBe(0);
  expect(both.script("apply")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^current: /) });
  expect(both.script("verify")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^function passed/m) });
  expect((await both.run("revert")).code).toBe(0);
});

eachPython("below --root, nothing outside is read or written, and nothing of the image is run", (python) => {
  const root = image();
  const share = join(root, "usr/share/virt-manager");
  const target = join(share, FILE);
  // Absolute and climbing links lead back into the image.
  fs.renameSync(target, `${target}.real`);
  fs.symlinkSync(`/../../../usr/share/virt-manager/${FILE}.real`, target);
  fs.mkdirSync(join(root, "usr/lib/python3."), { recursive: true });
  // The shebang of its virt-install names a program of the image.
  const own = join(root, "usr/bin/python3");
  fs.mkdirSync(dirname(own));
  fs.writeFileSync(own, '#!/bin/sh\ntouch "$0.run"\n', { mode: 0o755 });
  const script = `#!${own}\nimport sys\nsys.path.insert(0, "/usr/share/virt-manager")\n`;
  fs.writeFileSync(join(root, "usr/bin/virt-install"), script);
  const original = fs.readFileSync(target.concat(".real"));
  const run = (...words: string[]) => spawn(python, [scriptOf(), ...words, "--root", root]);
  expect(run("verify").code).toBe(2);
  expect(run("verify", "--static").code).toBe(1);
  expect(run("apply")).toMatchObject({ code: 0, stdout: `patched: ${target}.real (pools: libvirtpool)\n` });
  expect(run("verify", "--static").code).toBe(0);
  expect(run("revert").code).toBe(0);
  expect(fs.readFileSync(`${target}.real`)).toEqual(original);
  expect(fs.existsSync(`${own}.run`)).toBe(false);
});

test.each<[title: string, to: string | null, count: number]>([
  ["a link that leads outside", null, 0],
  ["a chain of 60 links", null, 60],
  ["links in a circle", "virt-manager/x", 0],
])("in an image, virtinst is not found through %s, and no file outside is patched", (_, to, count) => {
  const [root, outside] = [image(), copyVirtinst(PLAIN)];
  const share = join(root, "usr/share");
  fs.renameSync(join(share, "virt-manager"), join(share, "away"));
  const names = ["virt-manager", ...Array.from({ length: count }, (_, at) => `link-${at}`)];
  for (const [at, name] of names.entries()) fs.symlinkSync(names[at + 1] ?? to ?? outside, join(share, name));
  expect(spawn("python3", [scriptOf(), "apply", "--root", root], { timeout: 60_000 }).code).toBe(4);
  expect(isPatched(outside)).toBe(false);
});

test.skipIf(!isRoot)("files of /proc and files over 16 MiB in an image are not read", () => {
  const root = image();
  const program = join(root, "usr/bin/virt-install");
  fs.mkdirSync(dirname(program), { recursive: true });
  fs.symlinkSync("/proc/kmsg", program);
  fs.mkdirSync(join(root, "proc"));
  const run = `mount --bind /proc "$2/proc"; timeout 20 python3 "$1" apply --check --root "$2" || echo $?; timeout 20 node dist/virtinst-rbd-patch.js apply --check ${HOST.join(" ")} --root "$2" || echo $?`;
  const { stdout } = spawn("unshare", ["-m", "bash", "-c", run, "bash", scriptOf(), root]);
  expect(stdout.match(/^\d+$/gm)).toEqual(["4", "4"]);
  fs.unlinkSync(program);
  fs.writeFileSync(program, "#!/usr/bin/python3\n");
  fs.truncateSync(program, 17 << 20);
  const large = spawn("python3", [scriptOf(), "apply", "--check", "--root", root]);
  expect(large).toMatchObject({ code: 6, stderr: expect.stringMatching(/larger than 16 MiB/) });
});

test("a script for the pools of another host is refused, unless --virtinst is given", () => {
  const pools = [{ name: "p", cephPool: "c", monitors: [{ name: "m" }, { name: "n" }] }];
  const hostFile = temporaryFile("hv18.json", JSON.stringify({ version: 1, host: "hv18", pools }));
  const [script, top] = [scriptOf(["--host", hostFile]), copyVirtinst(PLAIN)];
  const env = { ...process.env, PATH: `${top}:${process.env.PATH}` };
  expect(spawn("python3", [script, "apply", "--force"], { env })).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/this script was generated for another host: hv18\./),
  });
  expect(isPatched(top)).toBe(false);
  expect(spawn("python3", [script, "apply", "--force", "--virtinst", top]).code).toBe(0);
});

describe("a hostile current directory", () => {
  const hostile = () => {
    const cwd = temporaryFolder();
    for (const name of ["-", "sh", "json.py", "argparse.py", "signal.py"])
      fs.writeFileSync(join(cwd, name), `open(${JSON.stringify(join(cwd, "marked"))}, "w")\n`);
    return cwd;
  };
  test("is not read by python3 -, which reads the script from standard input", () => {
    const cwd = hostile();
    const { code, top } = shell('python3 - apply --virtinst "$2" < "$1"', { cwd });
    expect([code, isPatched(top), fs.existsSync(join(cwd, "marked"))]).toEqual([0, true, false]);
  });
  test("is not read by sh -s, which is refused", () => {
    const cwd = hostile();
    const { code, stderr } = shell('sh -s apply --virtinst "$2" < "$1"', { cwd });
    expect([code, fs.existsSync(join(cwd, "marked"))]).toEqual([2, false]);
    expect(stderr).toContain("python3 - apply < FILE");
  });
  test("is not read by a script in it", () => {
    const cwd = hostile();
    fs.cpSync(scriptOf(), join(cwd, "script.py"));
    const { code } = shell('sh ./script.py apply --virtinst "$2" && python3 script.py revert --virtinst "$2"', { cwd });
    expect([code, fs.existsSync(join(cwd, "marked"))]).toEqual([0, false]);
  });
});

test("PYTHONPATH and PYTHONHOME do not reach the Python that compiles the file", () => {
  const folder = temporaryFolder();
  for (const name of ["logging.py", "sitecustomize.py"])
    fs.writeFileSync(join(folder, name), `open(${JSON.stringify(join(folder, "marked"))}, "w")\n`);
  const env = { ...process.env, PYTHONPATH: folder, PYTHONHOME: "/nowhere" };
  const { code, top, stderr } = shell('sh "$1" apply --virtinst "$2"', { env });
  expect([code, stderr, isPatched(top), fs.existsSync(join(folder, "marked"))]).toEqual([0, "", true, false]);
});

describe("the virtinst of virt-install is found", () => {
  /** Runs apply with a virt-install in PATH. */
  function found(text: (top: string) => string, top = copyVirtinst(PLAIN)) {
    const bin = temporaryFolder();
    fs.writeFileSync(join(bin, "virt-install"), text(top), { mode: 0o755 });
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
    const ran = spawn("python3", [scriptOf(), "apply"], { env });
    return { ...ran, patched: isPatched(top) };
  }
  const script = (insert: string) => () => `#!/usr/bin/env python3\nimport os, sys\n${insert}\nimport virtinst\n`;

  test("by its path, also with bytes that are not ASCII", () => {
    const top = join(temporaryFolder(), "\u00fc\u20ac");
    fs.cpSync(copyVirtinst(PLAIN), top, { recursive: true });
    const text = script(`sys.path.insert(\n    0,\n    "${top}",\n)`);
    expect(found(text, top)).toMatchObject({ code: 0, patched: true });
  });
  test("through a shell wrapper, in the directory of the script", () => {
    const top = copyVirtinst(PLAIN);
    const text = script("sys.path.insert(0, os.path.abspath(os.path.dirname(__file__)))")();
    fs.writeFileSync(join(top, "virt-install"), text, { mode: 0o755 });
    expect(found(() => `#!/bin/sh\nexec ${top}/virt-install "$@"\n`, top)).toMatchObject({ code: 0, patched: true });
  });
  test.each([
    ["a variable", "sys.path.insert(0, HERE)"],
    ["the parent of the directory of the script", "sys.path.insert(0, os.path.dirname(os.path.dirname(__file__)))"],
    ["a directory with append", 'sys.path.append("/opt/vm")'],
  ])("but not if virt-install adds %s to sys.path: the exit code is 4, and the hint is --virtinst", (_, insert) => {
    expect(found(script(insert))).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/changes sys\.path[\s\S]*--virtinst/),
    });
  });
  test("but not if virt-install is a binary or a Perl script: the exit code is 4", () => {
    for (const text of ["\x7fELF", "#!/usr/bin/perl\n"]) expect(found(() => text).code).toBe(4);
  });
});

describe("in an unusual environment,", () => {
  test("apply works with closed standard streams", () => {
    const { code, top } = shell('python3 "$1" apply --virtinst "$2" <&- >&- 2>&-');
    expect([code, isPatched(top)]).toEqual([0, true]);
  });
  test.each(["stat", "cp"])("if %s fails, the exit code is 6 and the file is unchanged", (name) => {
    const env = { ...process.env, PATH: standIns({ [name]: "echo broken >&2; exit 1" }) };
    const { code, top, stderr } = shell('python3 "$1" apply --virtinst "$2"', { env });
    expect([code, isPatched(top)]).toEqual([6, false]);
    expect(stderr).toMatch(/broken/);
    expect(stderr).not.toMatch(/Traceback|invalid literal/);
    expect(beside(top)).toEqual(["__init__.py", "installer.py"]);
  });
  test("apply needs no directory for temporary files", () => {
    const env = { ...process.env, TMPDIR: "/nowhere" };
    const { code, top } = shell('cd "$2" && python3 "$1" apply --check --virtinst "$2"', { env });
    expect([code, beside(top)]).toEqual([1, ["__init__.py", "installer.py"]]);
  });
  test("a change is reported if standard output cannot be written", () => {
    const { code, stderr, top } = shell('python3 "$1" apply --virtinst "$2" > /dev/full');
    expect(code).toBe(6);
    expect(stderr).toMatch(/was replaced/);
    expect(stderr).not.toMatch(/Traceback/);
    expect(isPatched(top)).toBe(true);
  });
  test.skipIf(!HAS_PYTHON2)("a file that Python 2 cannot decode exits with 4 (Python 2.7)", async () => {
    const both = new Both({ layout: "guest-1.4", python: "python2.7" });
    both.each(({ edit }) => edit((text) => text.replace(/^# -\*- coding.*\n/m, "").replace(/$/, "# \xc3\xa9\n")));
    expect((await both.run("apply")).code).toBe(4);
  });
});

test("wrong usage exits with 2; --version, -n and --dry-run are accepted", () => {
  expect(shell('python3 "$1" aply --json')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/invalid choice: 'aply'/),
    stdout: expect.stringMatching(/"command": "aply"/),
  });
  for (const words of ["", "verify --check", "revert --force", "apply --static", "apply --root=", "apply --wrong"])
    expect(shell(`python3 "$1" ${words}`).code).toBe(2);
  expect(shell('python3 "$1" --version').stdout).toMatch(/^\d/);
  expect(shell('python3 "$1" apply -n --virtinst "$2"').code).toBe(1);
  expect(shell('python3 "$1" apply --dry-run --virtinst "$2"').code).toBe(1);
  expect(shell('python3 "$1" apply --virtinst /nowhere').code).toBe(4);
});

test("a modification time that cannot be restored is reported", () => {
  const top = copyVirtinst(PLAIN);
  const env = { ...process.env, PATH: standIns({ touch: "exit 1" }) };
  const run = (command: string) => spawn("python3", [scriptOf(), command, "--virtinst", top, "--json"], { env });
  expect(run("apply").code).toBe(0);
  const { code, stdout, stderr } = run("revert");
  expect([code, JSON.parse(stdout).timeRestored, isPatched(top)]).toEqual([0, false, false]);
  expect(stderr).toMatch(/modification time of the file could not be restored/);
});

test("without a Python for virt-install, the exit code is 4 and the file is unchanged", () => {
  const top = copyVirtinst("guest-1.4");
  const bin = temporaryFolder();
  for (const name of ["timeout", "stat"])
    fs.symlinkSync(spawn("bash", ["-c", `command -v ${name}`]).stdout.trim(), join(bin, name));
  const ran = spawn(PYTHON3, [scriptOf(), "apply", "--virtinst", top], { env: { PATH: bin } });
  expect(ran.code).toBe(4);
  expect(ran.stderr).toMatch(/could not be checked: no Python 2 was found/);
});

const check = (passed: unknown) => ({ label: "disk", passed, difference: passed ? "" : "x" });
/** An answer of Python, in which all checks pass; there are more checks than labels. */
const answer = (more: object = {}) =>
  JSON.stringify({ log: [], compile: [null, null], checks: Array(9).fill(check(true)), ...more });
const CRASHED = /could not be checked: Python 3\.11, \S+ crashed: /;
test.each([
  ["the patched file does not compile", answer({ compile: [null, "SyntaxError"] }), 5, /SyntaxError/],
  ["its function fails", answer({ checks: Array(9).fill(check(false)) }), 5, /disk: x/],
  ["its function raises", answer({ checks: undefined, error: "KeyError: 7" }), 5, /the function runs: KeyError: 7/],
  ["Python gives no answer", "", 4, CRASHED],
  ["Python fails after its answer", `${answer()}'; exit 1; '`, 4, CRASHED],
  ["Python answers only some of the checks", answer({ checks: Array(3).fill(check(true)) }), 4, CRASHED],
  ...Object.entries({
    null: "null",
    "an object without keys": "{}",
    "a text": '"x"',
    "one fault for two files": answer({ compile: [null] }),
    "faults that are not text": answer({ compile: [1, {}] }),
    "no log": answer({ log: undefined }),
    "that a check is neither true nor false": answer({ checks: Array(9).fill(check("no")) }),
  }).map(([what, text]) => [`Python answers ${what}`, text, 4, CRASHED] as const),
] as const)("if %s, nothing is written", (_, text, code, message) => {
  const top = copyVirtinst(PLAIN);
  const PATH = standIns({ python3: `cat > /dev/null; echo '{"version": "3.11"}'; echo '${text}'` });
  const ran = spawn(PYTHON3, [scriptOf(), "apply", "--virtinst", top], { env: { ...process.env, PATH } });
  expect([ran.code, ran.stderr, isPatched(top)]).toEqual([code, expect.stringMatching(message), false]);
});

test("each program that the script starts is ended after a minute", () => {
  const log = join(temporaryFolder(), "log");
  const env = { ...process.env, PATH: standIns({ timeout: `echo "$3 $4" >> ${log}; exec $real "$@"` }) };
  const line = 'python3 "$1" apply --virtinst "$2" && python3 "$1" revert --virtinst "$2"';
  expect(shell(line, { env }).code).toBe(0);
  const programs = fs.readFileSync(log, "utf8").trim().split("\n").sort();
  expect(programs).toEqual(["60 cp", "60 cp", "60 python3", "60 stat", "60 stat", "60 touch"]);
});

describe("while the file is replaced,", () => {
  const leftover = ".virtinst-rbd-patch.tmp";
  test("a temporary file created just now belongs to another run, even if its modification time is old", () => {
    const top = copyVirtinst(PLAIN);
    const path = join(dirname(join(top, FILE)), leftover);
    fs.writeFileSync(path, "");
    fs.utimesSync(path, 1, 1);
    const { code, stderr } = spawn("python3", [scriptOf(), "apply", "--virtinst", top]);
    expect(code).toBe(6);
    expect(stderr).toMatch(/another run is in progress/);
    expect(beside(top)).toContain(leftover);
  });
  test("a change right after the replacement is reported", () => {
    const change = 'os.rename = lambda old, new: (rename(old, new), open(new, "a").write("#"))';
    const line = `import os, runpy, sys; rename = os.rename; ${change}; sys.argv.pop(0)`;
    const run = `python3 -c '${line}; runpy.run_path(sys.argv[0], run_name="__main__")' "$1" apply --virtinst "$2"`;
    expect(shell(run)).toMatchObject({ code: 6, stderr: expect.stringMatching(/was replaced, but/) });
  });
  test("an edit by another program is kept", () => {
    const env = { ...process.env, PATH: standIns({ cp: '$real "$@" && echo "# edited" >> "$VICTIM"' }) };
    const { code, top, stderr } = shell(
      'VICTIM="$2/virtinst/install/installer.py" python3 "$1" apply --virtinst "$2"',
      { env },
    );
    expect(code).toBe(6);
    expect(stderr).toMatch(/another program changed it/);
    expect(fs.readFileSync(join(top, FILE), "latin1")).toMatch(/# edited\n$/);
    expect(beside(top)).toEqual(["__init__.py", "installer.py"]);
  });
});

describe("signals:", () => {
  const wait = 'for n in $(seq 500); do [ -e "$MARK" ] && break; sleep 0.02; done';
  const during = (signal: string, before = "") => {
    const PATH = standIns({ cp: 'touch "$MARK"; sleep 1; exec $real "$@"' });
    const env = { ...process.env, PATH, MARK: join(temporaryFolder(), "mark") };
    return shell(`${before}python3 "$1" apply --virtinst "$2" & ${wait}; kill -${signal} $!; wait $!`, { env });
  };
  test.each([
    ["TERM", 143],
    ["HUP", 129],
  ])("SIG%s ends a run before the file is replaced", (signal, expected) => {
    const { code, top, stderr } = during(signal);
    expect([code, isPatched(top), stderr]).toEqual([expected, false, expect.not.stringMatching(/Traceback/)]);
    expect(beside(top)).toEqual(["__init__.py", "installer.py"]);
  });
  test("SIGHUP stays ignored if the caller ignores it, as with nohup", () => {
    const { code, top } = during("HUP", "trap '' HUP; ");
    expect([code, isPatched(top)]).toEqual([0, true]);
  });
  test("SIGTERM after the file was replaced is reported", () => {
    // The pipe is full, so the script waits until somebody reads its output.
    const line = `mkfifo "$2/pipe"; sleep 20 < "$2/pipe" & reader=$!; exec 3> "$2/pipe"; head -c 65536 /dev/zero >&3
python3 "$1" apply --virtinst "$2" >&3 & script=$!
for n in $(seq 200); do grep -q '# >>> virtinst' "$2/${FILE}" && break; sleep 0.02; done; sleep 0.3
kill -TERM $script; wait $script; code=$?; kill $reader; exit $code`;
    const { code, top, stderr } = shell(line);
    expect([code, isPatched(top)]).toEqual([143, true]);
    expect(stderr).toMatch(/installer\.py was replaced/);
    expect(stderr).not.toMatch(/Traceback/);
  });
  test("SIGTERM ends the programs that the script started", () => {
    const both = new Both();
    const { top } = both.places[1];
    expect(both.script("apply").code).toBe(0);
    const mark = join(temporaryFolder(), "mark");
    const program = `#!/usr/bin/env python3\nimport os, sys, time\nsys.path.insert(0, "${top}")\nopen("${mark}", "w").write(str(os.getpid()))\ntime.sleep(60)\n`;
    fs.writeFileSync(join(top, "virt-install"), program, { mode: 0o755 });
    const line = `python3 "$1" verify --virtinst "$2" & for n in $(seq 200); do [ -s ${mark} ] && break; sleep 0.02; done; kill $!; wait $!`;
    const { code, stderr } = spawn("bash", ["-c", line, "bash", scriptOf(), top]);
    expect([code, stderr]).toEqual([143, expect.not.stringMatching(/Traceback/)]);
    const gone = `for n in $(seq 50); do kill -0 ${fs.readFileSync(mark, "utf8")} 2>&- || exit 0; sleep 0.02; done; exit 1`;
    expect(spawn("bash", ["-c", gone]).code).toBe(0);
  });
});

test("characters of a file that control the terminal are escaped in the output", () => {
  const unseen = Buffer.from("# \u{e0041}\u202e\u009b\u00ad\u200b\u180e\u001b[31m").toString("latin1");
  const both = new Both();
  expect(both.script("apply").code).toBe(0);
  both.places[1].edit((text) => text.replace("# Remove it: ", `# Remove it: ${unseen}`));
  for (const word of ["-q", "--json"])
    expect(both.script("revert", "--diff", word, "--check").stdout).toMatch(/^[\n\t -~]*$/);
});

test("the path of virtinst cannot control the terminal", () => {
  const top = join(temporaryFolder(), "\u001b[8m\rx");
  fs.cpSync(copyVirtinst(PLAIN), top, { recursive: true });
  for (const words of ["apply --virtinst", "verify --static --virtinst", "apply --root"]) {
    const { stdout, stderr } = spawn("python3", [scriptOf(), ...words.split(" "), top]);
    expect(stdout + stderr).toMatch(/^[\n -~]*\\u001b\[8m\\u000dx[\n -~]*$/);
  }
});

test("verify -q prints a missing patch on standard error, and nothing else", () => {
  const ran = spawn("python3", [scriptOf(), "verify", "--static", "-q", "--virtinst", copyVirtinst(PLAIN)]);
  expect(ran).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/^not-patched: /) });
});

test("a script for the full name of this host runs here if its own name is short, and the reverse", () => {
  const [short = ""] = hostname().split(".");
  const host = hostname() === short ? `${short}.example.org` : short;
  const pools = [{ name: "p", cephPool: "c", monitors: [{ name: "m" }, { name: "n" }] }];
  const script = scriptOf(["--host", temporaryFile("h.json", JSON.stringify({ version: 1, host, pools }))]);
  const env = { ...process.env, PATH: `${copyVirtinst(PLAIN)}:${process.env.PATH}` };
  expect(spawn("python3", [script, "apply", "--check", "--force"], { env }).code).toBe(1);
});

test.skipIf(!isRoot)("if cp does not keep the owner, nothing is written", () => {
  const top = copyVirtinst(PLAIN);
  fs.chownSync(join(top, FILE), 1234, 4321);
  const env = { ...process.env, PATH: standIns({ cp: "exit 0" }) };
  const { code, stderr } = spawn("python3", [scriptOf(), "apply", "--virtinst", top], { env });
  expect([code, stderr, isPatched(top)]).toEqual([6, expect.stringMatching(/its owner cannot be kept/), false]);
});
