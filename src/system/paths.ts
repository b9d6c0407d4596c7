import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { Failure, systemReason } from "../report/failure";

/**
 * Where a path of a host really is, with all symbolic links followed.
 *
 * @param path as the host sees it
 * @param root the folder that is the host's root; links in it never lead out of it, as under chroot
 * @returns a path for this process, or null where there is no such file
 */
export function locate(path: string, root = "/"): string | null {
  try {
    if (root === "/") return realpathSync.native(path);
    const base = realpathSync.native(root);
    let done = "/";
    let rest = resolve("/", path).split("/").filter(Boolean);
    for (let links = 0; rest.length > 0; ) {
      const next = join(done, rest.shift() as string);
      if (lstatSync(base + next).isSymbolicLink()) {
        if (++links > 40) return null;
        rest = [
          ...resolve(done, readlinkSync(base + next))
            .split("/")
            .filter(Boolean),
          ...rest,
        ];
        done = "/";
      } else done = next;
    }
    return join(base, done);
  } catch {
    return null;
  }
}

/** A path as the host itself names it, from one that `locate` returned. */
export function insideRoot(path: string, root: string): string {
  if (root === "/") return path;
  const base = realpathSync.native(root);
  return path.startsWith(`${base}/`) ? path.slice(base.length) : path;
}

/**
 * A file's text, one character a byte, if it is there and a regular file: a pipe or a device would never end.
 *
 * @param path as the host sees it
 * @param root the folder that is the host's root
 * @throws Failure (target) where it is there and may not be read
 */
export function readText(path: string, root = "/"): string | null {
  const found = locate(path, root);
  return found && isRegular(found) ? readFile(found, "target").toString("latin1") : null;
}

/** Whether a path is that of a regular file. */
export function isRegular(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The names in a folder, as the host sees it; none where it is no folder. */
export function listFolder(path: string, root = "/"): string[] {
  const found = locate(path, root);
  return found && statSync(found).isDirectory() ? readdirSync(found).sort() : [];
}

/**
 * Reads a file that must be there.
 *
 * @param kind what a failure counts as
 * @throws Failure where it cannot be read
 */
export function readFile(path: string, kind: "facts" | "target" | "io"): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Failure(
      kind,
      `${path} cannot be read: ${systemReason(error)}.`,
      `Check the path and the rights (ls -ld ${path}).`,
    );
  }
}
