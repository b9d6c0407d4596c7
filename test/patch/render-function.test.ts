import { describe, expect, it } from "vitest";
import type { CephPool } from "../../src/patch/pools";
import { renderFunction } from "../../src/patch/render-function";
import { blockDigest } from "../../src/patch/strip";
import { VERSION } from "../../src/version";
import { CEPH_POOLS } from "../support/patched";

const ORIGINAL = { sha256: "a".repeat(64), modified: "-1.500000000" };
const CALL = "    # >>> virtinst-rbd-patch\n";
const render = (pools: readonly CephPool[]) => renderFunction(pools, ORIGINAL, CALL);
const lines = (text: string) => text.split("\n");

describe("the function block", () => {
  it("begins with a header: version, purpose, pools, how to remove it, the original file, its own digest", () => {
    const block = render(CEPH_POOLS);
    expect(lines(block).slice(0, 9)).toEqual([
      `# >>> virtinst-rbd-patch ${VERSION}`,
      expect.stringMatching(/^# Local change, not part of virt-manager: /),
      expect.stringMatching(/^# rbd disks of new guests\./),
      '# libvirt pools: "libvirtpool", "second", "open"',
      "# Remove it: virtinst-rbd-patch revert",
      "# Without it: sed -i '/^[[:blank:]]*# >>> virtinst-rbd-patch/,/^[[:blank:]]*# <<< virtinst-rbd-patch/d' FILE",
      `# original: sha256=${ORIGINAL.sha256} mtime=-1.500000000`,
      `# block: sha256=${blockDigest(CALL, block)}`,
      "def _virtinst_rbd_patch(xml):",
    ]);
  });

  it("contains what the disks of each Ceph pool need, with and without auth, monitors and ports", () => {
    const [, pools] = /\n {4}pools = \(\n([\s\S]*?)\n {4}\)\n/.exec(render(CEPH_POOLS)) as unknown as [string, string];
    expect(pools).toBe(`        {
            "libvirt_pools": [u"libvirtpool", u"second"],
            "ceph_pool": u"vms",
            "auth": '<auth username="libvirt">',
            "secret": '<secret type="ceph" uuid="2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1"/>',
            "monitors": (
                '<host name="192.0.2.11" port="6789"/>',
                '<host name="2001:db8::1"/>',
            ),
        },
        {
            "libvirt_pools": [u"open"],
            "ceph_pool": u"iso",
            "auth": None,
            "secret": None,
            "monitors": (
            ),
        },`);
  });

  it("names a secret by usage if a pool does", () => {
    const [pool] = CEPH_POOLS as [CephPool];
    const auth = { username: "libvirt", uuid: "2a5b08e4", usage: "client.libvirt secret" };
    expect(render([{ ...pool, auth }])).toContain(
      `            "secret": '<secret type="ceph" usage="client.libvirt secret"/>',\n`,
    );
  });

  it("has at most 125 lines of at most 110 columns for one pool with three monitors", () => {
    const monitors = [1, 2, 3].map((number) => ({ name: `192.0.2.${number}`, port: 6789 }));
    const block = render([{ ...(CEPH_POOLS[0] as CephPool), libvirtPools: ["libvirtpool"], monitors }]);
    expect(lines(block.trimEnd()).length).toBeLessThanOrEqual(125);
    // The line with the digest and the time of the original is 124 columns wide.
    expect(lines(block).filter((line) => line.length > 110 && !line.startsWith("# original: "))).toEqual([]);
  });

  it("contains every value in an encoded form", () => {
    const hostile: CephPool = {
      libvirtPools: ['a"b'],
      name: "c\\d",
      monitors: [{ name: "e'f", port: null }],
      auth: { username: "g<h", uuid: "i&j" },
    };
    expect(lines(render([hostile]))).toEqual(
      expect.arrayContaining([
        '# libvirt pools: "a\\u0022b"',
        '            "libvirt_pools": [u"a\\u0022b"],',
        '            "ceph_pool": u"c\\u005cd",',
        `            "auth": '<auth username="g&#60;h">',`,
        `            "secret": '<secret type="ceph" uuid="i&#38;j"/>',`,
        `                '<host name="e&#39;f"/>',`,
      ]),
    );
  });

  it.each([
    ["a digest", { ...ORIGINAL, sha256: "a b" }, 'not plain: "a b"'],
    ["a time", { ...ORIGINAL, modified: "1\n2" }, 'not plain: "1\\n2"'],
    ["a value with a line break after it", { ...ORIGINAL, sha256: "a\n" }, 'not plain: "a\\n"'],
  ])("is not rendered if %s of the header is not plain", (_, original, message) => {
    expect(() => renderFunction(CEPH_POOLS, original, CALL)).toThrow(RangeError);
    expect(() => renderFunction(CEPH_POOLS, original, CALL)).toThrow(message);
  });
});
