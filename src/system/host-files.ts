import { lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { readFile } from "./read";

/** Where a file is, with all symbolic links followed. */
export interface Place {
  /** As the host sees it. */
  readonly inside: string;
  /** As this process sees it. */
  readonly outside: string;
}

/**
 * A host's file system: this machine's own, or what is mounted below a folder. It is made once, from `--root`; all the
 * paths that it takes are the host's, and links never lead out of it, as under chroot.
 */
export class HostFiles {
  /** Whether it is that of another system than the one that runs: an image, a chroot, a rescue mount. */
  readonly mounted: boolean;
  /** As it was given, for messages. */
  readonly #root: string;
  /** Where it begins, as a prefix of this process's paths; null where there is no such folder. */
  readonly #base: string | null;

  /** @param root the folder that is the host's root; none for this machine's own file system */
  constructor(root?: string) {
    this.mounted = root !== undefined;
    this.#root = root ?? "/";
    this.#base = real(this.#root)?.replace(/\/$/, "") ?? null;
  }

  /** Where a path really is, or null where there is no such file. */
  locate(path: string): Place | null {
    const base = this.#base;
    if (base === null) return null;
    const inside = base === "" ? real(path) : followed(path, base);
    return inside === null ? null : { inside, outside: inside === "/" ? base || "/" : base + inside };
  }

  /**
   * A file's text, one character a byte, if it is there and a regular file: a pipe or a device would never end.
   *
   * @throws Failure (target) where it is there and may not be read
   */
  readText(path: string): string | null {
    const found = this.locateFile(path);
    return found && readFile(found.outside, "target").toString("latin1");
  }

  /** Where a path really is, or null where there is no regular file. */
  locateFile(path: string): Place | null {
    const found = this.locate(path);
    return found && statSync(found.outside, { throwIfNoEntry: false })?.isFile() ? found : null;
  }

  /**
   * The names in a folder, sorted; none where it is no folder.
   *
   * @throws Error (of the system call) where it may not be read
   */
  list(path: string): string[] {
    const found = this.locate(path);
    return found && statSync(found.outside).isDirectory() ? readdirSync(found.outside).sort() : [];
  }

  /** A path for a message: how this process would reach it, links and all. */
  shown(path: string): string {
    return join(this.#root, path);
  }

  /** A path from the command line as the host sees it: either view of a mounted system is understood. */
  named(path: string): string {
    const whole = resolve(path);
    // As it was given, and as the tool names it.
    const root = [resolve(this.#root), this.#base].find((view) => view && `${whole}/`.startsWith(`${view}/`));
    return !root || root === "/" ? whole : whole.slice(root.length) || "/";
  }
}

function real(path: string): string | null {
  try {
    return realpathSync.native(path);
  } catch {
    return null;
  }
}

/** A path below a base, with links followed as under chroot, and the parent of a link's target as the kernel takes it. */
function followed(path: string, base: string): string | null {
  let done = "/";
  let rest = steps(path);
  try {
    for (let links = 0; rest.length > 0; ) {
      const next = join(done, rest.shift() as string);
      if (lstatSync(base + next).isSymbolicLink()) {
        if (++links > 40) return null;
        const target = readlinkSync(base + next);
        rest = [...steps(target), ...rest];
        if (target.startsWith("/")) done = "/";
      } else done = next;
    }
    return done;
  } catch {
    return null;
  }
}

function steps(path: string): string[] {
  return path.split("/").filter(Boolean);
}
