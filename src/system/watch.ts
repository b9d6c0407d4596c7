import { type FSWatcher, watch } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { systemReason } from "../failure";
import { type Folder, itself } from "./folder";

/** What happened to a name in a folder, in order: `change`, to the file of that name; `rename`, another file got it. */
export type Happening = "change" | "rename";

/** A look at a name in a folder that misses nothing, by the kernel's own account (inotify). */
export class Watch {
  readonly #seen: Happening[] = [];
  readonly #watcher: FSWatcher | null = null;
  /** Why nothing can be seen, as part of a sentence; null where it can. */
  readonly blind: string | null = null;

  constructor(folder: Folder, name: string) {
    try {
      this.#watcher = watch(itself(folder.descriptor), { persistent: false }, (happening, file) => {
        if (file === name) this.#seen.push(happening as Happening);
      });
      this.#watcher.on("error", () => {});
    } catch (error) {
      this.blind = systemReason(error);
    }
  }

  /**
   * All that happened until now.
   *
   * @param own how often this process itself gave that name to another file
   */
  async seen(own: number): Promise<readonly Happening[]> {
    // The kernel has it at once; it reaches this process when it asks, once a turn.
    const renames = () => this.#seen.filter((one) => one === "rename").length;
    for (let turns = 0; turns < 3 || (turns < 1000 && !this.blind && renames() < own); turns++) await turn();
    return [...this.#seen];
  }

  end(): void {
    this.#watcher?.close();
  }
}
