import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Ajv, { type ValidateFunction } from "ajv";
import { describe, expect, inject, onTestFinished } from "vitest";
import { main } from "../../src/cli";
import { DESCRIPTORS } from "../../src/output/streams";
import { blockDigest, stripPatch } from "../../src/patch/strip";
import { pythonMajor, TARGET_FILES } from "../../src/virtinst/find";

/** The built tool: what a user runs. */
export const TOOL = resolve("dist/virtinst-rbd-patch.js");

/** The Node that it is run with: `NODE_UNDER_TEST` names another, such as 16. */
export const NODE = process.env.NODE_UNDER_TEST ?? process.execPath;

/** What a run of the tool gave. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the tool in this process, which takes a tenth of the time of `built`.
 *
 * @param cwd the current directory; this process changes to it for the run
 */
export async function cli(
  args: readonly string[],
  { cwd, env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  if (isRunning) throw new Error("await the run before this one");
  isRunning = true;
  const before = { argv: process.argv, cwd: process.cwd(), env: { ...process.env }, ...DESCRIPTORS };
  const folder = fs.mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-test-"));
  const outputs = ["stdout", "stderr"].map((name) => join(folder, name));
  const files = outputs.map((path) => fs.openSync(path, "w"));
  [DESCRIPTORS.stdout, DESCRIPTORS.stderr] = files as [number, number];
  process.argv = [NODE, TOOL, ...args];
  Object.assign(process.env, { NO_COLOR: "1", ...env });
  if (cwd !== undefined) process.chdir(cwd);
  try {
    const code = await main(args);
    const [stdout = "", stderr = ""] = outputs.map((path) => fs.readFileSync(path, "utf8"));
    return { code, stdout, stderr };
  } finally {
    if (cwd !== undefined) process.chdir(before.cwd);
    process.argv = before.argv;
    for (const name of Object.keys(process.env)) if (!(name in before.env)) delete process.env[name];
    Object.assign(process.env, before.env);
    Object.assign(DESCRIPTORS, { stdout: before.stdout, stderr: before.stderr });
    files.forEach(fs.closeSync);
    // A run that replaced a file leaves handlers, which would print when vitest ends this process.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeAllListeners(signal);
    fs.rmSync(folder, { recursive: true });
    isRunning = false;
  }
}
let isRunning = false;

/** Runs the built tool in a process of its own. */
export function built(
  args: readonly string[],
  { cwd, env, input, tool = TOOL }: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string; tool?: string } = {},
): Ran {
  const { status, stdout, stderr, error } = spawnSync(NODE, [tool, ...args], {
    cwd,
    input,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", ...env },
  });
  if (error) throw error;
  return { code: status, stdout, stderr };
}

/** Runs a line of bash in which `tool` is the built tool; the words are its "$@". */
export function shell(line: string, words: readonly string[] = []): Ran {
  const { status, stdout, stderr, error } = spawnSync(
    "bash",
    ["-c", `tool() { "$NODE" "$TOOL" "$@"; }\n${line}`, "bash", ...words],
    { encoding: "utf8", env: { ...process.env, NO_COLOR: "1", NODE, TOOL } },
  );
  if (error) throw error;
  return { code: status, stdout, stderr };
}

/** A new folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-test-"));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits until a program has made this file, and what it printed before was read. */
export async function whenMade(path: string): Promise<void> {
  while (!fs.existsSync(path)) await sleep(20);
  await sleep(20);
}

/** A new file in a folder of its own, which is removed when the test ends. */
export function temporaryFile(name: string, content: string | Buffer): string {
  const path = join(temporaryFolder(), name);
  fs.writeFileSync(path, content);
  return path;
}

/** The host configuration of the sample host, as XML files. */
export const FIXTURES = resolve("test/fixtures/host");

/** The UUID of its secret. */
export const UUID = "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1";

const poolXml = (name: string) => `--pool-xml=${FIXTURES}/pool-${name}.xml`;
const secretXml = (name: string) => `--secret-xml=${FIXTURES}/secret-${name}.xml`;

/** Options that name the sample host: one pool by usage, its secret. */
export const HOST = [poolXml("usage"), secretXml("usage")];

/** Options that name a host whose one pool names its secret by uuid, so that a newer virtinst needs no patch. */
export const HOST_BY_UUID = [poolXml("uuid"), secretXml("uuid")];

/** Options that name a host with both pools. */
export const HOST_TWO = [poolXml("usage"), poolXml("uuid"), secretXml("usage"), secretXml("uuid")];

/** Options that name libvirt pools of one Ceph pool on one monitor, by name, with their users; all by usage. */
export function poolsOfUsers(users: Readonly<Record<string, readonly [username: string, secret: string]>>): string[] {
  const files = Object.entries(users).map(([name, [username, secret]]) => {
    const auth = `<auth type='ceph' username='${username}'><secret usage='client.${secret} secret'/></auth>`;
    const source = `<source><host name='192.0.2.11' port='6789'/><name>vms</name>${auth}</source>`;
    return `--pool-xml=${temporaryFile(`${name}.xml`, `<pool type='rbd'><name>${name}</name>${source}</pool>`)}`;
  });
  return [...files, secretXml("usage"), secretXml("uuid")];
}

