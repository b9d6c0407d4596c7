// The bash completion, typed on a terminal.
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeFolder, must, undoAll } from "./support/machine";

const FILE = resolve("docs/virtinst-rbd-patch.bash");
/** The keys that insert all completions, and one. */
const [ALL, ONE] = ["\x1b*", "\t"];

let folder: string;
/** The current directory of the shell, which contains a file and a directory. */
let cwd: string;

beforeAll(() => {
  folder = makeFolder();
  mkdirSync(join(folder, "user/completions"), { recursive: true });
  cpSync(FILE, join(folder, "user/completions/virtinst-rbd-patch"));
  cwd = join(folder, "here");
  mkdirSync(join(cwd, "some dir"), { recursive: true });
  writeFileSync(join(cwd, "a file.patch"), "");
  // A virsh with pools whose names contain commands of a shell.
  mkdirSync(join(folder, "bin"));
  const names = ["libvirtpool", "$(touch oops)", "a b", "`touch oops`"];
  const virsh = `#!/bin/sh\ncat <<'END'\n${names.join("\n")}\nEND\n`;
  writeFileSync(join(folder, "bin/virsh"), virsh, { mode: 0o755 });
});

afterAll(undoAll);

describe.each([
  ["sourced in bash", () => [`source ${FILE}`]],
  [
    "loaded by bash-completion",
    () => [
      "export XDG_DATA_HOME=/nowhere",
      `BASH_COMPLETION_USER_DIR=${folder}/user`,
      "source /usr/share/bash-completion/bash_completion",
    ],
  ],
])("the completion, %s,", (_, load) => {
  /** The words that the shell reads from a line whose completions were inserted, without the tool's name. */
  const typed = (line: string, all = ALL): string[] => {
    const asked = {
      shell: ["/bin/bash", "--noprofile", "--norc", "-i"],
      before: ["bind 'set enable-bracketed-paste off'", ...load()],
      env: { PATH: `${folder}/bin:${process.env.PATH}` },
      line: `virtinst-rbd-patch ${line}`,
      ...{ cwd, all },
    };
    const typer = resolve("test/e2e/support/complete.py");
    const words = JSON.parse(must("python3", [typer], { input: JSON.stringify(asked) })) as string[];
    return words.slice(1).map((word) => word.replace(/\/$/, ""));
  };

  test("completes commands, options and kinds of hook", () => {
    expect(typed("app", ONE)).toEqual(["apply"]);
    expect(typed("verify --st", ONE)).toEqual(["verify", "--static"]);
    expect(typed("hook pup", ONE)).toEqual(["hook", "puppet"]);
  });

  test("completes files for an option or an argument that takes a file, and directories for one that takes these", () => {
    expect(typed("apply ")).toEqual(["apply", "a file.patch", "some dir"]);
    expect(typed("apply --host ")).toEqual(["apply", "--host", "a file.patch", "some dir"]);
    expect(typed("apply --root ")).toEqual(["apply", "--root", "some dir"]);
    expect(typed("apply --root=so", ONE)).toEqual(["apply", "--root=some dir"]);
  });

  test("completes the pools of libvirt, and runs nothing that a name contains", () => {
    expect(typed("apply --pool ")).toEqual(["apply", "--pool", "libvirtpool"]);
    expect(typed("verify --vol lib", ONE)).toEqual(["verify", "--vol", "libvirtpool"]);
    expect(existsSync(join(cwd, "oops"))).toBe(false);
  });
});
