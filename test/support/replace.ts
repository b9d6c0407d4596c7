import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { Failure } from "../../src/failure";
import { Folder, openRoot } from "../../src/system/folder";
import { replaceFile } from "../../src/system/replace";
import { temporaryFolder } from "./cli";

const steps = (path: string) => path.split("/").filter(Boolean);
/** A folder that is held open. */
export const hold = (path: string) => new Folder(openRoot("/") as number, steps(path), path);

/** A file to replace, in a folder of its own or a given one. */
export function file(path = temporaryFolder(), content = "old\n") {
  const whole = join(path, "guest.py");
  writeFileSync(whole, content);
  const folder = hold(path);
  const old = folder.read("guest.py");
  const replace = async (text: string | Buffer = "new\n") => {
    try {
      return await replaceFile(folder, "guest.py", old, Buffer.from(text));
    } catch (error) {
      expect(error).toBeInstanceOf(Failure);
      expect(error).toMatchObject({ kind: "io" });
      return error as Failure;
    }
  };
  return { path, whole, folder, replace, names: () => readdirSync(path).sort() };
}