/** A stand-in virtinst below test/fixtures/virtinst. */
export interface StandIn {
  readonly name: string;
  /** The file with `_build_xml`, relative to its directory. */
  readonly file: string;
  readonly python: 2 | 3;
}

/** One stand-in for each variant of `_build_xml` that releases have, oldest first. */
export const STAND_INS: readonly StandIn[] = "guest-1.0 guest-1.4 installer-2.0 installer-2.2 installer-4.0"
  .split(" ")
  .map((name) => {
    const file = TARGET_FILES.find((one) => fs.existsSync(resolve("test/fixtures/virtinst", name, one)));
    if (!file) throw new Error(name);
    return { name, file, python: pythonMajor(file) };
  });

/** A copy of a stand-in virtinst (`guest-1.0`, …), in a folder that is removed when the test ends. */
export function copyVirtinst(layout: string): string {
  const folder = join(temporaryFolder(), layout);
  fs.cpSync(resolve("test/fixtures/virtinst", layout), folder, { recursive: true });
  return folder;
}

/** The layout for tests that do not depend on the layout. It needs no Python 2. */
export const PLAIN = "installer-4.0";

/** A copy of a stand-in virtinst, its file with `_build_xml`, and the options that name it and the sample host. */
export function target(layout: string) {
  const folder = copyVirtinst(layout);
  const standIn = STAND_INS.find(({ name }) => name === layout);
  if (!standIn) throw new Error(layout);
  const path = join(folder, standIn.file);
  fs.utimesSync(path, 1400000000, 1400000000);
  const options = [...HOST, "--virtinst", folder];
  return {
    folder,
    path,
    standIn,
    options,
    pristine: fs.readFileSync(path),
    read: () => fs.readFileSync(path, "utf8"),
    edit: (from: string | RegExp, to: string | ((...match: string[]) => string)) =>
      fs.writeFileSync(path, fs.readFileSync(path, "utf8").replace(from, to as string)),
  };
}

/** A root directory with a virtinst, and the files of libvirt on the sample host, including the value of a secret. */
export function image(): string {
  const base = temporaryFolder();
  const libvirt = join(base, "etc/libvirt");
  fs.cpSync(resolve("test/fixtures/virtinst", PLAIN), join(base, "usr/share/virt-manager"), { recursive: true });
  for (const folder of ["storage", "secrets"]) fs.mkdirSync(join(libvirt, folder), { recursive: true });
  fs.cpSync(`${FIXTURES}/pool-usage.xml`, join(libvirt, "storage/libvirtpool.xml"));
  fs.cpSync(`${FIXTURES}/secret-usage.xml`, join(libvirt, `secrets/${UUID}.xml`));
  fs.writeFileSync(join(libvirt, `secrets/${UUID}.base64`), "VkFMVUU=");
  fs.writeFileSync(join(base, "etc/hostname"), "golden\n");
  return base;
}

/** A patched text whose patch was edited, with a digest that fits again. */
export function withFittingDigest(text: string): string {
  const stripped = stripPatch(text);
  if (stripped.state !== "patched") throw new Error(stripped.state);
  const [call = "", block = ""] = stripped.patch.spans.map(({ from, to }) => text.slice(from, to));
  const fitting = text.replace(/^# block: sha256=.*$/m, `# block: sha256=${blockDigest(call, block)}`);
  expect(stripPatch(fitting)).toMatchObject({ state: "patched", patch: { intact: true } });
  return fitting;
}

/** What `--json` printed. */
export function json(stdout: string) {
  const result = JSON.parse(stdout);
  const name = result.error ? "error" : result.command;
  schemas[name] ??= new Ajv({ strict: false }).compile(
    JSON.parse(fs.readFileSync(`schema/${name}-1.schema.json`, "utf8")),
  );
  expect(schemas[name](result), JSON.stringify(schemas[name].errors)).toBe(true);
  return result;
}
const schemas: Record<string, ValidateFunction> = {};

/** Whether this machine has the Python of virt-manager 1.x. */
export const HAS_PYTHON2 = inject("interpreters").some(({ version, path }) => version === "2.7" && path !== null);

/** Tests for each layout. The title contains Python 2.7 if a test needs it: the gate runs these again. */
export function eachLayout(tests: (standIn: StandIn) => void): void {
  for (const standIn of STAND_INS)
    if (standIn.python === 2)
      describe.skipIf(!HAS_PYTHON2)(`for the layout ${standIn.name} (Python 2.7),`, () => tests(standIn));
    else describe(`for the layout ${standIn.name},`, () => tests(standIn));
}

/** Generates a standalone script, by default in a folder that is removed when the test ends; returns its path. */
export function makeBundle(pools: readonly string[] = HOST, path = join(temporaryFolder(), "standalone.py")): string {
  const { code, stderr } = built(["bundle", ...pools, "-o", path]);
  if (code !== 0) throw new Error(stderr);
  return path;
}
