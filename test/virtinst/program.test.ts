import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { HostFiles } from "../../src/system/host-files";
import { findVirtinst } from "../../src/virtinst/find";
import { findPrograms } from "../../src/virtinst/program";
import { choiceNotes, openTarget } from "../../src/virtinst/target";
import { temporaryFolder } from "../support/cli";
import { ELF, host, PLACE, SCRIPT } from "../support/programs";

/** What is found, and what is said of it, where virt-install is a text. */
function found(virtInstall: string, more: Readonly<Record<string, string>> = {}) {
  const { base, files } = host({ "usr/bin/virt-install": virtInstall, ...more });
  const { directory, program, interpreter } = findVirtinst(files);
  return { place: directory.inside, program, interpreter, notes: notes({ base, files }) };
}

function notes({ base, files }: ReturnType<typeof host>): string[] {
  return choiceNotes(openTarget({ files }, null), { files }).map((line) => line.replaceAll(base, ""));
}

/** The note that there are two virtinsts: which one is used is known. */
const FOLLOWED = expect.stringMatching(/^There are several virtinsts: \/opt\/vm was taken, for it is what/);

test.each([
  ["#!/usr/bin/python2 -tt", "/usr/bin/python2"],
  ["#!/usr/bin/python2.7", "/usr/bin/python2.7"],
  ["#!/usr/libexec/platform-python -s", "/usr/libexec/platform-python"],
  ["#!/usr/libexec/platform-python3.6 -s", "/usr/libexec/platform-python3.6"],
  ["#!/usr/bin/python3 -s", "/usr/bin/python3"],
  ["#! /usr/bin/python3", "/usr/bin/python3"],
  ["#!/usr/bin/env python3", "python3"],
  ["#!/usr/bin/env  python3", "python3"],
  ["#!/usr/bin/env\tpython3", "python3"],
  ["#!/usr/bin/env platform-python", "platform-python"],
  ["#!/usr/bin/env -S python3 -s", "python3"],
  ["#!/usr/bin/env -S  A=b  python3 -s", "python3"],
  ["#!/usr/bin/python3.11 -sP", "/usr/bin/python3.11"],
  ["#!/usr/local/bin/python3.13", "/usr/local/bin/python3.13"],
])("a first line %s is that of a Python", (line, interpreter) => {
  expect(found(`${line}\n${SCRIPT}`)).toEqual({
    place: PLACE,
    program: "/usr/bin/virt-install",
    interpreter,
    notes: [FOLLOWED],
  });
});

