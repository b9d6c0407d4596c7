import fc from "fast-check";
import { type CephPool, type Monitor, type ResolvedPool, splitMonitor } from "../../src/patch/pools";
import { HOSTILE } from "./hostile";

/** Each character that XML 1.0 has (https://www.w3.org/TR/xml/#charsets), plain ones no more often than others. */
export const ANY_CHARACTER = fc
  .oneof(
    fc.constantFrom(0x9, 0xa, 0xd, 0x7f, 0x80, 0x85, 0xa0, 0xd7ff, 0xe000, 0xfeff, 0xfffd, 0x10000, 0x10ffff),
    fc.integer({ min: 0x20, max: 0x7e }),
    fc.integer({ min: 0x80, max: 0xff }),
    fc.integer({ min: 0x2000, max: 0x206f }),
    fc.integer({ min: 0x100, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0xfffd }),
    fc.integer({ min: 0x10000, max: 0x10ffff }),
  )
  .map((code) => String.fromCodePoint(code));

// What means something to one of the layers that a value passes: Handlebars, String.replace, Python's literals and
// comments, its % operator, XML, and this tool's own markers.
const PIECE = fc.constantFrom(
  ...HOSTILE,
  ...String.raw`" ' \ \\ \" {{ }} {{{ { } % %s %(x)s # / , = < > & $& $1 $$`.split(" "),
  ...`&amp; &#10; &#x22; &lt; ]]> <![CDATA[ <!-- --> <?x ?> <!DOCTYPE /> </host>`.split(" "),
  ...String.raw`\n \u0041 \U0001F600 \x41 \N{BULLET} u" "], None True rbd [] [ ] ::1 _virtinst_rbd_patch`.split(" "),
  ...["$`", "\r\n", "\n", "\r", "\t", "\u2028", "\u2029", "\u0085", "\n\n", "\u202e", "\u200f", "\ufeff", "e\u0301"],
  ...["# >>> virtinst-rbd-patch 1.0.0", "# <<< virtinst-rbd-patch", "\n# <<< virtinst-rbd-patch\n", "# format: 9\n"],
  ...["# block: sha256=", "# original: sha256=", "# blocks: sha256=", "\n# blocks: sha256=0\n", '", "', ' port="1"'],
);

/** Any text that XML allows, as the name of a pool, a user or a monitor. */
export const ANY_TEXT = fc
  .array(fc.oneof(PIECE, ANY_CHARACTER), { minLength: 1, maxLength: 6, size: "max" })
  .map((pieces) => pieces.join(""));

const PORT = fc.option(fc.integer({ min: 1, max: 65535 }));
// A block that names a secret by usage does not have its UUID.
const AUTH = fc.oneof(
  fc.record({ username: ANY_TEXT, uuid: fc.oneof(fc.uuid(), ANY_TEXT) }),
  fc.record({ username: ANY_TEXT, uuid: fc.constant(""), usage: ANY_TEXT }),
);

/** Equal for all names that the tool compares as equal. Coarser: lower case differs in Python 2.7. */
const likeness = ({ name }: Monitor) =>
  name
    .normalize("NFKC")
    .toUpperCase()
    .toLowerCase()
    .replace(/[[\]\s\p{Cc}]/gu, "");

/** Whether an element names one monitor, as those of a rendered block do. */
function isSingle(monitor: Monitor): boolean {
  const [first, ...others] = splitMonitor(monitor);
  return others.length === 0 && first?.name === monitor.name && likeness(monitor) !== "";
}

/** Monitors whose names differ even without case and brackets. */
const MONITORS = fc.uniqueArray(fc.record({ name: ANY_TEXT, port: PORT }).filter(isSingle), {
  selector: likeness,
  maxLength: 3,
});

/** A libvirt pool, all of its texts any text. */
export const ANY_POOL: fc.Arbitrary<ResolvedPool> = fc.record({
  pool: ANY_TEXT,
  cephPool: ANY_TEXT,
  monitors: MONITORS,
  auth: fc.option(AUTH, { freq: 6 }),
});

/** Pools as a block may contain them, even if no host has such pools. */
export const ANY_CEPH_POOLS: fc.Arbitrary<CephPool[]> = fc.array(
  fc.record({
    libvirtPools: fc.array(ANY_TEXT, { minLength: 1, maxLength: 3 }),
    name: ANY_TEXT,
    monitors: fc.array(fc.record({ name: ANY_TEXT, port: PORT }), { maxLength: 3 }),
    auth: fc.option(AUTH),
  }),
  { maxLength: 3 },
);
