import { lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { isAbsent, readFile, unreadable } from "./read";

/** The path of a file, with all symbolic links followed. */
export interface Place {
  /** The path on the host. */
  readonly inside: string;
  /** The path for this process. */
  readonly outside: string;
}

/**
 * The file system of a host: that of this machine, or one that is mounted below a directory (`--root`). All arguments
 * are paths on the host. Symbolic links are followed inside the root and never lead out of the root, as with chroot.
 */
export class HostFiles {
  /** Whether the file system is not that of the running system, but an image, a chroot or a rescue mount. */
  readonly mounted: boolean;
  /** The root as given, for messages. */
  readonly #root: string;
  /** The root without symbolic links, as a prefix of paths; null if there is no such directory. */
  readonly #base: string | null;

  /** `root`: the root directory of the host, by default that of this machine; fails (io) if it cannot be read. */
  constructor(root?: string) {
    this.mounted = root !== undefined;
    this.#root = root ?? "/";
    this.#base = realDirectory(this.#root);
  }

  /** Follows all symbolic links of a path; null if there is no such file, fails (io) if a directory cannot be read. */
  locate(path: string): Place | null {
    if (this.#base === null) return null;
    try {
      return resolveBelow(this.#base, path);
    } catch (error) {
      if (isAbsent(error)) return null;
      throw unreadable(this.shown(path), "io", error);
    }
  }

  /** Like `locate`; null if the path is not a regular file. */
  locateFile(path: string): Place | null {
    const place = this.locate(path);
    return place && statSync(place.outside, { throwIfNoEntry: false })?.isFile() ? place : null;
  }

  /**
   * Reads a regular file; null if the path is something else: a pipe or a device may never end.
   *
   * @throws Failure (io) if the file cannot be read, or is larger than the limit
   */
  read(path: string, limit?: number): Buffer | null {
    const place = this.locateFile(path);
    try {
      return place && readFile(place.outside, limit);
    } catch (error) {
      throw unreadable(this.shown(path), "io", error);
    }
  }

  /** Reads a file as text, one character for each byte. */
  readText(path: string): string | null {
    return this.read(path)?.toString("latin1") ?? null;
  }

  /** The names in a directory, sorted; empty if the path is not a directory, fails (io) if it cannot be read. */
  list(path: string): string[] {
    const place = this.locate(path);
    try {
      return place && statSync(place.outside).isDirectory() ? readdirSync(place.outside).sort() : [];
    } catch (error) {
      throw unreadable(this.shown(path), "io", error);
    }
  }

  /** A path on the host as a path for this process, for messages; symbolic links are not followed. */
  shown(path: string): string {
    return join(this.#base === null ? this.#root : this.#base || "/", path);
  }

  /** Converts a path from the command line to a path on the host; it may begin with the root or not. */
  named(path: string): string {
    const whole = resolve(path);
    const root = [resolve(this.#root), this.#base].find((view) => view && `${whole}/`.startsWith(`${view}/`));
    return root ? whole.slice(root.length) || "/" : whole;
  }
}

/** A directory as a prefix of paths, without symbolic links; null if there is no such directory. */
function realDirectory(path: string): string | null {
  try {
    const real = realpathSync.native(path);
    return statSync(real).isDirectory() ? real.replace(/\/$/, "") : null;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw unreadable(path, "io", error);
  }
}

/** Follows a path below a base, step by step: an absolute link in an image must not leave the image. */
function resolveBelow(base: string, path: string): Place | null {
  const done: string[] = [];
  const rest = steps(path);
  for (let links = 0; rest.length > 0; ) {
    const step = rest.shift() as string;
    const here = [base, ...done, step].join("/");
    const stat = step === ".." ? null : lstatSync(here, { throwIfNoEntry: false });
    if (stat === undefined) return null;
    if (stat === null) done.pop();
    else if (stat.isSymbolicLink()) {
      // The limit of Linux.
      if (++links > 40) return null;
      const target = readlinkSync(here);
      if (target.startsWith("/")) done.length = 0;
      rest.unshift(...steps(target));
    } else done.push(step);
  }
  const inside = `/${done.join("/")}`;
  return { inside, outside: inside === "/" ? base || "/" : base + inside };
}

function steps(path: string): string[] {
  return path.split("/").filter((step) => step !== "" && step !== ".");
}
