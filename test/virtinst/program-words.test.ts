import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { findVirtinst } from "../../src/virtinst/find";
import { findPrograms, NO_PROGRAM, readProgram, siteFolders, usesFolder } from "../../src/virtinst/program";
import { temporaryFolder } from "../support/cli";
import { ELF, host, PLACE, SCRIPT } from "../support/programs";

/** What is known of a program that is a text; what is said of it names each path as this process reaches it. */
function read(text: string, more: Readonly<Record<string, string>> = {}) {
  const { base, files } = host({ "usr/bin/virt-install": text, ...more });
  const program = readProgram("/usr/bin/virt-install", files);
  const { length } = program.met.split("/usr/bin/virt-install");
  expect(program.met.split(`${base}/usr/bin/virt-install`)).toHaveLength(length);
  return { ...program, met: program.met.replaceAll(base, "") };
}

describe("the words of a shell script are read as a shell reads them", () => {
  it.each([
    [String.raw`exec python3 /opt/a\ b/vi "$@"`, "/opt/a b/vi"],
    [`exec python3 "/opt/a b/vi" "$@"`, "/opt/a b/vi"],
    [`exec python3 '/opt/a b/vi' "$@"`, "/opt/a b/vi"],
    [`exec python3 /opt/"a b"/'vi' "$@"`, "/opt/a b/vi"],
    [String.raw`exec python3 "/opt/a\"b/vi" "$@"`, '/opt/a"b/vi'],
    [String.raw`exec python3 "/opt/a\\b/vi" "$@"`, String.raw`/opt/a\b/vi`],
    [String.raw`exec python3 "/opt/a\b/vi" "$@"`, String.raw`/opt/a\b/vi`],
    [String.raw`exec python3 '/opt/a\b/vi' "$@"`, String.raw`/opt/a\b/vi`],
    [String.raw`exec python3 /opt/a\b/vi "$@"`, "/opt/ab/vi"],
    [`exec python3 '/opt/a"b/vi' "$@"`, '/opt/a"b/vi'],
    [`exec python3 "/opt/a'b/vi" "$@"`, "/opt/a'b/vi"],
    [String.raw`exec python3 /opt/a\'b/vi "$@"`, "/opt/a'b/vi"],
    [String.raw`exec python3 "/opt/a\$b/vi" "$@"`, "/opt/a$b/vi"],
    ['exec python3 "/opt/a\\`b/vi" "$@"', "/opt/a`b/vi"],
    [`exec python3 /opt/a""b''/vi "$@"`, "/opt/ab/vi"],
    [`exec python3 "/opt/a;b/vi" "$@"`, "/opt/a;b/vi"],
    [String.raw`exec python3 /opt/a\;b/vi "$@"`, "/opt/a;b/vi"],
    ["exec python3 /opt/a#b/vi", "/opt/a#b/vi"],
    ["exec python3 /opt/vi; exit 1", "/opt/vi"],
    ["exec python3 /opt/vi;exit 1", "/opt/vi"],
    ["exec python3 /opt/vi&", "/opt/vi"],
    ["exec python3 /opt/vi||exit 1", "/opt/vi"],
    ["  exec\tpython3  -s   /opt/vi ", "/opt/vi"],
    ["# exec python3 /opt/a\nexec python3 /opt/vi", "/opt/vi"],
    ["#exec python3 /opt/a\nexec python3 /opt/vi", "/opt/vi"],
    ["echo; exec python3 /opt/a\nexec python3 /opt/vi", "/opt/vi"],
    ["A=1 B=2 exec C=3 python3 /opt/vi", "/opt/vi"],
    ["exec /opt/B=2/env python3 /opt/vi", "/opt/vi"],
  ])("%s", (line, script) => {
    const more = { [script]: `#!/usr/bin/python3\n${SCRIPT}`, "/opt/a": `#!/usr/bin/python3\n${SCRIPT}` };
    expect(read(`#!/bin/sh\n${line}\n`, more)).toMatchObject({
      interpreter: "python3",
      script,
      folders: expect.arrayContaining([PLACE]),
    });
  });

  it.each([
    ["a program by a path from somewhere", "exec ./other"],
    ["a script by a path from somewhere", "exec python3 other"],
    ["no script", "exec python3 -s"],
    ["a script that is not there", "exec python3 /gone"],
    ["a command that gets no arguments", "python3 /other"],
    ["a command whose arguments are a comment", `python3 /other # "$@"`],
    ["a command before the one that gets the arguments", `python3 /other; echo "$@"`],
    ["a command behind another", "echo; exec python3 /other"],
    ["a script behind the command's end", "exec python3; /other"],
    ["something behind 64 KB", `${"#".repeat(65536)}\nexec python3 /other`],
  ])("%s is not followed", (_, line) => {
    const { script, met } = read(`#!/bin/sh\n${line}\n`, { other: SCRIPT });
    expect([script, met]).toEqual([
      null,
      '/usr/bin/virt-install begins with "#!/bin/sh", and what it runs is not known',
    ]);
  });

  it("a program whose path looks like a variable is followed", () => {
    const more = { "opt/A=1/vi": `#!/usr/bin/python3\n${SCRIPT}` };
    expect(read('#!/bin/sh\nexec /opt/A=1/vi "$@"\n', more).script).toBe("/opt/A=1/vi");
  });
});

