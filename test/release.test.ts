import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { changesOf } from "../scripts/changelog.mjs";
import { TOOL, temporaryFolder } from "./support/cli";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));

function release(words: readonly string[], cwd = ".", env: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [resolve("scripts/release.mjs"), ...words], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
}

/** A snapshot in a new folder. */
function snapshot(env: NodeJS.ProcessEnv = {}): string {
  const folder = join(temporaryFolder(), "release");
  const { status, stderr } = release(["--snapshot", folder], ".", env);
  expect(status, stderr).toBe(0);
  return folder;
}

/** The packages that the sources name. */
function imported(): string[] {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const imports = files.flatMap((file) => [
    ...readFileSync(join("src", file), "utf8").matchAll(/^import (?!type).*from "([^"]+)"|\bimport\("([^"]+)"\)/gm),
  ]);
  const names = imports.map(([, one, other]) => (one ?? other) as string);
  return [...new Set(names.filter((name) => /^(@\w+\/)?[\w-]+$/.test(name)))];
}

describe("npm run release", () => {
  test("writes the published files, with checksums, licences and an SBOM", () => {
    const folder = snapshot();
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    const sums = spawnSync("sha256sum", ["--strict", "-c", "SHA256SUMS"], { cwd: folder, encoding: "utf8" });
    expect(sums.status, sums.stderr).toBe(0);
    const names = readdirSync(folder).filter((name) => name !== "SHA256SUMS");
    expect(sums.stdout).toBe(names.map((name) => `${name}: OK\n`).join(""));
    expect(names).toEqual(expect.arrayContaining(["LICENSES", "NOTES.md", "sbom.cdx.json", "virtinst-rbd-patch"]));

    const tool = join(folder, "virtinst-rbd-patch");
    expect(readFileSync(tool).equals(readFileSync(TOOL))).toBe(true);
    expect(statSync(tool).mode & 0o777).toBe(0o755);
    expect(spawnSync(tool, ["--help"]).status).toBe(0);

    const { bomFormat, metadata, components } = JSON.parse(read("sbom.cdx.json"));
    expect(bomFormat).toBe("CycloneDX");
    expect(metadata.component).toMatchObject({ name: "virtinst-rbd-patch", version });
    expect(read("SHA256SUMS")).toContain(metadata.component.hashes[0].content);
    const bundled = components.map(({ name }: { name: string }) => name);
    expect(imported().length).toBeGreaterThan(4);
    expect(bundled).toEqual(expect.arrayContaining([...imported(), "handlebars"]));
    // Packages that only build and test are not in it.
    for (const name of ["esbuild", "vitest", "typescript"]) expect(bundled).not.toContain(name);

    const licences = read("LICENSES");
    expect(licences).toContain(readFileSync("LICENSE", "utf8").trim());
    for (const { name, version } of components) {
      const [file] = readdirSync(`node_modules/${name}`).filter((one) => /^licen[cs]e/i.test(one));
      expect(licences).toContain(`\n${name} ${version} (`);
      expect(licences).toContain(readFileSync(`node_modules/${name}/${file}`, "utf8").trim());
    }

    const { released, changes } = changesOf(readFileSync("CHANGELOG.md", "utf8"), version) ?? {};
    const [title, , first] = read("NOTES.md").split("\n");
    expect(title).toBe(`# virtinst-rbd-patch ${version}${released ? "" : " (not released)"}`);
    expect(changes?.startsWith(first as string)).toBe(true);
    for (const [, target] of read("NOTES.md").matchAll(/\]\(([^)]*)\)/g)) expect(target).toMatch(/^https:/);

    // A second release elsewhere has the same bytes, and no path of this machine.
    const again = snapshot({ TZ: "Asia/Tokyo", LANG: "C", HOME: temporaryFolder() });
    for (const name of [...names, "SHA256SUMS"])
      expect(readFileSync(join(again, name), "utf8") === read(name), name).toBe(true);
    for (const name of names)
      for (const trace of [resolve("."), folder]) expect(read(name).includes(trace), name).toBe(false);
  });

  test("is refused for a version that the changelog does not call released", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "package.json"), '{ "version": "2.0.0" }\n');
    const refused = (changelog: string) => {
      writeFileSync(join(folder, "CHANGELOG.md"), changelog);
      const { status, stdout, stderr } = release([], folder);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(existsSync(join(folder, "release"))).toBe(false);
      return stderr;
    };
    expect(refused("## 2.0.0 (unreleased)\n\n- x\n")).toMatch(/^CHANGELOG\.md calls 2\.0\.0 unreleased\. .*\n$/);
    expect(refused("## 12.0.0 (2026-01-01)\n\n## 2.0.0-rc1\n")).toMatch(/^CHANGELOG\.md has no section .*\n$/);
  });

  test("does not write into a directory that exists", () => {
    const folder = temporaryFolder();
    const { status, stderr } = release(["--snapshot", folder]);
    expect(stderr).toMatch(/cannot be created .*Name a new directory\.\n$/);
    expect(status).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("the changelog's section of a version ends where the next begins", () => {
  const changelog = "# Changelog\n\n## 2.0.0 (unreleased)\n\n- b\n\n## 1.0.0 (2026-01-02)\n\n- a\n  ## a\n";
  expect(changesOf(changelog, "2.0.0")).toEqual({ released: false, changes: "- b" });
  expect(changesOf(changelog, "1.0.0")).toEqual({ released: true, changes: "- a\n  ## a" });
  expect(changesOf(changelog, "1.0")).toBe(null);
});

test("the npm package contains every file that its pages link to", () => {
  const { stdout } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { encoding: "utf8" });
  const packed: string[] = JSON.parse(stdout)[0].files.map(({ path }: { path: string }) => path);
  expect(packed).toEqual(expect.arrayContaining(["LICENSE", "dist/LICENSES", "dist/virtinst-rbd-patch.js"]));
  const links = packed
    .filter((path) => path.endsWith(".md"))
    .flatMap((page) =>
      [...readFileSync(page, "utf8").matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, link]) => link as string)
        .filter((link) => !/^(https:|#)/.test(link))
        .map((link) => ({ page, link, path: normalize(join(dirname(page), link.replace(/#.*/, ""))) })),
    );
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter(({ path }) => !packed.some((file) => file === path || file.startsWith(`${path}/`)))).toEqual([]);
});
