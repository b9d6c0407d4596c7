import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ENGINES, type HookKind, renderHook, SCRIPT_IN } from "../../src/patch/render-hook";
import { TARGET_FILES } from "../../src/virtinst/find";
import { standInVirsh } from "../e2e/support/examples";
import { cli, HOST, json, shell, temporaryFolder } from "../support/cli";
import { standIns } from "../support/stand-ins";

const render = (kind: HookKind, pools = ["libvirtpool"], virtinst = "/usr/share/virt-manager") =>
  renderHook(kind, pools, virtinst, TARGET_FILES);
const KINDS = ENGINES.map((kind) => [kind, SCRIPT_IN[kind] === null ? [] : HOST] as const);

/** The files and directories below a directory, each with its mode. */
const modesIn = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => {
      const stat = statSync(join(folder, name));
      return [name, `${stat.isFile() ? "file" : "directory"} ${(stat.mode & 0o777).toString(8)}`];
    }),
  );

test("each directory below templates/hooks has a hook, and the help lists these kinds", async () => {
  expect(readdirSync("templates/hooks").sort()).toEqual([...ENGINES]);
  const { stdout } = await cli(["help", "hook"]);
  for (const kind of ENGINES) expect(stdout).toContain(`"${kind}"`);
});

describe.each(KINDS)("hook %s", (kind, source) => {
  test("writes all files, and the script unless each host gets its own", async () => {
    const folder = join(temporaryFolder(), "new", "folder");
    const { code, stdout, stderr } = await cli(["hook", kind, ...source, "-o", folder]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${folder}: the hook for ${kind}\n`, stderr: "" });
    const script = SCRIPT_IN[kind];
    const plain = render(kind).map(({ path }) => path);
    const files = Object.entries(modesIn(folder)).filter(([, what]) => what.startsWith("file"));
    expect(files.map(([name]) => name).sort()).toEqual([...plain, ...(script === null ? [] : [script])].sort());
    if (script !== null)
      expect(readFileSync(join(folder, script), "utf8")).toBe((await cli(["bundle", ...source])).stdout);
  });

  test("prints its files, as text or as JSON, without unfilled placeholders and with short lines", async () => {
    const files = render(kind);
    const { stdout } = await cli(["hook", kind, ...source]);
    for (const { content } of files) expect(stdout).toContain(content);
    expect(stdout).not.toMatch(/\{\{(plain|comment|#each|\/each)|^.{161}/m);
    expect(json((await cli(["hook", kind, ...source, "--json"])).stdout)).toMatchObject({
      ...{ command: "hook", kind, written: null },
      pools: source.length > 0 ? ["libvirtpool"] : [],
      files: expect.arrayContaining(files),
    });
  });
});

test("files and directories can be read by all users, with any umask", async () => {
  const folder = temporaryFolder();
  // A file of an earlier run may have another mode.
  mkdirSync(join(folder, "etc"));
  expect((await cli(["hook", "apt", ...HOST, "-o", folder])).code).toBe(0);
  chmodSync(join(folder, "etc/apt/apt.conf.d/90virtinst-rbd-patch"), 0o600);
  for (const kind of ["apt", "puppet"])
    expect(shell(`umask 077; tool hook ${kind} "$@"`, [...HOST, "-o", folder]).code).toBe(0);
  const modes = Object.entries(modesIn(folder)).filter(([name]) => !/^etc$|^etc\/apt$|apt\.conf\.d$/.test(name));
  for (const [name, mode] of modes)
    expect({ name, mode }).toEqual({
      name,
      mode: mode.startsWith("directory") ? "directory 755" : name.endsWith(".py") ? "file 755" : "file 644",
    });
  expect(modes.length).toBeGreaterThan(8);
});

test("a hook for the pools of one host reports that its script is bound to that host, and the options for many", async () => {
  const env = { PATH: standIns({ virsh: standInVirsh("hv01") }) };
  const { code, stderr } = await cli(["hook", "apt", "--connect", "qemu+ssh://hv01/system"], { env });
  expect(code).toBe(0);
  expect(stderr).toMatch(/^note: .* bound to host hv01 .* --pool-xml FILE --secret-xml FILE/m);
  expect((await cli(["hook", "apt", ...HOST])).stderr).toBe("");
});

test("a pool name is only in comments, on one line, and is not interpreted", () => {
  const name = "a\n# x\u2028{{ 7 }} $(id) `id` \"'\\ %i";
  for (const kind of ENGINES) {
    const lines = (pools: string[]) => render(kind, pools).map(({ content }) => content.split("\n").length);
    expect(lines([name])).toEqual(lines(["plain"]));
    for (const { content } of render(kind, [name])) expect(content).not.toMatch(/\$\(id\)|`id`|\{\{ 7/);
  }
  const generated = (...pools: string[]) => / for (.*)\.$/m.exec(render("apt", pools)[0]?.content ?? "")?.[1];
  expect([generated("a b"), generated("a", "\u{1f600}'")]).toEqual(["pool a b", "pools a, <1f600><27>"]);
});

test("a path that a shell could interpret is refused", () =>
  expect(() => render("puppet", [], "/opt/a'b")).toThrow(RangeError));

test("each line for dnf and yum has the fields of its documentation: the packages, their installation, the script", () => {
  const lines = (["dnf", "yum"] as const).flatMap((kind) =>
    render(kind).flatMap(({ content }) =>
      content.split("\n").flatMap((line) => (line === "" || line.startsWith("#") ? [] : { fields: line.split(":") })),
    ),
  );
  expect(lines.map(({ fields }) => fields.slice(0, -1).join(":"))).toEqual(
    ["post_transaction:NAME:in:enabled=host-only", "NAME:in", "NAME:install"].flatMap((when) =>
      ["virt-manager-common", "virt-install"].map((name) => when.replace("NAME", name)),
    ),
  );
  for (const { fields } of lines) expect(fields.at(-1)).toMatch(/^\/usr\/local\/sbin\/rbd-patch\.py apply( -q)?$/);
});

test("the command for apt applies the patch if virt-install is there, and never fails", () => {
  const bin = temporaryFolder();
  const write = (name: string, script: string) => writeFileSync(join(bin, name), script, { mode: 0o755 });
  const [, command = ""] = /"(.*)"/.exec(render("apt")[0]?.content ?? "") ?? [];
  const run = () =>
    spawnSync("/bin/sh", ["-c", command.replaceAll("/usr/local/sbin", bin)], { encoding: "utf8", env: { PATH: bin } });
  write("rbd-patch.py", '#!/bin/sh\necho "$*"; exit 6\n');
  expect(run()).toMatchObject({ status: 0, stdout: "" });
  write("virt-install", "");
  expect(run()).toMatchObject({ status: 0, stdout: "apply -q\n" });
});

test("hook ansible refuses pools, since the role reads them on each host", async () => {
  for (const option of ["--pool=x", "--root=/", "--host=x", "--connect=x"])
    expect(await cli(["hook", "ansible", option])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/hook ansible takes no pools: the role reads them on each host/),
    });
});
