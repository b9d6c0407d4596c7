import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeSignal } from "./signals";

/**
 * Creates a directory that only this user can read, and removes it afterwards, also if a signal ends this process.
 *
 * @param use what to do in it
 */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "virtinst-rbd-patch-"));
  const remove = () => void rmSync(folder, { recursive: true, force: true });
  const forget = beforeSignal(remove);
  try {
    return await use(folder);
  } finally {
    remove();
    forget();
  }
}
