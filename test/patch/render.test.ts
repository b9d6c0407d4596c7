import { describe, expect, it } from "vitest";
import { type CephPool, factsDigest } from "../../src/patch/facts";
import { render } from "../../src/patch/render";
import { VERSION } from "../../src/version";
import { FACTS } from "../support/patched";

const PRISTINE = { sha256: "a".repeat(64), modified: "-1.500000000", lines: [3, 20] } as const;
const SITE = { variables: ["start_xml", "final_xml"], indent: "    " };
const lines = (text: string) => text.split("\n");

describe("the blocks", () => {
  it("state what they went into, for which pools, and from which facts", () => {
    const { helper } = render(FACTS, PRISTINE, SITE);
    expect(lines(helper)).toEqual(
      expect.arrayContaining([
        `# >>> virtinst-rbd-patch ${VERSION}`,
        '# For the libvirt pools: "libvirtpool", "second", "open"',
        "# format: 2",
        `# pristine: sha256=${PRISTINE.sha256}`,
        "# pristine: mtime=-1.500000000 lines=3,20",
        `# facts: sha256=${factsDigest(FACTS)}`,
      ]),
    );
  });

  it("hold what each Ceph pool's disks need, with and without auth, monitors and ports", () => {
    const { helper } = render(FACTS, PRISTINE, SITE);
    const [, pools] = /\n {4}pools = \(\n([\s\S]*?)\n {4}\)\n/.exec(helper) as unknown as [string, string];
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

  it("write no value as it is", () => {
    const hostile: CephPool = {
      libvirtPools: ['a"b'],
      name: "c\\d",
      monitors: [{ name: "e'f", port: null }],
      auth: { username: "g<h", uuid: "i&j" },
    };
    const { helper } = render([hostile], PRISTINE, SITE);
    expect(lines(helper)).toEqual(
      expect.arrayContaining([
        '# For the libvirt pools: "a\\u0022b"',
        '            "libvirt_pools": [u"a\\u0022b"],',
        '            "ceph_pool": u"c\\u005cd",',
        `            "auth": '<auth username="g&#60;h">',`,
        `            "secret": '<secret type="ceph" uuid="i&#38;j"/>',`,
        `                '<host name="e&#39;f"/>',`,
      ]),
    );
  });

  it("call the function for each variable, as far in as the method's body", () => {
    const { call } = render(FACTS, PRISTINE, { variables: ["a", "b"], indent: "\t" });
    expect(lines(call)).toEqual([
      expect.stringMatching(/^ # >>> virtinst-rbd-patch \d/),
      "\ta = _virtinst_rbd_patch(a)",
      "\tb = _virtinst_rbd_patch(b)",
      " # <<< virtinst-rbd-patch",
      "",
    ]);
  });

  it("begin with blanks however wide the indentation is, so that the header's command finds the markers", () => {
    const { call } = render(FACTS, PRISTINE, { variables: ["a"], indent: " \t\f " });
    expect(call).toMatch(/^ {4}# >>> /);
    expect(call).toMatch(/\n {4}# <<< virtinst-rbd-patch\n$/);
    expect(call).toContain("\n \t\f a = ");
  });
});

describe("what is not plain is never written", () => {
  it.each([
    ["a digest", { ...PRISTINE, sha256: "a b" }, SITE, 'not plain: "a b"'],
    ["a time", { ...PRISTINE, modified: "1\n2" }, SITE, 'not plain: "1\\n2"'],
    ["an empty value", { ...PRISTINE, modified: "" }, SITE, 'not plain: ""'],
    ["a value with a blank before it", { ...PRISTINE, sha256: " a" }, SITE, 'not plain: " a"'],
    ["a value with a line break behind it", { ...PRISTINE, sha256: "a\n" }, SITE, 'not plain: "a\\n"'],
    ["a variable", PRISTINE, { ...SITE, variables: ["a; b"] }, 'not plain: "a; b"'],
    ["an indentation", PRISTINE, { ...SITE, indent: "  x" }, "not an indentation"],
    ["an indentation with a line break", PRISTINE, { ...SITE, indent: "\n  " }, "not an indentation"],
    ["an indentation behind something", PRISTINE, { ...SITE, indent: "x  " }, "not an indentation"],
  ])("%s", (_, pristine, site, message) => {
    expect(() => render(FACTS, pristine, site)).toThrow(RangeError);
    expect(() => render(FACTS, pristine, site)).toThrow(message);
  });
});
