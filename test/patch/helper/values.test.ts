import { expect, it } from "vitest";
import type { ResolvedPool } from "../../../src/patch/pools";
import { isSkipped, runFunction } from "../../../src/virtinst/python";
import { type Call, helperBlock, type Ran, runBlocks, type Tree } from "../../support/helper";
import { AUTH, domain, expectSound, onEachPython, UUID, VMS } from "../../support/helper-cases";
import { HOSTILE } from "../../support/hostile";

/** A pool all of whose values are this one. */
const poolOf = (value: string): ResolvedPool => ({
  pool: value,
  cephPool: value,
  monitors: [
    { name: value, port: null },
    { name: `${value}2`, port: 6789 },
  ],
  auth: { username: value, uuid: UUID },
});
/** XML text of a value in an attribute, apart from the tool's own. */
const xml = (value: string) =>
  value.replace(/[&<"'\t\n\r]/g, (character) => `&#x${character.charCodeAt(0).toString(16)};`);

onEachPython((interpreter) => {
  it("no value of the host can end a string, a comment or an element", () => {
    const disk = (value: string, hosts: string) =>
      domain(`<disk><source protocol="rbd" name="${xml(value)}/rbd">${hosts}</source></disk>`);
    const answers = runBlocks(
      interpreter,
      HOSTILE.map((value) => ({
        pools: [poolOf(value)],
        values: [
          ["text", disk(value, "")],
          ["text", disk(value, '<host name="x"/>')],
        ],
        tree: true,
      })),
    );
    for (const [index, value] of HOSTILE.entries()) {
      const { statements, names, calls } = answers[index] as Ran;
      expect(statements).toEqual(["FunctionDef"]);
      expect(names).toEqual(["_virtinst_rbd_patch"]);
      const hosts: Tree[] = [
        ["host", { name: value }, []],
        ["host", { name: `${value}2`, port: "6789" }, []],
      ];
      const auth: Tree = ["auth", { username: value }, [["secret", { type: "ceph", uuid: UUID }, []]]];
      const source: Tree = ["source", { protocol: "rbd", name: `${value}/rbd` }, hosts];
      const [bare, foreign] = calls as [Call[], Call[]];
      for (const call of bare) {
        expectSound(call);
        expect(call.log).toEqual([]);
        expect(call.tree).toEqual(["domain", {}, [["devices", {}, [["disk", {}, [auth, source]]]]]]);
      }
      for (const call of foreign) {
        expectSound(call);
        expect(call.text).toBe(disk(value, '<host name="x"/>'));
        expect(call.log).toHaveLength(1);
      }
    }
  });

  it("runFunction returns the completed domain if it contains text that is not ASCII", async () => {
    const pool = { ...VMS, cephPool: "b\u00e4ume\u{1F600}", monitors: [{ name: "m\u00f6n", port: null }] };
    const before = `<domain \u00e9=''><devices><disk \u00fc='\u00df'><source protocol="rbd" name="b\u00e4ume\u{1F600}/\u00fc"><host name="M\u00d6N"/></source></disk></devices></domain>`;
    const after = before.replace("<source", `${AUTH}<source`);
    const python = { path: interpreter.path as string, reason: "test" };
    const ran = await runFunction([python], helperBlock([pool]), [before], { before, after, disks: [] });
    if (isSkipped(ran)) throw new Error(ran.skipped);
    expect(ran).toMatchObject({ version: interpreter.version, error: null, log: [] });
    expect(ran.results).toEqual([after]);
    expect(ran.checks.filter(({ passed }) => !passed)).toEqual([]);
  });
});
