// Debian 12 has no Salt: these tests render the states with its template engine, and run their commands as its
// documentation says.
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { built, HOST } from "../support/cli";
import { examples, makePrograms, runExample } from "./support/examples";
import { type Host, makeHost } from "./support/host";
import { expectDone, makeFolder, must, undoAll } from "./support/machine";

const STATE = "virtinst_rbd_patch";

/** Salt's default renderer: Jinja, then YAML. Undefined names are errors, as in Salt. */
const RENDER = `import json, sys, jinja2, yaml
text = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(open(sys.argv[1]).read())
print(json.dumps(yaml.safe_load(text.render(grains={"id": sys.argv[2]}))))`;

/** The arguments of a state function: a list of mappings with one key each. */
type Arguments = readonly Readonly<Record<string, unknown>>[];

let host: Host;
let states: string;

beforeAll(() => {
  host = makeHost();
  states = makeFolder();
  expectDone(built(["hook", "salt", ...HOST, "-o", states]));
});
afterAll(undoAll);

function render(name: "init" | "absent") {
  const text = must("/usr/bin/python3", ["-c", RENDER, join(states, STATE, `${name}.sls`), "hv01.example.com"]);
  const low = JSON.parse(text) as Record<string, Record<string, Arguments>>;
  return Object.fromEntries(
    Object.entries(low).flatMap(([id, functions]) =>
      Object.entries(functions).map(([name, list]) => [`${name} ${id}`, Object.assign({}, ...list)]),
    ),
  );
}

/** Runs the command of a state, and returns what Salt reports (salt.states.cmd, "Using the stateful argument"). */
function state(name: "init" | "absent", { test = false } = {}) {
  const [, command] = Object.entries(render(name)).find(([id]) => id.startsWith("cmd.run ")) ?? [];
  const environment = command.env.flatMap((one: object) =>
    Object.entries(one).map(([key, value]) => `${key}='${value}'`),
  );
  const script = join(makeFolder(), "command");
  writeFileSync(script, test ? command.stateful[0].test_name : command.name);
  const { code, stdout, stderr } = host.sh(`env -i ${environment.join(" ")} ${command.shell} -c "$(cat '${script}')"`);
  // Without output there was no change, and standard error is the comment. Otherwise the output is one JSON object.
  const { changed, comment } = stdout === "" ? { changed: false, comment: stderr } : JSON.parse(stdout);
  // With test=True, a change that would be made has no result yet.
  return { result: code === 0 && test && changed ? null : code === 0, changed, comment };
}
const both = (name: "init" | "absent") => [state(name, { test: true }), state(name)];

test.skip("state.apply under Salt itself (Debian 12 has no Salt)", () => {});

test("the states copy the script of the host or the common script, and run it afterwards", () => {
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
  expect(render("absent")["file.absent virtinst_rbd_patch_program_absent"]).toEqual({
    name: "/usr/local/sbin/rbd-patch.py",
    require: [{ cmd: "virtinst_rbd_patch_absent" }],
  });
});

test("with the Salt states, test=True changes nothing, a run patches, the next changes nothing, and absent restores the file", () => {
  const would = { result: null, changed: true, comment: "virtinst would be patched" };
  expect(state("init", { test: true })).toEqual(would);
  for (const one of both("absent")) expect(one).toMatchObject({ result: true, changed: false });
  must("cp", [join(states, STATE, "rbd-patch.py"), host.program]);
  expect(state("init", { test: true })).toEqual(would);
  expect(readFileSync(host.file)).toEqual(host.original.bytes);
  const { mode } = statSync(host.file);

  expect(state("init")).toEqual({ result: true, changed: true, comment: "virtinst was patched" });
  expect(host.sh("rbd-patch.py verify").code).toBe(0);
  const patched = readFileSync(host.file);
  const has = { result: true, changed: false, comment: "virtinst is patched, or needs no patch" };
  expect(both("init")).toEqual([has, has]);
  host.upgrade();
  expect(state("init")).toMatchObject({ result: true, changed: true });
  expect(readFileSync(host.file)).toEqual(patched);

  expect(state("absent", { test: true })).toMatchObject({ result: null, changed: true });
  expect(readFileSync(host.file)).toEqual(patched);
  expect(state("absent")).toEqual({ result: true, changed: true, comment: "the patch was removed" });
  expect(readFileSync(host.file)).toEqual(host.original.bytes);
  expect(statSync(host.file)).toMatchObject({ mtime: host.original.time, mode });
  for (const one of both("absent")) expect(one).toMatchObject({ result: true, changed: false });
});

test("with the Salt states, a file that cannot be patched stays unchanged, and a run fails with the message of the script", () => {
  const strange = host.upgrade("# another line end\r\n");
  const comment = expect.stringMatching(/cannot be patched; expected the same line end/);
  for (const one of both("init")) expect(one).toEqual({ result: false, changed: false, comment });
  expect(readFileSync(host.file)).toEqual(strange);
});

test("with the Salt states, absent fails for a patch with a lost marker, and a run fails for a script that is broken", () => {
  host.upgrade();
  expect(state("init").result).toBe(true);
  const patched = readFileSync(host.file, "utf8");
  writeFileSync(host.file, patched.replaceAll("# <<< virtinst-rbd-patch", "# gone"));
  const comment = expect.stringMatching(/^virtinst-rbd-patch: /);
  for (const one of both("absent")) expect(one).toEqual({ result: false, changed: false, comment });
  host.upgrade();
  writeFileSync(host.program, "#!/bin/sh\necho broken >&2\nexit 6\n");
  for (const one of both("init")) expect(one).toEqual({ result: false, changed: false, comment: "broken\n" });
});

test("the examples of docs/salt.md write the states to the master", () => {
  const master = makeHost(["/srv"]);
  const typed = { path: makePrograms(master.way), cwd: makeFolder() };
  for (const example of examples("docs/salt.md")) expectDone(runExample(example, typed), example);
  expect(master.sh(`ls /srv/salt/${STATE}`).stdout.split("\n")).toEqual(
    expect.arrayContaining(["absent.sls", "hv01.example.com.py", "init.sls", "rbd-patch.py"]),
  );
  expect(existsSync(`/srv/salt/${STATE}`)).toBe(false);
});
