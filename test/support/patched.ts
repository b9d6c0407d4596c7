import { type CephPool, sha256 } from "../../src/patch/pools";
import { insertPatch } from "../../src/patch/render-function";
import { stripPatch } from "../../src/patch/strip";

/** The path in a patch file of a file that can be patched. */
export const PATH = "virtinst/guest.py";
export const ORIGINAL =
  'import logging\n\n\nclass Guest(object):\n    def _build_xml(self):\n        start_xml = 1\n        final_xml = 2\n\n        logging.debug("XML: %s", start_xml)\n        return start_xml, final_xml\n';
export const MODIFIED = "1400000000.123456789";
export const NAMED = { path: PATH, restoring: "Restore the file from its package" };

export const CEPH_POOLS: readonly CephPool[] = [
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
export function patched(pools: readonly CephPool[] = CEPH_POOLS, original = ORIGINAL) {
  const { text } = insertPatch({ text: original, encoding: "utf8" }, MODIFIED, pools, NAMED);
  const stripped = stripPatch(text);
  if (stripped.state !== "patched") throw new Error(stripped.state);
  return { text, base: stripped.base, patch: stripped.patch, block: stripped.patch.block };
}

/** The earlier versions whose patches `apply` renews and `revert` removes. */
export const EARLIER = ["1.0.0", "1.1.0", "1.2.0"] as const;

/** A file of the layout `installer-4.0` as an earlier version patched it, with a function that does nothing. */
export function patchedBy(version: (typeof EARLIER)[number], original: string): string {
  const first = version === "1.0.0";
  const begin = `# >>> virtinst-rbd-patch ${version}`;
  const end = "# <<< virtinst-rbd-patch\n";
  const purpose = first
    ? " (not part of virt-manager; to undo: virtinst-rbd-patch revert)"
    : `
# Not part of virt-manager: it gives new guests' disks the cephx auth and all the monitors of their libvirt
# pool, which this virt-install leaves out; without them QEMU cannot connect to Ceph.
# For the libvirt pools: "libvirtpool"
# To undo it: virtinst-rbd-patch revert
# Or, without that tool: sed -i '/^ *# >>> virtinst-rbd-patch/,/^ *# <<< virtinst-rbd-patch/d' FILE`;
  const block = `${begin}${purpose}
# format: ${first ? 1 : 2}
# pristine: sha256=${sha256(original)}${first ? "" : "\n# pristine:"} mtime=${MODIFIED} lines=9,33
# facts: sha256=${"1".repeat(64)}
# blocks: sha256=${"2".repeat(64)}
def _virtinst_rbd_patch(xml):
    pools = (
        {
            "${first ? "pool" : "libvirt_pools"}": ${first ? 'u"libvirtpool"' : '[u"libvirtpool"]'},
        },
    )

    # Each disk element that is not inside another.
    return xml
${end}`;
  const calls = ["initial_xml", "final_xml"].map((name) => `        ${name} = _virtinst_rbd_patch(${name})\n`).join("");
  const call = `        ${begin} (the function below the imports says what this is)\n${calls}        ${end}`;
  const lines = original.split(/(?<=\n)/);
  return [...lines.slice(0, 8), block, ...lines.slice(8, 32), call, ...lines.slice(32)].join("");
}
