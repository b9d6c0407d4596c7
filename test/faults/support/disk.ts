import { chmodSync, cpSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { HOST, PLAIN } from "../../support/cli";
import { folder, must } from "./run";
import { FILE } from "./stand";

/** A file system of the test's own, mounted until the test ends. */
export function mounted(...words: readonly string[]): string {
  const point = join(folder(), "mounted");
  mkdirSync(point);
  must("mount", ...words, point);
  onTestFinished(() => {
    must("umount", "-l", point);
  });
  chmodSync(point, 0o755);
  return point;
}

/** An ext4 of some MB, in a file. */
export function ext4(megabytes: number, ...options: readonly string[]): string {
  const image = join(folder(), "image");
  must("truncate", "-s", `${megabytes}M`, image);
  must("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-I", "256", ...options, image);
  const point = mounted("-o", "loop", image);
  rmSync(join(point, "lost+found"), { recursive: true });
  return point;
}

/** A virtinst below a folder, and the words that apply the sample host's patch to it. */
export function virtinstIn(base: string) {
  const top = join(base, "virt-manager");
  cpSync(resolve("test/fixtures/virtinst", PLAIN), top, { recursive: true });
  const target = join(top, FILE);
  must("touch", "-d", "@1400000000.123456789", target);
  return { top, target, apply: ["apply", ...HOST, "--virtinst", top], revert: ["revert", "--virtinst", top] };
}
