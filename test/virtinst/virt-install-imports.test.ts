import { mkdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { run } from "../../src/system/run";
import { importedFrom } from "../../src/virtinst/virt-install";
import { temporaryFolder } from "../support/cli";
import { INTERPRETERS } from "../support/helper";

const FILE = "virtinst/guest.py";

for (const { version, path: python } of INTERPRETERS)
  describe.skipIf(python === null)(`where Python ${version} takes the module from`, () => {
    /** A script that imports the module, and the module's folder. */
    function script() {
      const folder = temporaryFolder();
      mkdirSync(join(folder, "virtinst"));
      writeFileSync(join(folder, "virtinst/__init__.py"), "");
      writeFileSync(join(folder, FILE), "x = 1\n");
      utimesSync(join(folder, FILE), 1400000000, 1400000000);
      writeFileSync(join(folder, "virt-install"), "import virtinst.guest\n");
      const command = [python as string, join(folder, "virt-install")] as const;
      return {
        source: join(folder, FILE),
        command,
        imported: () => importedFrom({ command, uri: "test:///default", disks: [], cache: folder }, { file: FILE }),
      };
    }

    it("is a source, where there is no byte code, and none is left", async () => {
      const { source, imported } = script();
      expect(await imported()).toEqual({ path: source, byteCode: false });
      expect(await imported()).toEqual({ path: source, byteCode: false });
    });

    it("is byte code where that is taken, and a source where it is rejected", async () => {
      const { source, imported, command } = script();
      expect((await run(command[0], [command[1]], { env: { PYTHONDONTWRITEBYTECODE: "" } })).status).toBe(0);
      const taken = await imported();
      expect(taken).toEqual({ path: expect.stringMatching(/guest\.(?:cpython-\d+\.)?pyc$/), byteCode: true });
      expect(statSync(taken?.path as string).isFile()).toBe(true);
      utimesSync(source, 1500000000, 1500000000);
      expect(await imported()).toEqual({ path: source, byteCode: false });
    });

    it("is byte code of an optimised kind too", async () => {
      vi.stubEnv("PYTHONOPTIMIZE", "1");
      onTestFinished(() => void vi.unstubAllEnvs());
      const { imported, command } = script();
      expect((await run(command[0], [command[1]], { env: { PYTHONDONTWRITEBYTECODE: "" } })).status).toBe(0);
      expect(await imported()).toEqual({ path: expect.stringMatching(/guest\.(?:.*\.pyc|pyo)$/), byteCode: true });
    });

    it("is not said where it imports no such module", async () => {
      const { command, imported } = script();
      writeFileSync(command[1], "");
      expect(await imported()).toBeNull();
    });
  });
