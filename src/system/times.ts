import { futimesSync } from "node:fs";
import { run } from "./run";

/** Sets a modification time; `touch` keeps nanoseconds and times before 1970, which Node does not. */
export async function setTime(descriptor: number, modified: string): Promise<void> {
  const [whole, fraction] = modified.split(".") as [string, string];
  futimesSync(descriptor, Math.max(Number(whole), 0), Math.max(Number(whole), 0));
  if (Number(fraction) !== 0 || Number(whole) < 0)
    await run("touch", ["-c", "-d", `@${modified}`, "--", "/proc/self/fd/3"], { descriptors: [descriptor] });
}

/** Now, or the first second after it that is later than the first of these times and equal to none of the others. */
export function freshTime([before = 0, ...avoid]: readonly number[]): string {
  let second = Math.max(Math.floor(Date.now() / 1000), before + 1);
  // Byte code states a time in 32 bits.
  while (avoid.includes(second % 2 ** 32)) second++;
  return `${second}.000000000`;
}