describe("a shell wrapper", () => {
  test.each([
    ["by its name", 'exec python3 /opt/vm/virt-install "$@"', "python3"],
    ["by its path", 'exec /usr/libexec/platform-python -s /opt/vm/virt-install "$@"', "/usr/libexec/platform-python"],
    ["in quotes", `exec "python3" '/opt/vm/virt-install' "$@"`, "python3"],
    ["in quotes that begin in a word", `exec /usr/bin/"python3" /opt/'vm'/virt-install "$@"`, "/usr/bin/python3"],
    ["with a backslash", 'exec python3 /opt/\\vm/virt-install "$@"', "python3"],
    ["in two lines", 'exec python3 \\\n  /opt/vm/virt-install \\\n  "$@"', "python3"],
    ["with a comment", `exec python3 /opt/vm/virt-install "$@" # don't fork`, "python3"],
    ["with variables", `LANG=C exec env -i A='b c' python3 -s /opt/vm/virt-install "$@"`, "python3"],
    ["with env alone", "exec env\nexec env python3 /opt/vm/virt-install", "python3"],
    ["behind one that gets the arguments too", '/opt/log "$@"\npython3 /opt/vm/virt-install "$@"', "python3"],
    ["behind one that gets none", 'python3 /opt/vm/virt-install "$@"\n/opt/log done', "python3"],
    ["before one that only sees its end", 'exec python3 /opt/vm/virt-install "$@"\n/opt/log "$@"', "python3"],
    ["after a redirection", 'exec 2> /dev/null\nexec python3 /opt/vm/virt-install "$@"', "python3"],
    ["without exec", 'PATH=/bin\npython3 /opt/vm/virt-install "$@"\n', "python3"],
    ["without exec, with quotes", `/usr/bin/logger "$0"\n"python3" "/opt/vm/virt-install" \${1+"$@"}`, "python3"],
  ])("that names a Python %s is followed", (_, lines, interpreter) => {
    expect(found(`#!/bin/sh\nset -e\n${lines}\n`)).toEqual({
      place: PLACE,
      program: "/usr/bin/virt-install",
      interpreter,
      notes: [FOLLOWED],
    });
  });

  test("is followed through four others, not more", () => {
    const chain = (last: number) =>
      Object.fromEntries(
        Array.from({ length: last }, (_, index) => [
          `opt/step${index + 1}`,
          index + 1 < last ? `#!/bin/sh\nexec /opt/step${index + 2} "$@"\n` : `#!/usr/bin/python3\n${SCRIPT}`,
        ]),
      );
    const first = '#!/bin/sh\nexec /opt/step1 "$@"\n';
    expect(found(first, chain(5))).toMatchObject({ place: PLACE, interpreter: "/usr/bin/python3" });
    expect(found(first, chain(6))).toMatchObject({
      place: "/usr/share/virt-manager",
      notes: [expect.stringContaining('/opt/step5 begins with "#!/bin/sh", and what it runs is not known')],
    });
  });

  test("that is the Python script itself, under a Python with a long path", () => {
    const text = `#!/bin/sh\n'''exec' /srv/long/bin/python3 "$0" "$@"\n' '''\n${SCRIPT}`;
    expect(found(text)).toMatchObject({ place: PLACE, interpreter: "/srv/long/bin/python3", notes: [FOLLOWED] });
  });

  test("of Nix is followed", () => {
    const hidden = "/nix/store/abc-virt-manager-4.1.0/bin/.virt-install-wrapped";
    const python = "/nix/store/def-python3-3.11.9/bin/python3.11";
    const wrapper = `#! /nix/store/ghi-bash-5.2/bin/bash -e\nexport PYTHONNOUSERSITE='true'\nexec -a "$0" "${hidden}"  "$@"\n`;
    expect(found(wrapper, { [hidden]: `#!${python}\n${SCRIPT}` })).toEqual({
      place: PLACE,
      program: "/usr/bin/virt-install",
      interpreter: python,
      notes: [FOLLOWED],
    });
  });
});

describe("a binary wrapper of Nix", () => {
  const hidden = "/nix/store/abc-virt-manager-4.1.0/bin/.virt-install-wrapped";
  const script = { [hidden]: `#!/nix/store/def-python3-3.11.9/bin/python3.11\n${SCRIPT}` };
  const binary = (command: string) =>
    `${ELF}\0return\0\n\n# The command:\n\nmakeCWrapper ${command}\n\n# end\n\0\0.text\0`;

  test.each([
    ["in quotes", `'${hidden}' \\\n    --inherit-argv0 \\\n    --set 'A' 'B'`],
    ["without", `${hidden} \\\n    --inherit-argv0`],
  ])("is followed by the command that it holds, %s", (_, command) => {
    expect(found(binary(command), script)).toMatchObject({
      place: PLACE,
      interpreter: "/nix/store/def-python3-3.11.9/bin/python3.11",
      notes: [FOLLOWED],
    });
  });

  test("that runs a Python with words of its own is not", () => {
    const { interpreter, notes } = found(
      binary(`'/nix/store/def/bin/python3' \\\n    --add-flags '${hidden}'`),
      script,
    );
    expect(interpreter).not.toBe("/nix/store/def/bin/python3");
    expect(notes).toEqual([expect.stringContaining("could not be told: /usr/bin/virt-install is a binary program.")]);
  });
});

