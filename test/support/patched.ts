import { type CephPool, sha256 } from "../../src/patch/facts";
import { insert, linesOf } from "../../src/patch/insert";
import { render } from "../../src/patch/render";

/** A file that takes both blocks; its own path in a patch. */
export const PATH = "virtinst/guest.py";
export const PRISTINE =
  "import logging\n\n\nclass Guest(object):\n    def _build_xml(self):\n        start_xml = 1\n        final_xml = 2\n\n        return start_xml, final_xml\n";
export const MODIFIED = "1400000000.123456789";

export const FACTS: readonly CephPool[] = [
  {
    libvirtPools: ["libvirtpool", "second"],
    name: "vms",
    monitors: [
      { name: "192.0.2.11", port: 6789 },
      { name: "2001:db8::1", port: null },
    ],
    auth: { username: "libvirt", uuid: "2a5b08e4-3f6f-4ad4-8a1f-94b0bc31a0b1" },
  },
  { libvirtPools: ["open"], name: "iso", monitors: [], auth: null },
];

/** The blocks for some facts, and a file with them. */
export function patched(facts: readonly CephPool[] = FACTS, pristine = PRISTINE) {
  const at = { helperAt: pristine.indexOf("\n") + 1, callAt: pristine.indexOf("\n        return") };
  const lines = linesOf(pristine, at);
  const blocks = render(
    facts,
    { sha256: sha256(pristine), modified: MODIFIED, lines },
    { variables: ["start_xml", "final_xml"], indent: "        " },
  );
  return { blocks, text: insert(pristine, at, blocks) };
}