describe("no Python script is", () => {
  it.each([
    ["one of IPython", `#!/usr/bin/ipython3\n${SCRIPT}`, "#!/usr/bin/ipython3"],
    ["one of a tool", `#!/usr/bin/python3-run\n${SCRIPT}`, "#!/usr/bin/python3-run"],
    ["one without #!", `# #!/usr/bin/python3\n${SCRIPT}`, "# #!/usr/bin/python3"],
    ["one with a long first line", `#!/usr/bin/${"x".repeat(200)}\n`, `#!/usr/bin/${"x".repeat(89)}`],
    ["one with spaces behind its first line", "#!/usr/bin/perl  \n", "#!/usr/bin/perl"],
    ["one of env without a name", `#!/usr/bin/env\n${SCRIPT}`, "#!/usr/bin/env"],
  ])("%s", (_, text, first) =>
    expect(read(text)).toMatchObject({
      path: "/usr/bin/virt-install",
      interpreter: null,
      folders: [],
      choice: null,
      met: `/usr/bin/virt-install begins with "${first}", and what it runs is not known`,
    }),
  );

  it("one with an empty first line", () =>
    expect(read(`\n#!/usr/bin/python3\n${SCRIPT}`).met).toBe("/usr/bin/virt-install has no first line"));

  it("a link's target is named where it has another name", () => {
    const perl = "#!/usr/bin/perl\n";
    expect(read("-> /opt/bin/virt-install", { "opt/bin/virt-install": perl }).met).toMatch(
      /^\/opt\/bin\/virt-install begins/,
    );
    expect(read("-> /opt/bin/other", { "opt/bin/other": perl }).met).toMatch(
      /^\/usr\/bin\/virt-install leads to \/opt\/bin\/other, which begins/,
    );
  });

  it.each([
    ["a relative path", "'bin/vi'"],
    ["nothing", ""],
    ["another command", "x 'bin/vi'"],
  ])("a binary that was made from %s", (_, command) => {
    const text = `${ELF}\nmakeCWrapper ${command}\n and makeCWrapper '/bin/vi'\n`;
    expect(read(text, { "bin/vi": `#!/usr/bin/python3\n${SCRIPT}` }).met).toBe(
      "/usr/bin/virt-install is a binary program",
    );
  });
});

