// What the standalone script does by itself, and under each Python.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Both, bundleOf, eachPython, spawn } from "../support/both";
import { cli, image, temporaryFolder } from "../support/cli";

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
  // The pipe is full before the script writes; it is seen to wait, for at most 2 seconds, before the signal comes.
  const line = `{ echo $BASHPID > "$3"; head -c 65536 /dev/zero; exec "$1" "$2" --version; } | sleep 20 >&- 2>&- &
reader=$!
for n in $(seq 100); do grep -qs pipe "/proc/$(cat "$3")/wchan" && break; sleep 0.02; done
kill -TERM $(cat "$3")
for n in $(seq 100); do kill -0 $(cat "$3") 2>&- || { echo ended; break; }; sleep 0.02; done
kill $reader`;
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
