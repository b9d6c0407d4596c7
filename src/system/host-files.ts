import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { below, Folder, isAbsent, itself, O_PATH, openRoot } from "./folder";
import { readDescriptor, refuseSecret, unreadable } from "./read";

/** Where a file is, with all symbolic links followed. */
export interface Place {
  /** As the host sees it. */
  readonly inside: string;
  /** As this process sees it, for messages: by the time that it is used, it may lead elsewhere. */
  readonly outside: string;
}

/**
 * A host's file system: this machine's own, or what is mounted below a folder. It is made once, from `--root`; all the
 * paths that it takes are the host's, and links never lead out of it, as under chroot.
 *
 * Who acts inside a mounted system may swap a folder for a link at any time. So each step of a path is opened below the
 * one before, and what was found is read through its own descriptor.
 */
export class HostFiles {
  /** Whether it is that of another system than the one that runs: an image, a chroot, a rescue mount. */
  readonly mounted: boolean;
  /** As it was given, for messages. */
  readonly #root: string;
  /** Where it begins, as a prefix of this process's paths; null where there is no such folder. */
  readonly #base: string | null;
  /** The same, held open. */
  readonly #descriptor: number | null;

  /**
   * @param root the folder that is the host's root; none for this machine's own file system
   * @throws Failure (io) where it cannot be opened
   */
  constructor(root?: string) {
    this.mounted = root !== undefined;
    this.#root = root ?? "/";
    this.#descriptor = openRoot(this.#root);
    this.#base = this.#descriptor === null ? null : realpathSync.native(this.#root).replace(/\/$/, "");
  }

  /**
   * Where a path really is, or null where there is no such file.
   *
   * @throws Failure (io) where that cannot be told
   */
  locate(path: string): Place | null {
    return this.#follow(path, (_, inside) => this.#place(inside));
  }

  /** Where a path really is, or null where there is no regular file. */
  locateFile(path: string): Place | null {
    return this.#follow(path, (descriptor, inside) => (fstatSync(descriptor).isFile() ? this.#place(inside) : null));
  }

  /**
   * A file's bytes, if it is there and a regular file: a pipe or a device would never end.
   *
   * @param limit the most that it may hold, in bytes
   * @throws Failure (io) where it is there and may not be read, or holds more
   */
  read(path: string, limit?: number): Buffer | null {
    return this.#follow(path, (descriptor, inside) => {
      if (!fstatSync(descriptor).isFile()) return null;
      refuseSecret(inside);
      const readable = openSync(itself(descriptor), constants.O_RDONLY);
      try {
        return readDescriptor(readable, limit);
      } finally {
        closeSync(readable);
      }
    });
  }

  /** A file's text, one character a byte. */
  readText(path: string): string | null {
    return this.read(path)?.toString("latin1") ?? null;
  }

  /**
   * The names in a folder, sorted; none where it is no folder.
   *
   * @throws Failure (io) where it may not be read
   */
  list(path: string): string[] {
    const names = this.#follow(path, (descriptor) =>
      fstatSync(descriptor).isDirectory() ? readdirSync(itself(descriptor)).sort() : [],
    );
    return names ?? [];
  }

  /**
   * Opens a folder to work in.
   *
   * @param inside its path without links, as `locate` gave it
   * @throws Failure (io) where it cannot be opened, or is behind a link by now
   */
  hold(inside: string): Folder {
    if (this.#descriptor === null) throw new RangeError("what is not there has no folders");
    return new Folder(this.#descriptor, steps(inside), this.#place(inside).outside);
  }

  /** A path for a message: how this process would reach it, links and all. */
  shown(path: string): string {
    return join(this.#base === null ? this.#root : this.#base || "/", path);
  }

  /** A path from the command line as the host sees it: either view of a mounted system is understood. */
  named(path: string): string {
    const whole = resolve(path);
    // As it was given, and as the tool names it.
    const root = [resolve(this.#root), this.#base].find((view) => view && `${whole}/`.startsWith(`${view}/`));
    return root ? whole.slice(root.length) || "/" : whole;
  }

  #place(inside: string): Place {
    return { inside, outside: inside === "/" ? this.#base || "/" : this.#base + inside };
  }

  /**
   * Follows a path, with links as under chroot, and the parent of a link's target as the kernel takes it.
   *
   * @param use what to do with what is there: its descriptor (O_PATH) and its path without links
   * @returns what that returned; null where there is nothing
   * @throws Failure (io) where that cannot be told, or cannot be used
   */
  #follow<T>(path: string, use: (descriptor: number, inside: string) => T): T | null {
    const root = this.#descriptor;
    if (root === null || (!this.mounted && isMissing(path))) return null;
    const trail: { readonly name: string; readonly descriptor: number }[] = [];
    const leave = (from: number) => {
      for (const { descriptor } of trail.splice(from)) closeSync(descriptor);
    };
    const here = () => trail[trail.length - 1]?.descriptor ?? root;
    try {
      let links = 0;
      for (let rest = steps(path); rest.length > 0; ) {
        const [name, ...further] = rest as [string, ...string[]];
        rest = further;
        if (name === "..") leave(trail.length - 1);
        else {
          const descriptor = openSync(below(here(), name), O_PATH | constants.O_NOFOLLOW);
          trail.push({ name, descriptor });
          if (!fstatSync(descriptor).isSymbolicLink()) continue;
          leave(trail.length - 1);
          if (++links > 40) return null;
          const target = readlinkSync(below(here(), name));
          if (target.startsWith("/")) leave(0);
          rest = [...steps(target), ...rest];
        }
      }
      return use(here(), `/${trail.map(({ name }) => name).join("/")}`);
    } catch (error) {
      if (isAbsent(error)) return null;
      throw unreadable(this.shown(path), "io", error);
    } finally {
      leave(0);
    }
  }
}

/** Whether this machine's kernel knows at once that there is nothing: an exception takes longer than all of its answer. */
function isMissing(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    // What is wrong there is said by who follows the path.
    return false;
  }
}

function steps(path: string): string[] {
  return path.split("/").filter((step) => step !== "" && step !== ".");
}