describe("where a Python script's Python looks", () => {
  const own = (...lines: readonly string[]) => {
    const text = `#!/usr/bin/python3\n${lines.join("\n")}\n`;
    return read("-> /opt/own/virt-install", { "opt/own/virt-install": text }).folders;
  };

  it.each([
    ['sys.path.insert(0, "/a")', "/a"],
    ["sys.path.insert(0, '/a')", "/a"],
    ["    sys.path.insert( 0 , '/a' )  # why", "/a"],
    ['sys.path.insert(0,"/a")', "/a"],
    ['sys.path.insert(0, "lib")', "/opt/own/lib"],
  ])("%s: there first, then beside itself", (line, folder) => expect(own(line)).toEqual([folder, "/opt/own"]));

  it.each([
    'sys.path.insert(1, "/a")',
    '# sys.path.insert(0, "/a")',
    'sys.path.append("/a")',
    "sys.path.insert(0, folder)",
    'sys.path.insert(0, folder + "/a")',
    'sys.path.insert(0, "/a" + folder)',
    'sys.path.insert(0, "")',
    "sys.path.insert(0, __file__)",
    "sys.path.insert(0, os.path.dirname(other))",
    'sys.path.insert(0, os.path.join(folder, os.path.dirname("x")))',
    "sys.path.insert(0, other(os.path.abspath(__file__)))",
    "sysxpath.insert(0, '/a')",
  ])("%s: only beside itself", (line) => expect(own(line)).toEqual(["/opt/own"]));

  it.each([
    "os.path.dirname(__file__)",
    "os.path.abspath(os.path.dirname(__file__))",
    "os.path.dirname(os.path.abspath(__file__))",
    "os.path.dirname(os.path.realpath(__file__))",
  ])("%s is its own folder", (argument) => {
    expect(own('sys.path.insert(0, "/a")', `sys.path.insert(0, ${argument})`)).toEqual(["/opt/own", "/a", "/opt/own"]);
  });

  it("the first of them that holds a virtinst is the one that it uses", () => {
    const text = `#!/usr/bin/python3\n${SCRIPT}sys.path.insert(0, "/opt/empty")\n`;
    const { files } = host({ "usr/bin/virt-install": text, "opt/empty/x": "" });
    const program = readProgram("/usr/bin/virt-install", files);
    expect(program.folders).toEqual(["/opt/empty", PLACE, "/usr/bin"]);
    expect(usesFolder(program, PLACE, files)).toBe(true);
    expect(usesFolder(program, "/usr/share/virt-manager", files)).toBe(false);
    expect(usesFolder(NO_PROGRAM, PLACE, files)).toBe(false);
  });

  it("what was put first last comes first", () => {
    expect(own('sys.path.insert(0, "/a")', 'sys.path.insert(0, "/b")')).toEqual(["/b", "/a", "/opt/own"]);
  });

  it("and in the folders of its Python, where that is not the system's", () => {
    const libraries = {
      "srv/ve/lib/python3.11/x": "",
      "srv/ve/lib64/python3.11/x": "",
      "usr/lib/python3.11/x": "",
      "lib/python3.11/x": "",
    };
    const folders = (python: string) => read(`#!${python}\n`, libraries).folders;
    expect(folders("/srv/ve/bin/python3")).toEqual([
      "/usr/bin",
      "/srv/ve/lib/python3.11/site-packages",
      "/srv/ve/lib/python3.11/dist-packages",
      "/srv/ve/lib64/python3.11/site-packages",
      "/srv/ve/lib64/python3.11/dist-packages",
    ]);
    expect(folders("/usr/bin/python3")).toEqual(["/usr/bin"]);
    expect(folders("/usr/bin/env python3")).toEqual(["/usr/bin"]);
  });

  it("of all Pythons in a folder the newest is the first", () => {
    const base = temporaryFolder();
    const names = [
      "python3",
      "python3.9",
      "python3.12",
      "python2.7",
      "python4",
      "python3.x",
      "xpython3",
      "python3.9-x",
    ];
    for (const name of [...names, "python3.10.1"]) mkdirSync(join(base, "lib", name), { recursive: true });
    expect(siteFolders(["/lib", "/gone"], new HostFiles(base))).toEqual(
      ["python3.12", "python3.9", "python3", "python2.7"].flatMap((name) => [
        `/lib/${name}/site-packages`,
        `/lib/${name}/dist-packages`,
      ]),
    );
  });
});

