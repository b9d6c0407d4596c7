import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeSignal } from "./signals";

/**
 * Gives a folder that only the caller's user can look into, and that goes afterwards, also where a signal ends this run.
 *
 * @param use what is done in it
 */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const forget = beforeSignal(remove);
  try {
    return await use(folder);
  } finally {
    remove();
    forget();
  }
}
