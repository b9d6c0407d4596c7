import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { HostFiles } from "../../src/system/host-files";
import { temporaryFolder } from "./cli";

/** Where an unusual virtinst is, and a script that uses it. */
export const PLACE = "/opt/vm";
export const SCRIPT = `import sys\nsys.path.insert(0, "${PLACE}")\nfrom virtinst import virtinstall\n`;

/** A mounted system with these files; "-> " is a link, and a path that ends in "/" is a copy of a stand-in virtinst. */
export function system(texts: Readonly<Record<string, string>>) {
  const base = temporaryFolder();
  for (const [path, text] of Object.entries(texts)) {
    const full = join(base, path);
    mkdirSync(dirname(full), { recursive: true });
    if (path.endsWith("/")) cpSync(resolve("test/fixtures/virtinst", text), full, { recursive: true });
    else if (text.startsWith("-> ")) symlinkSync(text.slice(3), full);
    else writeFileSync(full, text);
  }
  return { base, files: new HostFiles(base) };
}

/** A mounted system with a virtinst in an unusual place and another in a usual one. */
export const host = (texts: Readonly<Record<string, string>>) =>
  system({ [`${PLACE}/`]: "installer-4.0", "usr/share/virt-manager/": "guest-1.4", ...texts });

/**
 * Writes a virt-install that runs a shell script. It is a Python script, as virt-install is: others are not run.
 *
 * @returns its path
 */
export function standInProgram(folder: string, script: string): string {
  const path = join(folder, "virt-install");
  writeFileSync(`${path}.sh`, `${script}\n`);
  const python = "import os, sys\nos.execv('/bin/sh', ['sh', sys.argv[0] + '.sh'] + sys.argv[1:])\n";
  writeFileSync(path, `#!/usr/bin/env python3\n${python}`, { mode: 0o755 });
  return path;
}
