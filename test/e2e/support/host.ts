import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { standInSsh, standInVirsh } from "./examples";
import { changedFiles, makeFolder, must, run, SHARE } from "./machine";

/** A host of the test's own: this machine, seen with folders of ours in the places that a hook changes. */
export interface Host {
  /** Its home folder, where ssh begins and scp ends. */
  readonly home: string;
  /** Its file with `_build_xml`, and its program, as they are seen from here. */
  readonly file: string;
  readonly program: string;
  /** Programs that stand for the way there, for `programs`: ssh, scp, and a virsh that knows one pool. */
  readonly way: Readonly<Record<string, string>>;
  /** Runs a line of sh there, as ssh does. */
  sh(line: string): ReturnType<typeof run>;
}

/**
 * Makes a host whose virtinst is a copy of Debian's, and whose /usr/local/sbin is empty. The machine's own stay as they
 * are: what runs there has a mount namespace of its own.
 *
 * @param binds more places with folders of their own
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
  return {
    home,
    file: join(own(SHARE), "virtinst/install/installer.py"),
    program: join(own("/usr/local/sbin"), "rbd-patch.py"),
    way: {
      ssh: standInSsh(`exec ${enter}`),
      scp: `#!/bin/bash\nto="\${@: -1}"\nexec cp "\${@:1:$#-1}" '${home}'/"\${to#*:}"\n`,
      virsh: standInVirsh(hostname()),
    },
    sh: (line) => run("sh", ["-c", `exec ${enter} "$1"`, "sh", line]),
  };
}
