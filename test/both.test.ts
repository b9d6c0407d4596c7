// What the tool and its bundle do alike, to the byte: one table of cases, run by both.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { sha256 } from "../src/patch/facts";
import { RECIPES } from "../src/virtinst/recipes";
import { makeBundle } from "./support/bundle";
import {
  cli,
  copyVirtinst,
  HOST,
  HOST_BY_UUID,
  HOST_TWO,
  image,
  PLAIN,
  patchedBy100,
  poolsOfOneCephPool,
  temporaryFolder,
} from "./support/cli";
import { INTERPRETERS } from "./support/helper";

const LAYOUTS = RECIPES.map(({ name }) => name);

// pyenv's stand-in for a Python is a shell script, and takes longer than all that a bundle does.
const FOLDERS = (process.env.PATH ?? "").split(":").filter((folder) => !folder.endsWith("/shims"));
if (["python3", "python2.7"].every((name) => FOLDERS.some((folder) => existsSync(join(folder, name)))))
  process.env.PATH = FOLDERS.join(":");

const made = new Map<string, string>();
const home = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-test-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** The bundle of some facts, made once: no run changes it. */
function bundleOf(facts: readonly string[] = HOST): string {
  const key = JSON.stringify(facts);
  const path = made.get(key) ?? makeBundle(facts, join(home, `bundle-${made.size}.py`));
  made.set(key, path);
  return path;
}

/** A virtinst in a folder. */
interface Place {
  readonly top: string;
  readonly path: string;
  edit(change: (text: string) => string): void;
}

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the tool on one copy and the bundle on another. */
class Both {
  readonly places: readonly [Place, Place];
  readonly #bundle: string;
  readonly #facts: readonly string[];
  readonly #python: string;

  constructor({ layout = PLAIN, facts = HOST, python = "python3" } = {} as Partial<Options>) {
    this.#bundle = bundleOf(facts);
    this.#facts = facts;
    this.#python = python;
    const file = RECIPES.find(({ name }) => name === layout)?.file as string;
    // Of one length, since both say where the file is.
    const base = temporaryFolder();
    this.places = ["a", "b"].map((name) => {
      const top = join(base, name);
      cpSync(copyVirtinst(layout), top, { recursive: true });
      const path = join(top, file);
      utimesSync(path, 1400000000, 1400000000);
      spawnSync("touch", ["-d", "@1400000000.123456789", path]);
      const edit = (change: (text: string) => string) =>
        writeFileSync(path, change(readFileSync(path, "latin1")), "latin1");
      return { top, path, edit };
    }) as unknown as [Place, Place];
  }

  /** Does the same to both copies. */
  each(act: (place: Place) => void): this {
    for (const place of this.places) act(place);
    return this;
  }

