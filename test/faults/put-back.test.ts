import { appendFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect } from "vitest";
import { TOOL } from "../support/cli";
import { leftovers } from "./support/judge";
import { faultTest, folder, NODE, pause, SYSTEM, script, watch } from "./support/run";
import { JOBS, perform, Stand } from "./support/stand";

/** Waits for something that another process does. */
async function until(happened: () => boolean): Promise<void> {
  for (let tries = 0; !happened(); tries++) {
    if (tries > 2000) throw new Error("it did not happen");
    await pause(5);
  }
}

/** strace with faults in the first process. */
const strace = (trace: string, ...faults: readonly string[]) => [
  ...["strace", "-qq", "-o", "/dev/null", "-e", `trace=${trace}`],
  ...faults.flatMap((fault) => ["-e", `inject=${fault}`]),
];

describe("a file that somebody changes while it is replaced", () => {
  faultTest("is put back, and who replaces it in that moment is named as lost", ["root", "strace"], async () => {
    const one = (await Stand.make()).copy("pristine");
    const where = dirname(one.target);
    const before = readFileSync(one.target, "utf8");
    const running = perform(JOBS.apply, one, strace("rename", "rename:delay_enter=1500000"));
    // The second name is there as soon as all is compared.
    await until(() => leftovers(where).length === 2);
    appendFileSync(one.target, "# theirs\n");
    await until(() => readFileSync(one.target, "utf8").includes("def _virtinst_rbd_patch("));
    // By then it looked again, and waits in the call that puts it back.
    await pause(500);
    writeFileSync(join(where, "third"), `${before}# third\n`);
    renameSync(join(where, "third"), one.target);
    const { code, stderr } = await running;
    expect(code).toBe(6);
    expect(readFileSync(one.target, "utf8")).toBe(`${before}# theirs\n`);
    expect(stderr).toMatch(/somebody else replaced it while this run put it back, and their text is lost/);
    expect(leftovers(where)).toEqual([]);
  });

  faultTest("is kept beside another that replaced it at once", ["root", "strace"], async () => {
    const one = (await Stand.make()).copy("pristine");
    const where = dirname(one.target);
    const before = readFileSync(one.target, "utf8");
    const third = `${before}# third\n`;
    writeFileSync(join(where, "third"), third);
    const calls = "rename:delay_enter=1500000:delay_exit=1500000:when=1";
    const running = perform(JOBS.apply, one, strace("rename", calls));
    await until(() => leftovers(where).length === 2);
    appendFileSync(one.target, "# theirs\n");
    await until(() => readFileSync(one.target, "utf8").includes("def _virtinst_rbd_patch("));
    renameSync(join(where, "third"), one.target);
    const { code, stderr } = await running;
    expect(code).toBe(6);
    expect(readFileSync(one.target, "utf8")).toBe(third);
    expect(stderr).toMatch(/somebody else/);
    const [saved] = readdirSync(where).filter((name) => name.startsWith("installer.py.saved-"));
    expect(readFileSync(join(where, saved ?? "none"), "utf8")).toBe(`${before}# theirs\n`);
    expect(stderr).toContain(`their text is in ${where}/${saved}`);
    expect(leftovers(where)).toEqual([]);
  });

  faultTest("is reported where it cannot be put back for want of a second name", ["root", "strace"], async () => {
    const one = (await Stand.make()).copy("pristine");
    const before = readFileSync(one.target, "utf8");
    const faults = strace("link,rename", "link:error=EPERM", "rename:delay_enter=3000000");
    const running = perform(JOBS.apply, one, faults);
    await until(() => leftovers(dirname(one.target)).length === 1);
    // Behind the comparison, which comes within a second of that.
    await pause(1200);
    appendFileSync(one.target, "# theirs\n");
    const { code, stderr } = await running;
    expect(code).toBe(6);
    const found = readFileSync(one.target, "utf8");
    // Either it was seen before, and stays, or it is said to be lost.
    if (found === `${before}# theirs\n`) expect(stderr).toMatch(/nothing was written/);
    else
      expect(stderr).toMatch(/was replaced, but somebody else changed it in the same moment, and their change is lost/);
    expect(leftovers(dirname(one.target))).toEqual([]);
  });
});

describe("a second name that is refused", () => {
  for (const error of ["EACCES", "EXDEV", "EPERM", "EMLINK"])
    faultTest(`with ${error} keeps nobody from replacing the file`, ["root", "strace"], async () => {
      const one = (await Stand.make()).copy("pristine");
      expect(await perform(JOBS.apply, one, strace("link", `link:error=${error}`))).toMatchObject({ code: 0 });
      expect(readFileSync(one.target, "utf8")).toContain("def _virtinst_rbd_patch(");
    });
});

faultTest("a signal while a child is being started leaves none behind", ["root", "strace"], async () => {
  const bin = folder();
  script(bin, "virsh", "echo $$ > $(dirname $0)/id; exec sleep 500");
  const before = strace("clone,clone3,fork,vfork", "clone,clone3,fork,vfork:signal=SIGTERM");
  const { code } = await watch([...before, NODE, TOOL, "inspect"], { env: { PATH: `${bin}:${SYSTEM}` } });
  expect(code).not.toBe(0);
  await pause(500);
  const id = readdirSync(bin).includes("id") ? readFileSync(join(bin, "id"), "utf8").trim() : "none";
  expect(readdirSync("/proc")).not.toContain(id);
});
