import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { standInSsh, standInVirsh } from "./examples";
import { changedFiles, INSTALLER, makeFolder, must, run, SHARE } from "./machine";

/** This machine with directories of the test in the places that a hook changes. */
export interface Host {
  /** The home directory, where ssh starts and where scp copies to. */
  readonly home: string;
  /** The file with `_build_xml` and the standalone script, as seen from here. */
  readonly file: string;
  readonly program: string;
  /** The content and the time of its file at the start. */
  readonly original: { readonly bytes: Buffer; readonly time: Date };
  /** For `programs`: an ssh and an scp to the host, and a virsh with one pool. */
  readonly way: Readonly<Record<string, string>>;
  /** Runs a line of sh on the host, as ssh does. */
  sh(line: string): ReturnType<typeof run>;
  /** Writes the original file again, as an upgrade of virt-manager does, with a text at its end; returns the content. */
  upgrade(text?: string): Buffer;
}

/**
 * Makes a host with a copy of Debian's virtinst and an empty /usr/local/sbin. Commands on it run in a mount namespace, so
 * that those of this machine do not change.
 *
 * @param binds more places with directories of the test
 */
export function makeHost(binds: readonly string[] = []): Host {
  if (changedFiles() !== "") throw new Error(`virtinst is not as its package has it:\n${changedFiles()}`);
  const base = makeFolder();
  const home = join(base, "home");
  const own = (place: string) => join(base, place);
  const places = [SHARE, "/usr/local/sbin", ...binds];
  for (const folder of [home, ...places.slice(1).map(own)]) mkdirSync(folder, { recursive: true });
  mkdirSync(join(base, "usr/share"), { recursive: true });
  must("cp", ["-a", SHARE, own(SHARE)]);
  const mounts = places.map((place) => `mount --bind '${own(place)}' '${place}'`).join(" && ");
  const enter = `unshare -m sh -c '${mounts.replaceAll("'", "'\\''")} && cd "$1" && exec sh -c "$2"' sh '${home}'`;
  const file = own(INSTALLER);
  const original = { bytes: readFileSync(file), time: statSync(file).mtime };
  return {
    ...{ home, file, original },
    program: join(own("/usr/local/sbin"), "rbd-patch.py"),
    way: {
      ssh: standInSsh(`exec ${enter}`),
      scp: `#!/bin/bash\nto="\${@: -1}"\nexec cp "\${@:1:$#-1}" '${home}'/"\${to#*:}"\n`,
      virsh: standInVirsh(hostname()),
    },
    sh: (line) => run("sh", ["-c", `exec ${enter} "$1"`, "sh", line]),
    upgrade: (text = "") => {
      writeFileSync(file, `${original.bytes}${text}`);
      utimesSync(file, original.time, original.time);
      return readFileSync(file);
    },
  };
}