describe("this machine's programs", () => {
  /** The programs that are found below a folder, which PATH names. */
  function programs(base: string, path: string | undefined) {
    vi.stubEnv("PATH", path);
    onTestFinished(() => void vi.unstubAllEnvs());
    return [...findPrograms(new HostFiles())]
      .map((program) => program.path ?? "")
      .filter((one) => one.startsWith(base));
  }
  function folders() {
    const base = temporaryFolder();
    for (const name of ["a", "b"]) {
      mkdirSync(join(base, name));
      writeFileSync(join(base, name, "virt-install"), `#!/usr/bin/python3\n${SCRIPT}`);
    }
    return base;
  }

  it("are those of PATH, in its order, each once", () => {
    const base = folders();
    expect(programs(base, `${base}/b:${base}/gone:${base}/a:${base}/b`)).toEqual([
      `${base}/b/virt-install`,
      `${base}/a/virt-install`,
    ]);
  });

  it("are known by their own path, unless a link gives them another name", () => {
    const base = folders();
    for (const name of ["c", "d"]) mkdirSync(join(base, name));
    symlinkSync("../a/virt-install", join(base, "c/virt-install"));
    writeFileSync(join(base, "many"), `#!/usr/bin/python3\n${SCRIPT}`);
    symlinkSync("../many", join(base, "d/virt-install"));
    expect(programs(base, `${base}/c:${base}/a:${base}/d`)).toEqual([
      `${base}/a/virt-install`,
      `${base}/d/virt-install`,
    ]);
  });

  it("are not those of a folder that PATH names from somewhere, nor of none", () => {
    const base = folders();
    expect(programs(base, `${base.slice(1)}/a:`)).toEqual([]);
    expect(programs(base, undefined)).toEqual([]);
  });

  it("are no matter for a mounted system", () => {
    const base = folders();
    vi.stubEnv("PATH", `${base}/a`);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { files } = host({ [`${base}/a/virt-install`]: `#!/usr/bin/python3\n${SCRIPT}` });
    expect([...findPrograms(files)]).toEqual([]);
    expect(findVirtinst(files).program).not.toContain(base);
  });
});

describe("Gentoo's python-exec", () => {
  const LINK = "-> ../lib/python-exec/python-exec2";
  const BOTH = {
    "usr/lib/python-exec/python-exec2": ELF,
    "usr/lib/python-exec/python3.9/virt-install": `#!/usr/bin/python3.9\n${SCRIPT}`,
    "usr/lib/python-exec/python3.11/virt-install": `#!/usr/bin/python3.11\n${SCRIPT}`,
  };
  const conf = (text: string) => ({ ...BOTH, "etc/python-exec/python-exec.conf": text });

  it("reads its configuration without spaces around a name", () => {
    expect(read(LINK, conf("  python3.9 \n"))).toMatchObject({ interpreter: "/usr/bin/python3.9", choice: null });
    expect(read(LINK, conf(" -python3.11 \n"))).toMatchObject({ interpreter: "/usr/bin/python3.9", choice: null });
  });

  it("runs none where all are forbidden", () => {
    expect(read(LINK, conf("-python3.11\n-python3.9\n"))).toMatchObject({
      path: "/usr/bin/virt-install",
      interpreter: null,
      met: "/usr/bin/virt-install leads to python-exec, which has no virt-install",
    });
  });

  it("is not every program in its folder", () => {
    const more = { ...BOTH, "usr/lib/python-exec/python-exec2c": ELF };
    expect(read("-> ../lib/python-exec/python-exec2c", more).met).toMatch(/python-exec2c, which is a binary program$/);
  });

  it("that leads back to itself is no way round", () => {
    const back = '#!/bin/sh\nexec /usr/bin/virt-install "$@"\n';
    const more = { "usr/lib/python-exec/python-exec2": ELF, "usr/lib/python-exec/python3.9/virt-install": back };
    const none = { path: "/usr/bin/virt-install", interpreter: null, script: null };
    expect(read(LINK, more)).toMatchObject(none);
    const link = { ...more, "usr/lib/python-exec/python3.9/virt-install": "-> ../python-exec2" };
    expect(read(LINK, link)).toMatchObject(none);
  });

  it("is followed behind four wrappers, as a script is", () => {
    const step = (to: string) => `#!/bin/sh\nexec ${to} "$@"\n`;
    const more = { ...BOTH, "opt/1": step("/opt/2"), "opt/2": step("/opt/3"), "opt/3": step("/opt/virt-install") };
    expect(
      read(step("/opt/1"), { ...more, "opt/virt-install": "-> /usr/lib/python-exec/python-exec2" }).interpreter,
    ).toBe("/usr/bin/python3.11");
  });
});
