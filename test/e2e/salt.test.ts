import { appendFileSync, existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built, HOST } from "../support/cli";
import { examples, programs, type } from "./support/examples";
import { type Host, makeHost } from "./support/host";
import { expectDone, makeFolder, must, undoAll } from "./support/machine";

const STATE = "virtinst_rbd_patch";

/** What Salt's default renderer makes of a file of states: Jinja, then YAML. Undefined names are errors, as in Salt. */
const RENDER = `import json, sys, jinja2, yaml
text = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(open(sys.argv[1]).read())
print(json.dumps(yaml.safe_load(text.render(grains={"id": sys.argv[2]}))))`;

/** What a state's function is given: a list of mappings with one key each. */
type Arguments = readonly Readonly<Record<string, unknown>>[];

let host: Host;
let pristine: { readonly bytes: Buffer; readonly time: Date };
let states: string;

beforeAll(() => {
  host = makeHost();
  pristine = { bytes: readFileSync(host.file), time: statSync(host.file).mtime };
  states = makeFolder();
  expectDone(built(["hook", "salt", ...HOST, "-o", states]));
});
afterAll(undoAll);

function render(name: "init" | "absent", minion = "hv01.example.com") {
  const text = must("/usr/bin/python3", ["-c", RENDER, join(states, STATE, `${name}.sls`), minion]);
  const low = JSON.parse(text) as Record<string, Record<string, Arguments>>;
  return Object.fromEntries(
    Object.entries(low).flatMap(([id, functions]) =>
      Object.entries(functions).map(([name, list]) => [`${name} ${id}`, Object.assign({}, ...list)]),
    ),
  );
}

/** What the command of a state is, and what Salt does with its answer: salt.states.cmd, "Using the stateful argument". */
function state(name: "init" | "absent", { test = false } = {}) {
  const [, command] = Object.entries(render(name)).find(([id]) => id.startsWith("cmd.run ")) ?? [];
  const [stateful] = command.stateful;
  const environment = command.env.flatMap((one: object) =>
    Object.entries(one).map(([key, value]) => `${key}='${value}'`),
  );
  const script = join(makeFolder(), "command");
  writeFileSync(script, test ? stateful.test_name : command.name);
  const { code, stdout, stderr } = host.sh(`env -i ${environment.join(" ")} ${command.shell} -c "$(cat '${script}')"`);
  // Nothing on standard output: no change, and standard error is the comment. Else all of it is one JSON object.
  const answer = stdout === "" ? { changed: false, comment: stderr } : JSON.parse(stdout);
  expect(typeof answer.changed).toBe("boolean");
  const done = code === 0;
  // With test=True a change that would be made has no result yet.
  return { result: done && test && answer.changed ? null : done, changes: answer.changed, comment: answer.comment };
}

/** An update of virt-manager brings its own file. */
function update(text = ""): void {
  writeFileSync(host.file, pristine.bytes);
  appendFileSync(host.file, text);
  utimesSync(host.file, pristine.time, pristine.time);
}

test.skip("not run: state.apply under Salt itself, since Debian 12 has no Salt", () => {});

test("the files are what Salt's documentation asks for", () => {
  expect(Object.entries(render("init"))).toEqual([
    [
      "file.managed virtinst_rbd_patch_program",
      {
        name: "/usr/local/sbin/rbd-patch.py",
        source: [`salt://${STATE}/hv01.example.com.py`, `salt://${STATE}/rbd-patch.py`],
        ...{ user: "root", group: "root", mode: "0755" },
      },
    ],
    [
      `cmd.run ${STATE}`,
      expect.objectContaining({
        stateful: [{ test_name: expect.any(String) }],
        require: [{ file: "virtinst_rbd_patch_program" }],
      }),
    ],
  ]);
  const absent = render("absent");
  expect(absent["file.absent virtinst_rbd_patch_program_absent"]).toEqual({
    name: "/usr/local/sbin/rbd-patch.py",
    require: [{ cmd: "virtinst_rbd_patch_absent" }],
  });
});

test("test=True shows and changes nothing, the program there or not; then it changes, and is silent", () => {
  const would = { result: null, changes: true, comment: "virtinst would be patched" };
  expect(state("init", { test: true })).toEqual(would);
  must("cp", [join(states, STATE, "rbd-patch.py"), host.program]);
  expect(state("init", { test: true })).toEqual(would);
  expect(readFileSync(host.file)).toEqual(pristine.bytes);
  const { mode } = statSync(host.file);

  const has = { result: true, changes: false, comment: "virtinst is patched, or needs no patch" };
  expect(state("init")).toEqual({ result: true, changes: true, comment: "virtinst was patched" });
  expect(host.sh("rbd-patch.py verify")).toMatchObject({ code: 0 });
  const patched = readFileSync(host.file);
  expect(state("init", { test: true })).toEqual(has);
  expect(state("init")).toEqual(has);
  update();
  expect(state("init")).toMatchObject({ result: true, changes: true });
  expect(readFileSync(host.file)).toEqual(patched);

  expect(state("absent", { test: true })).toMatchObject({ result: null, changes: true });
  expect(readFileSync(host.file)).toEqual(patched);
  expect(state("absent")).toEqual({
    result: true,
    changes: true,
    comment: "the patch was removed",
  });
  expect(readFileSync(host.file)).toEqual(pristine.bytes);
  expect(state("absent")).toMatchObject({ result: true, changes: false });
  expect(state("absent", { test: true })).toMatchObject({ result: true, changes: false });
  expect(statSync(host.file)).toMatchObject({ mtime: pristine.time, mode });
});

test("a file that cannot be patched fails with the program's words, and nothing is written", () => {
  update("# another line end\r\n");
  const strange = readFileSync(host.file);
  const failed = {
    result: false,
    changes: false,
    comment: expect.stringMatching(/cannot be patched; expected the same line end/),
  };
  expect(state("init", { test: true })).toEqual(failed);
  expect(state("init")).toEqual(failed);
  expect(readFileSync(host.file)).toEqual(strange);
  update();
});

test("blocks that cannot be taken out are said, and so is a program that is broken", () => {
  expect(state("init")).toMatchObject({ result: true });
  const patched = readFileSync(host.file, "utf8");
  writeFileSync(host.file, patched.replaceAll("# <<< virtinst-rbd-patch", "# gone"));
  const words = { result: false, changes: false, comment: expect.stringMatching(/^virtinst-rbd-patch: /) };
  for (const test of [true, false]) expect(state("absent", { test })).toEqual(words);
  update();
  writeFileSync(host.program, "#!/bin/sh\necho broken >&2\nexit 6\n");
  for (const test of [true, false])
    expect(state("init", { test })).toEqual({ result: false, changes: false, comment: "broken\n" });
});

test("without the program, or without virt-manager, absent has nothing to take out", () => {
  rmSync(host.program);
  for (const test of [true, false]) expect(state("absent", { test })).toMatchObject({ result: true, changes: false });
});

test("the examples of its page", () => {
  const cwd = makeFolder();
  const master = makeHost(["/srv"]);
  const path = programs(master.way);
  for (const example of examples("docs/salt.md")) expectDone(type(example, { path, cwd }), example);
  expect(master.sh(`ls /srv/salt/${STATE}`).stdout.split("\n")).toEqual(
    expect.arrayContaining(["absent.sls", "hv01.example.com.py", "init.sls", "rbd-patch.py"]),
  );
  expect(existsSync(`/srv/salt/${STATE}`)).toBe(false);
});
