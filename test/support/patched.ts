import type { CephPool } from "../../src/patch/facts";
import { insertPatch } from "../../src/patch/render-function";
import { stripPatch } from "../../src/patch/strip";

/** A file that can be patched; its own path in a patch file. */
export const PATH = "virtinst/guest.py";
export const ORIGINAL =
  'import logging\n\n\nclass Guest(object):\n    def _build_xml(self):\n        start_xml = 1\n        final_xml = 2\n\n        logging.debug("XML: %s", start_xml)\n        return start_xml, final_xml\n';
export const MODIFIED = "1400000000.123456789";
export const NAMED = { path: PATH, restoring: "Restore the file from its package" };

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

/** A file with the patch for some pools, and the patch that `stripPatch` finds in it. */
export function patched(facts: readonly CephPool[] = FACTS, original = ORIGINAL) {
  const { text } = insertPatch({ text: original, encoding: "utf8" }, MODIFIED, facts, NAMED);
  const stripped = stripPatch(text);
  if (stripped.state !== "patched") throw new Error(stripped.state);
  return { text, base: stripped.base, patch: stripped.patch, block: stripped.patch.block };
}
