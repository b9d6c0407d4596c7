import { closeSync, constants, fsyncSync, linkSync, openSync, renameSync, writeSync } from "node:fs";
import { Failure, systemReason } from "../failure";
import { copyAttributes } from "./attributes";
import { type Folder, identify, itself, modifiedTime, type ReadFile, release, sameFile, sameRights } from "./folder";
import { removed, temporaryName } from "./leftovers";
import { readDescriptor } from "./read";
import { holdSignals } from "./signals";
import { freshTime, setTime } from "./times";
import { Watch } from "./watch";

/** Somebody else changed the file between reading and replacing it: it is as they left it. */
export class ChangedMeanwhile extends Failure {}

/** How a file was replaced. */
export interface Replaced {
  /** Its modification time now, in seconds since 1970 with nine decimals. */
  readonly modified: string;
  /** What could not be checked, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Replaces a file's content atomically: written beside it, synchronised, compared with what was meant, renamed over it.
 *
 * The new file and the old one are held by descriptors from beginning to end. What is done under a name is compared with
 * them afterwards, since a name may be somebody else's at any moment. Signals wait until it is done.
 *
 * @param folder the folder that the file is in
 * @param name its name there, never that of a symbolic link
 * @param old the file as it was read: what it must still be just before it is replaced, and just after
 * @param content its new bytes
 * @param options `modified`, its new modification time, in seconds since 1970 with nine decimals; by default now, but
 *   later than the old one, and none of the seconds in `avoid`, so that Python takes no byte code of another text for it
 * @throws Failure (io) where something fails; the message says whether the file was replaced by then. ChangedMeanwhile
 *   where somebody else changed it
 */
export function replaceFile(
  folder: Folder,
  name: string,
  old: ReadFile,
  content: Buffer,
  options: { readonly modified?: string; readonly avoid?: readonly number[] } = {},
): Promise<Replaced> {
  return holdSignals(() => new Replacement(folder, name, old, content).run(options));
}

class Replacement {
  readonly #path: string;
  /** The new file's name until it gets the old one's, and a second name for the old file while that happens. */
  readonly #temporary = temporaryName();
  #second: string | null = null;
  #replaced = false;

  constructor(
    readonly folder: Folder,
    readonly name: string,
    readonly old: ReadFile,
    readonly content: Buffer,
  ) {
    this.#path = `${folder.shown}/${name}`;
  }

