import { spawn } from "node:child_process";

/**
 * Shows a text through a pager, as git does: that of PAGER, a shell's command line, else less.
 *
 * @returns whether it was shown; not where PAGER says that there is to be none, or there is none
 */
export async function page(text: string): Promise<boolean> {
  const { PAGER } = process.env;
  if (PAGER?.trim() === "" || PAGER === "cat") return false;
  const [program, args] = PAGER === undefined ? ["less", ["-FRX"]] : ["/bin/sh", ["-c", PAGER]];
  // Who presses ^C there means the pager: what was done is still to be said.
  const ignore = () => {};
  process.on("SIGINT", ignore);
  try {
    return await new Promise((resolve) => {
      const child = spawn(program, args, {
        stdio: ["pipe", "inherit", "inherit"],
        env: { LESS: "FRX", LV: "-c", ...process.env },
      });
      // Who has seen enough closes it.
      child.stdin.on("error", () => {});
      child.on("error", () => resolve(false));
      // A shell that found no such program.
      child.on("close", (code) => resolve(code !== 127 && code !== 126));
      child.stdin.end(text);
    });
  } finally {
    process.off("SIGINT", ignore);
  }
}