describe("Gentoo's python-exec", () => {
  const LINKS = {
    "usr/lib/python-exec/python-exec2": "#!/usr/bin/python-exec2c\n# This is not the script\n",
    "usr/lib/python-exec/python3.9/virt-install": `#!/usr/bin/python3.9\n${SCRIPT}`,
    "usr/lib/python-exec/python3.11/virt-install": `#!/usr/bin/python3.11\n${SCRIPT}`,
    "usr/lib/python-exec/python3.12/other": "#!/usr/bin/python3.12\n",
    "usr/lib/python-exec/pypy3/virt-install": `#!/usr/bin/pypy3\n${SCRIPT}`,
  };
  const link = "-> ../lib/python-exec/python-exec2";
  const CHOICE =
    "/usr/bin/virt-install is started by python-exec, and neither EPYTHON nor /etc/python-exec says with which Python: of python3.11, python3.9 the first was taken. Name another with --python, its virtinst with --virtinst.";

  test.each([
    ["nothing says: the newest, and that is said", {}, "/usr/bin/python3.11", [CHOICE, FOLLOWED]],
    [
      "its configuration says",
      { "etc/python-exec/python-exec.conf": "# preferred\n\npython3.12\npython3.9\npython3.11\n" },
      "/usr/bin/python3.9",
      [FOLLOWED],
    ],
    [
      "the program's own says",
      {
        "etc/python-exec/python-exec.conf": "python3.11\n",
        "etc/python-exec/virt-install.conf": "python3.9\n",
      },
      "/usr/bin/python3.9",
      [FOLLOWED],
    ],
    [
      "all others are forbidden",
      { "etc/python-exec/python-exec.conf": "-python3.11\n" },
      "/usr/bin/python3.9",
      [FOLLOWED],
    ],
  ])("where %s", (_, configuration, interpreter, said) => {
    expect(found(link, { ...LINKS, ...configuration })).toEqual({
      place: PLACE,
      program: "/usr/bin/virt-install",
      interpreter,
      notes: said,
    });
  });

  test("where EPYTHON says, on this machine only", () => {
    vi.stubEnv("EPYTHON", "python3.9");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(found(link, LINKS).interpreter).toBe("/usr/bin/python3.11");
    const folder = temporaryFolder();
    const { base } = host(LINKS);
    symlinkSync(`${base}/usr/lib/python-exec/python-exec2`, join(folder, "virt-install"));
    vi.stubEnv("PATH", folder);
    const [first] = findPrograms(new HostFiles());
    expect(first).toMatchObject({ path: `${folder}/virt-install`, interpreter: "/usr/bin/python3.9", choice: null });
  });

  test("where it has no such program", () => {
    const { "usr/lib/python-exec/python-exec2": wrapper } = LINKS;
    expect(found(link, { "usr/lib/python-exec/python-exec2": wrapper }).notes).toEqual([
      expect.stringContaining(
        "could not be told: /usr/bin/virt-install leads to python-exec, which has no virt-install.",
      ),
    ]);
  });
});

describe("what cannot be followed is described", () => {
  const NEXT = "Name its folder with --virtinst, and the Python that runs it with --python.";
  test.each([
    ["a script", "#!/usr/bin/perl -w\nrun();\n", {}, 'begins with "#!/usr/bin/perl -w", and what it runs is not known'],
    ["a variable", '#!/bin/sh\nexec "$PYTHON" /opt/vm/virt-install "$@"\n', {}, 'begins with "#!/bin/sh", and what'],
    ["a binary", `${ELF}\nexec /opt/vm/virt-install\n`, {}, "/usr/bin/virt-install is a binary program"],
    ["an empty file", "", {}, "/usr/bin/virt-install has no first line"],
    ["a wrapper of nothing", '#!/bin/sh\nexec /opt/gone "$@"\n', {}, "there is no /opt/gone"],
    [
      "a wrapper of a binary",
      '#!/bin/sh\nexec /opt/jail "$@"\n',
      { "opt/jail": ELF },
      "could not be told: /opt/jail is a binary program",
    ],
    [
      "a link to a program of many names",
      "-> jail",
      { "usr/bin/jail": ELF },
      "which virtinst /usr/bin/virt-install uses could not be told: /usr/bin/virt-install leads to /usr/bin/jail, which is a binary program",
    ],
  ])("%s", (_, virtInstall, more, description) => {
    const { place, notes } = found(virtInstall, more);
    expect(place).toBe("/usr/share/virt-manager");
    expect(notes).toEqual([expect.stringContaining(description)]);
    expect(notes[0]?.endsWith(`. ${NEXT}`)).toBe(true);
  });

  test("a Python script that names no folder, whose Python is known", () => {
    expect(found("#!/usr/bin/python3\nimport virtinst\n").notes).toEqual([
      "/usr/share/virt-manager was taken, but which virtinst /usr/bin/virt-install uses could not be told: /usr/bin/virt-install, a Python program, names no folder that holds one. Name its folder with --virtinst.",
    ]);
  });

  test("without an end to its quotes, in no time", () => {
    const text = `#!/bin/sh\nexec ${`"'\\`.repeat(20_000)}\n`;
    const begin = performance.now();
    expect(found(text).notes).toEqual([expect.stringContaining("and what it runs is not known")]);
    expect(performance.now() - begin).toBeLessThan(2000);
  });
});