  async run({ modified, avoid = [] }: { readonly modified?: string; readonly avoid?: readonly number[] }) {
    const { folder, old, content } = this;
    let fresh: number | null = null;
    let readable: number | null = null;
    try {
      // For later, when it is too late to fail.
      readable = openSync(itself(folder.descriptor), constants.O_RDONLY);
      fresh = openSync(
        folder.at(this.#temporary),
        constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
        0o600,
      );
      for (let done = 0; done < content.length; ) done += writeSync(fresh, content, done);
      const notes = await copyAttributes(old.descriptor, fresh, this.#path);
      await setTime(fresh, modified ?? freshTime([Number(old.modified.split(".")[0]), ...avoid]));
      fsyncSync(fresh);
      notes.push(...(await this.#exchange(fresh)));
      this.#synchronise(readable);
      this.#readBack(fresh);
      return { modified: modifiedTime(fresh), notes };
    } catch (error) {
      throw this.#failed(
        error,
        [fresh === null ? null : this.#temporary, this.#second].flatMap((name) => (name ? removed(folder, name) : [])),
      );
    } finally {
      for (const descriptor of [fresh, readable]) if (descriptor !== null) release(descriptor);
    }
  }

  /** Gives the old file's name to the new one, and looks whether that was right. */
  async #exchange(fresh: number): Promise<string[]> {
    const { folder, name } = this;
    const watch = new Watch(folder, name);
    try {
      const now = this.#open(name);
      if (!now || !sameFile(now, this.old) || !this.#isOld(now)) throw this.#changed();
      if (!this.#isNew(this.#open(this.#temporary), fresh))
        throw new Error("the file that was to take its place is not what was written");
      const kept = this.#keep();
      renameSync(folder.at(this.#temporary), folder.at(name));
      this.#replaced = true;
      await this.#lookAgain(watch, kept, fresh);
      const [left] = kept ? removed(folder, kept) : [];
      if (left) throw new Error("the old text could not be removed under its second name");
    } finally {
      watch.end();
    }
    return watch.blind
      ? [
          `Whether somebody else replaced ${this.#path}, or changed its attributes, in the same moment was not watched: ${watch.blind}.`,
        ]
      : [];
  }

  /** Whether the old file was what was compared until it was replaced; if not, puts it back. */
  async #lookAgain(watch: Watch, kept: string | null, fresh: number): Promise<void> {
    const { name, old } = this;
    const happened = await watch.seen(1);
    const first = happened.indexOf("rename");
    const others = happened.lastIndexOf("rename") > first;
    const isOurs = sameFile(identify(fresh), this.#open(name) ?? old);
    const touched = happened.slice(0, Math.max(first, 0)).includes("change");
    const bytes = readDescriptor(old.descriptor);
    if (touched || !bytes.equals(old.bytes) || !sameRights(identify(old.descriptor), old)) {
      if (!kept) throw new Error("somebody else changed it in the same moment, and their change is lost");
      if (isOurs && !others) return this.#putBack(watch, kept);
      throw new Error(`somebody else changed it in the same moment, and another replaced it: ${this.#save(kept)}`);
    }
    // Whoever came after us replaced a file that was whole.
    if (others && !isOurs) throw new Error("somebody else replaced it again at once: what is there now is theirs");
    if (others) throw new Error("somebody else replaced it in the same moment, and their text is lost");
  }

  /** Gives the old file its name back, with what somebody made of it. */
  async #putBack(watch: Watch, kept: string): Promise<void> {
    try {
      renameSync(this.folder.at(kept), this.folder.at(this.name));
    } catch (error) {
      throw new Error(
        `somebody else changed it in the same moment, and that cannot be put back: ${this.#save(kept)} (${systemReason(error)})`,
      );
    }
    this.#replaced = false;
    const renames = (await watch.seen(2)).filter((one) => one === "rename").length;
    if (renames > 2) throw new Error("somebody else replaced it while this run put it back, and their text is lost");
    throw this.#changed();
  }

  /** Has somebody else's text outlive this run and the next, and says where it is. */
  #save(kept: string): string {
    const saved = `${this.name}.saved-${Date.now().toString(36)}`;
    try {
      renameSync(this.folder.at(kept), this.folder.at(saved));
      this.#second = null;
      return `their text is in ${this.folder.shown}/${saved}`;
    } catch (error) {
      return `their text is lost: ${systemReason(error)}`;
    }
  }

  /** Gives the old file a second name, by which it can be put back; null where the file system has no such thing. */
  #keep(): string | null {
    const second = temporaryName();
    try {
      linkSync(this.folder.at(this.name), this.folder.at(second));
      this.#second = second;
      return second;
    } catch (error) {
      // A disk with a fault gets nothing written; all else refuses only the link.
      if (["EIO", "ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
      return null;
    }
  }

  /** What has that name now; null for nothing. */
  #open(name: string): ReadFile | null {
    try {
      const found = this.folder.read(name);
      closeSync(found.descriptor);
      return found;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
  }

  #isOld(found: ReadFile): boolean {
    return found.bytes.equals(this.old.bytes) && sameRights(found, this.old);
  }

  #isNew(found: ReadFile | null, fresh: number): boolean {
    return (
      found !== null &&
      sameFile(found, identify(fresh)) &&
      found.bytes.equals(this.content) &&
      sameRights(found, this.old)
    );
  }

  /** Has the new name survive a power cut. */
  #synchronise(folder: number): void {
    try {
      fsyncSync(folder);
    } catch (error) {
      throw new Error(`that is perhaps not safe from a power cut: ${systemReason(error)}`);
    }
  }

  #readBack(fresh: number): void {
    if (!this.#isNew(this.#open(this.name), fresh)) throw new Error("what is there now is not what was written");
    if (!this.folder.isStillThere())
      throw new Error(`${this.folder.shown} is another folder by now: the new text is in the one that was there`);
  }

  #changed(): ChangedMeanwhile {
    const message = `${this.#path} was changed by somebody else meanwhile; nothing was written.`;
    return new ChangedMeanwhile("io", message, "Look at the file, then run this again.");
  }

  /** @param left what could not be cleaned up, in sentences */
  #failed(error: unknown, left: readonly string[]): Failure {
    const also = left.map((sentence) => ` ${sentence}`).join("");
    if (error instanceof ChangedMeanwhile && !also) return error;
    if (error instanceof Failure) return new Failure(error.kind, error.message + also, error.hint);
    if (this.#replaced)
      return new Failure(
        "io",
        `${this.#path} was replaced, but ${systemReason(error)}.${also}`,
        "Look for the cause (dmesg, lsof), then see what is there: virtinst-rbd-patch verify.",
      );
    return new Failure("io", `${this.#path} cannot be replaced: ${systemReason(error)}.${also}`, writeHint(error));
  }
}

function writeHint(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case "EROFS":
      return "On an image-based system (ostree, a read-only /usr) patch the image instead: mount it and use --root.";
    case "EBUSY":
      return "Something is mounted on it: patch the file that was mounted there.";
    case "EACCES":
    case "EPERM":
      return "Run this as root; if you are root, look for an immutable file (lsattr) or a security module's denial.";
    default:
      return "Nothing was changed. Mend the cause, then run this again.";
  }
}