  /** Runs a command of the bundle alone. */
  bundle(command: string, ...words: string[]): Ran {
    return spawn(this.#python, [this.#bundle, command, "--virtinst", this.places[1].top, ...words]);
  }

  /** Runs a command on both, and compares all that is to be seen of it. */
  run(command: string, ...words: string[]) {
    const [one, other] = this.places;
    const facts = command === "revert" ? [] : this.#facts;
    const tool = cli([command, ...facts, "--virtinst", one.top, ...words]);
    const bundle = this.bundle(command, ...words);
    const seen = [seenOf(one, tool), seenOf(other, bundle)] as const;
    expect(seen[1]).toEqual(seen[0]);
    return { ...tool, bundle };
  }
}

interface Options {
  readonly layout: string;
  readonly facts: readonly string[];
  readonly python: string;
}

/** A patched file with the digest of its blocks as they are, whether or not their header can be read. */
function withOwnDigest(text: string): string {
  const blocks = text.match(/^ *# >>>[\s\S]*?^ *# <<<.*\n/gm)?.join("") ?? "";
  return text.replace(/(# blocks: sha256=).*/, `$1${sha256(blocks.replace(/^# blocks: .*/m, ""))}`);
}

/** A test under each Python that a bundle is written for; one that this machine has not is skipped by name. */
function eachPython(name: string, skip: boolean, act: (python: string) => void): void {
  for (const { version, path } of INTERPRETERS)
    if (path === null) test.skip(`not run: this machine has no Python ${version}: ${name}`, () => {});
    else test.skipIf(skip)(`Python ${version}: ${name}`, () => act(path));
}

function spawn(python: string, words: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(python, words, { encoding: "utf8" });
  return { code: status, stdout, stderr };
}

/** What the bundle says besides, since it cannot see the host's pools. */
const OWN = /^(?:note: )?It was compared with the facts of this file .*$/;

/** All that can be seen of a run. A fresh time is no case for comparison; that it is fresh is. */
function seenOf({ top, path }: Place, { code, stdout, stderr }: Ran) {
  // The bundle has no --force and no --python to name.
  const plain = (text: string) =>
    text
      .replaceAll(top, "TOP")
      .replace("; --force patches all the same, for disks that are described by hand", "")
      .replace(", or name a Python with --python", "")
      .replace(/\b1[5-9]\d{8}\.\d{9}\b/g, "NOW");
  const json = stdout.startsWith("{") ? JSON.parse(plain(stdout)) : null;
  if (json?.notes) json.notes = json.notes.filter((note: string) => !OWN.test(note)).sort();
  // Which of several Pythons of one kind it is, is this machine's matter.
  const said = plain(stdout).replace(/(Python [\d.]+), \S+/g, "$1");
  if (json?.compiled) json.compiled = json.compiled.replace(/compiled by .*/, "compiled");
  const { mode, mtimeMs } = statSync(path);
  return {
    code,
    said: json ?? said,
    notes: plain(stderr)
      .split("\n")
      .filter((line) => !OWN.test(line))
      .sort(),
    sha256: sha256(plain(readFileSync(path, "latin1"))),
    mode,
    fresh: mtimeMs > 1.5e12,
    beside: spawnSync("ls", ["-A", dirname(path)], { encoding: "utf8" }).stdout,
  };
}

describe.each(LAYOUTS)("on a file of layout %s", (layout) => {
  const python = layout.startsWith("guest") ? "python2.7" : "python3";
  test("apply, apply again, verify, revert, revert again", () => {
    const both = new Both({ layout, python });
    expect(both.run("apply", "--check", "--diff", "--json").code).toBe(1);
    expect(both.run("apply", "--diff").code).toBe(0);
    expect(both.run("apply").stdout).toMatch(/^current: /);
    expect(both.run("verify", "--static", "--json").code).toBe(0);
    expect(both.run("verify", "-v").code).toBe(0);
    expect(both.run("revert", "--check", "--diff").code).toBe(1);
    expect(both.run("revert", "--json").code).toBe(0);
    expect(both.run("revert").stdout).toMatch(/^absent: /);
    expect(both.run("verify").code).toBe(1);
  });
});

const crlf = (text: string) => text.replace(/\r?\n/g, "\r\n");

describe("states", () => {
  /** A change of the file itself makes it one that the bundle does not know, and its apply refuses. */
  const UNKNOWN: readonly (readonly [name: string, change: (text: string) => string])[] = [
    ["a file that was changed outside the blocks", (text) => `${text}# more\n`],
    ["a block that was moved", (text) => text.replace(/^/, "# first\n")],
    ["a file with CRLF, blocks and all", crlf],
    ["bytes that are no UTF-8", (text) => `${text}# \xff\xfe\n`],
  ];
  test.each(UNKNOWN)("%s: verify, revert; apply of the bundle refuses", (_, change) => {
    const both = new Both();
    both.run("apply");
    both.each(({ edit }) => edit(change));
    both.run("verify", "--static", "--json");
    const before = readFileSync(both.places[1].path);
    expect(both.bundle("apply")).toMatchObject({ code: 4, stderr: expect.stringMatching(/is not known/) });
    expect(readFileSync(both.places[1].path)).toEqual(before);
    both.run("revert", "--check", "--json");
    both.run("revert", "--json");
  });

  const STATES: readonly (readonly [name: string, change: (text: string) => string])[] = [
    ["a changed block", (text) => text.replace("import logging", "import logging  # mine")],
    ["a pool's name that somebody changed to another text", (text) => text.replace('[u"libvirtpool"]', '[u"p\xe9"]')],
    ["a layout in digits that are none", (text) => text.replace("# format: 2", "# format: \xb2")],
    [
      "a time in digits that are none",
      (text) => text.replace(/(mtime=\d+)\.\d{8}/, "$1.\xb2\xb2\xb2\xb2\xb2\xb2\xb2\xb2"),
    ],
    ["an empty line among the words", (text) => text.replace("# format: 2", "#\n# format: 2")],
    ["a marker that is lost", (text) => text.replace(/^# <<<.*\n/m, "")],
    ["a marker without a beginning", (text) => text.replace(/^# >>>.*\n/m, "")],
    ["a block in a block", (text) => text.replace(/^(# >>>.*\n)/m, "$1$1")],
    ["three blocks", (text) => `${text}# >>> virtinst-rbd-patch\n# <<< virtinst-rbd-patch\n`],
    ["one block", (text) => text.replace(/ {8}# >>>[\s\S]*?# <<<.*\n/, "")],
    ["the name outside the blocks", (text) => `${text}_virtinst_rbd_patch\n`],
    ["a header that cannot be read", (text) => text.replace(/^# facts: .*\n/m, "")],
    ["a short hash", (text) => text.replace(/(# pristine: sha256=)[0-9a-f]/, "$1")],
    ["a time without decimals", (text) => text.replace(/(mtime=\d+)\.\d+/, "$1")],
    ["a later layout of the blocks", (text) => text.replace("# format: 2", "# format: 3")],
    ["foreign lines in the helper block", (text) => text.replace(/^# pristine: sha/m, "import os\n$&")],
    ["foreign lines in the call block", (text) => text.replace(/( {8}# >>>.*\n)/, "$1    def more(self):\n")],
    ["blocks of another version", (text) => text.replace(/(>>> virtinst-rbd-patch) \S+/g, "$1 9.9.9")],
    ["blocks with other line ends than the file", (text) => text.replace(/(# >>>[\s\S]*?# <<<[^\n]*)\n/, crlf)],
  ];
  test.each(STATES)("%s: verify, apply, revert", (_, change) => {
    const both = new Both();
    both.run("apply");
    both.each(({ edit }) => edit(change));
    both.run("verify", "--static", "--json");
    both.run("apply", "--check", "--json");
    both.run("revert", "--check", "--json");
    both.run("revert", "--json");
  });

  // Each with the digest that fits, so that nothing else is wrong. Without --json or -v an apply takes the short way.
  const TIMES = ["12345678901234567890", "1400000000.", "1.4.0.0.0.0.0.12345.", "99999999999.12345678"];
  test.each(TIMES)("a time that is none: %s", (time) => {
    const both = new Both();
    both.run("apply");
    both.each(({ edit }) => edit((text) => withOwnDigest(text.replace(/(mtime=)\S+/, `$1${time}`))));
    both.run("apply", "--check");
    both.run("apply");
  });

  test("blocks of other facts are brought up to date, and go as they came", () => {
    const old = new Both({ facts: HOST });
    old.run("apply");
    const both = new Both({ facts: HOST_TWO });
    for (const [index, { path }] of old.places.entries()) cpSync(path, both.places[index]?.path as string);
    expect(both.run("verify", "--static", "--json").code).toBe(1);
    expect(both.run("apply", "--json").stdout).toMatch(/"status": "updated"/);
    expect(both.run("revert", "--json").stdout).toMatch(/"restored": true/);
  });

  test("what 1.0.0 wrote is brought up to date, and goes as it came", () => {
    const both = new Both().each(({ path }) => {
      const pristine = readFileSync(path);
      writeFileSync(path, patchedBy100(pristine));
    });
    expect(both.run("verify", "--static", "--json").code).toBe(1);
    expect(both.run("apply").stdout).toMatch(/^updated: /);
    expect(both.run("revert").code).toBe(0);
  });
});

describe("needs", () => {
  const disk = (place: Place) => join(place.top, "virtinst/devices/disk.py");
  test("no pool that names its secret by usage: not needed", () => {
    const both = new Both({ facts: HOST_BY_UUID });
    expect(both.run("apply", "--json").stdout).toMatch(/"status": "not needed"/);
    expect(both.run("verify", "--static").code).toBe(0);
  });
  test("disk code that copies no auth: required", () => {
    const both = new Both({ facts: HOST_BY_UUID });
    both.each((place) =>
      writeFileSync(disk(place), readFileSync(disk(place), "utf8").replaceAll("auth_secret_uuid", "x")),
    );
    expect(both.run("verify", "--static", "--json").stdout).toMatch(/"need": "required"/);
    expect(both.run("apply").code).toBe(0);
  });
  test("disk code that writes no network disks: impossible", () => {
    const both = new Both().each((place) => writeFileSync(disk(place), "# source_protocol\n"));
    expect(both.run("verify", "--static", "--json").stdout).toMatch(/"need": "impossible"/);
    expect(both.run("apply", "--json").code).toBe(4);
  });
  test("no disk code: unknown", () => {
    const both = new Both().each((place) => renameSync(disk(place), `${disk(place)}.away`));
    expect(both.run("verify", "--static", "--json").stdout).toMatch(/"need": "unknown"/);
    expect(both.run("apply", "--json").code).toBe(0);
  });
});

describe("a file's belongings", () => {
  test("a mode, a hard link and a link to it", () => {
    const both = new Both().each(({ path, top }) => {
      chmodSync(path, 0o640);
      linkSync(path, join(top, "other"));
      renameSync(path, `${path}.real`);
      symlinkSync(basename(`${path}.real`), path);
    });
    expect(both.run("apply", "--json").stdout).toMatch(/hard links/);
    expect(both.run("revert", "--json").code).toBe(0);
  });
  test("byte code that states a time that is to come is not taken for that of the new text", () => {
    const both = new Both().each(({ path }) => {
      const cache = join(dirname(path), "__pycache__");
      mkdirSync(cache);
      const code = Buffer.alloc(16);
      code.writeUInt32LE(Math.floor(Date.now() / 1000) + 5, 8);
      writeFileSync(join(cache, "installer.cpython-311.pyc"), code);
    });
    both.run("apply");
    for (const { path } of both.places) expect(statSync(path).mtimeMs).toBeGreaterThan(1.5e12);
  });
  test("what a killed run left is cleared up", () => {
    const name = ".virtinst-rbd-patch.0123456789ab-lx3k2j1h";
    const both = new Both().each(({ path }) => writeFileSync(join(dirname(path), name), "left"));
    expect(both.run("apply", "--json").stdout).toMatch(/a run left it that was killed/);
    for (const { path } of both.places) expect(existsSync(join(dirname(path), name))).toBe(false);
  }, 60_000);
});

test("pools whose names end in what looks like a literal", () => {
  const facts = poolsOfOneCephPool({ gpu: [11], ubuntu: [11], "menu, u": [11] });
  const both = new Both({ facts });
  both.run("apply");
  expect(both.run("revert").stdout).toContain("(pools gpu, menu, u, ubuntu)");
});

test("blocks of the tool in a file that the bundle does not know are proved all the same", () => {
  const both = new Both().each(({ edit }) => edit((text) => `${text}# a distribution's\n`));
  const [one, other] = both.places;
  expect(cli(["apply", ...HOST, "--virtinst", one.top]).code).toBe(0);
  cpSync(one.path, other.path, { preserveTimestamps: true });
  expect(both.run("verify").stdout).toMatch(/^behaviour passed/m);
});

test("what the bundle does not run is called what it is", () => {
  const stale = new Both().each(({ path }) => writeFileSync(path, patchedBy100(readFileSync(path))));
  expect(stale.bundle("verify").stdout).toMatch(
    /^behaviour not run: the patch is stale, and only what this file would/m,
  );
});

test("a folder that gives new files an ACL", () => {
  const both = new Both().each(({ path }) => spawnSync("setfacl", ["-d", "-m", "u:nobody:r", dirname(path)]));
  expect(both.run("apply").code).toBe(0);
  expect(both.run("revert").code).toBe(0);
  for (const { path } of both.places)
    expect(spawnSync("getfacl", ["-p", path], { encoding: "utf8" }).stdout).not.toContain("nobody");
});

test("a link to a secret's value in the place of byte code is not opened", () => {
  const secret = join(temporaryFolder(), "x.base64");
  writeFileSync(secret, "VALUE");
  const { path, top } = new Both().each((place) => symlinkSync(secret, `${place.path}c`)).places[1];
  const bundle = bundleOf();
  const log = join(temporaryFolder(), "log");
  const ran = spawn("strace", [
    "-f",
    "-qq",
    "-o",
    log,
    "-e",
    "trace=open,openat",
    "python3",
    bundle,
    "apply",
    "--virtinst",
    top,
  ]);
  expect(ran.code).toBe(0);
  expect(readFileSync(path, "utf8")).toContain("# >>> virtinst-rbd-patch");
  const opened = readFileSync(log, "latin1");
  expect(opened).toContain("installer.py");
  expect(opened).not.toMatch(/x\.base64|installer\.pyc"/);
});

test.each([
  ["INT", 130],
  ["TERM", 143],
])("SIG%s ends a run, and what it started, without a stack trace", (signal, code) => {
  const { top } = new Both().places[1];
  const bundle = bundleOf();
  const mark = join(temporaryFolder(), "mark");
  expect(spawn("python3", [bundle, "apply", "--virtinst", top]).code).toBe(0);
  writeFileSync(
    join(top, "virt-install"),
    `#!/usr/bin/env python3\nimport os, sys, time\nsys.path.insert(0, "${top}")\nopen("${mark}", "w").write(str(os.getpid()))\ntime.sleep(60)\n`,
  );
  const line = `"$@" & child=$!; for n in $(seq 200); do [ -s ${mark} ] && break; sleep 0.1; done; kill -${signal} $child; wait $child`;
  const ran = spawn("bash", ["-mc", line, "bash", "python3", bundle, "verify", "--virtinst", top]);
  expect(ran.stderr).not.toMatch(/Traceback/);
  expect(ran.code).toBe(code);
  const pid = readFileSync(mark, "utf8").trim();
  expect(spawn("sh", ["-c", `sleep 0.2; kill -0 ${pid} 2>/dev/null`]).code).not.toBe(0);
});

eachPython("a signal ends a run that waits for somebody to read what it says", false, (python) => {
  const pid = join(temporaryFolder(), "pid");
  const full = `{ echo $BASHPID > "$3"; head -c 65536 /dev/zero; exec "$1" "$2" --version; } | sleep 3 & sleep 1.5`;
  const line = `${full}; kill -TERM $(cat "$3"); sleep 0.5; kill -0 $(cat "$3") || echo ended`;
  expect(spawn("bash", ["-c", line, "bash", python, bundleOf(), pid]).stdout).toBe("ended\n");
});

test("nobody to hear it is no stack trace, and no no", () => {
  const bundle = bundleOf();
  const shell = (line: string) => spawn("sh", ["-c", line, "sh", bundle]);
  expect(shell('python3 "$1" --help > /dev/full')).toMatchObject({
    code: 6,
    stderr: expect.not.stringMatching(/Trace/),
  });
  expect(shell('python3 "$1" apply --json --virtinst /nowhere > /dev/full').code).toBe(4);
  expect(spawn("python3", [bundle, "apply", "--root="]).code).toBe(2);
  expect(spawn("python3", [bundle, "apply", "--virtinst", ""]).code).toBe(2);
});

const isRoot = process.getuid?.() === 0;

eachPython("below --root", !isRoot, (python) => {
  const root = image();
  const target = join(root, "usr/share/virt-manager/virtinst/install/installer.py");
  const pristine = readFileSync(target);
  const bundle = bundleOf();
  for (const run of [(words: string[]) => cli(words), (words: string[]) => spawn(python, [bundle, ...words])])
    expect(run(["verify", "--static", "--root", root]).stdout).toContain(
      `partial: ${root}/usr/share/virt-manager/virtinst/devices/disk.py copies`,
    );
  expect(spawn(python, [bundle, "apply", "--root", root])).toMatchObject({
    code: 0,
    stdout: `patched: ${target} (pool libvirtpool)\n`,
  });
  expect(cli(["verify", "--static", "--root", root]).code).toBe(0);
  expect(spawn(python, [bundle, "verify", "--static", "--root", root]).code).toBe(0);
  expect(cli(["revert", "--root", root]).code).toBe(0);
  expect(readFileSync(target)).toEqual(pristine);
});

test("a virtinst that is not there, and an option that is not", () => {
  const bundle = bundleOf();
  expect(spawn("python3", [bundle, "apply", "--virtinst=/nowhere"])).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/^virtinst-rbd-patch: \/nowhere holds no virtinst package/),
  });
  expect(spawn("python3", [bundle]).code).toBe(2);
  expect(spawn("python3", [bundle, "apply", "--wrong"]).code).toBe(2);
  expect(spawn("python3", [bundle, "--version"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d/) });
});

test("it is read by those who approve it: no line of it over 110 characters, in plain ASCII", () => {
  const program = readFileSync("templates/bundle.py", "latin1");
  expect(program.split("\n").filter((line) => line.length > 110)).toEqual([]);
  expect(readFileSync(bundleOf(), "latin1")).toMatch(/^[\n -~]+$/);
});

test("a run that changes nothing has no need of the second half", () => {
  const both = new Both();
  both.bundle("apply");
  const half = join(temporaryFolder(), "half.py");
  const program = readFileSync(bundleOf(), "latin1").replace(/^(SECOND = r''')[\s\S]*?(?=^'''$)/m, "$1no Python");
  writeFileSync(half, program);
  const { top } = both.places[1];
  expect(spawn("python3", [half, "apply", "--virtinst", top])).toEqual(both.bundle("apply"));
  expect(spawn("python3", [half, "revert", "--virtinst", top])).toMatchObject({ code: 6, stdout: "" });
});

test("a file that it does not know is exit 4, with what makes a bundle that does", () => {
  const { path, top } = new Both().places[1];
  writeFileSync(path, `${readFileSync(path, "utf8")}# a distribution's\n`);
  const { code, stderr } = spawn("python3", [bundleOf(), "apply", "--virtinst", top]);
  expect(code).toBe(4);
  expect(stderr).toContain(`virtinst-rbd-patch bundle --virtinst DIR -o FILE`);
});

eachPython("writes and takes out the same", false, (python) => {
  const both = new Both({ python });
  expect(both.run("apply").code).toBe(0);
  expect(both.run("verify", "--static", "--json").code).toBe(0);
  expect(both.run("revert").code).toBe(0);
});

test("what is not seen is an escape, in a diff and in the JSON", () => {
  const [unseen, both] = [Buffer.from("# \u{e0041}\u202e\u009b\u00ad\u200b\u180e").toString("latin1"), new Both()];
  expect(both.run("apply").code).toBe(0);
  both.each(({ edit }) => edit((text) => text.replace("# To undo it", unseen)));
  for (const word of ["-q", "--json"])
    expect(both.run("revert", "--diff", word, "--check").stdout).toMatch(/^[\n -~]*$/);
});
