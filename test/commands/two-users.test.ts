import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cli, json, PLAIN, poolsOfUsers, target } from "../support/cli";

const USERS = { a: ["libvirt", "libvirt"], b: ["backup", "backup"], c: ["libvirt", "libvirt"] } as const;
const CHANGING = ["verify", "render", "apply", "preview"];

describe("pools of one Ceph pool with different users", () => {
  test("are supported by a virtinst that writes the user into the disk: each disk gets its own secret", async () => {
    const { folder, edit } = target(PLAIN);
    const options = [...poolsOfUsers(USERS), "--virtinst", folder];
    expect((await cli(["inspect", ...options])).stdout).not.toMatch(/broken/);
    expect(json((await cli(["apply", "--json", ...options])).stdout)).toMatchObject({ status: "patched", notes: [] });
    const verified = await cli(["verify", "--json", ...options]);
    expect(verified.code).toBe(0);
    const { state, behaviour } = json(verified.stdout);
    expect([state, behaviour.status]).toEqual(["current", "passed"]);
    expect(behaviour.checks.slice(0, 3)).toMatchObject(
      ["a", "b", "c"].map((name) => ({ label: `disk of pool ${name}` })),
    );
    edit('<secret type="ceph" usage="client.backup secret"/>', '<secret type="ceph" usage="client.libvirt secret"/>');
    expect((await cli(["verify", ...options])).stdout).toMatch(/^ {2}failed: disk of pool b/m);
  });

  test("are refused for an older virtinst, with the ways out, unless --pool selects the pools of one user", async () => {
    const { folder, path, pristine } = target("guest-1.4");
    const options = [...poolsOfUsers(USERS), "--virtinst", folder];
    for (const command of CHANGING)
      expect(await cli([command, ...options])).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(
          /the pools "a", "b", "c" name the same Ceph pool "vms" on the same monitors, but have different credentials, .*\nChoose the pools of one user with --pool a --pool c or --pool b, or upgrade to virt-manager 1\.5 or later\./,
        ),
      });
    expect(readFileSync(path).equals(pristine)).toBe(true);
    const { code, stdout } = await cli(["inspect", ...options]);
    expect(code).toBe(3);
    expect(stdout.match(/^Pool +[abc] \(Ceph pool vms\) broken$/gm)).toHaveLength(3);
    expect(await cli(["render", ...options, "--pool", "b"])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/Volumes of pool "a", "c" get the user "backup" of pool "b" too/),
    });
  });
});
