import fc from "fast-check";
import { OTHER_UUID, UUID } from "./helper-cases";
import { HOSTILE } from "./hostile";

// Random pools, and random domains with disks that may be in them.

// No Ceph pool here begins with the name of another and a slash.
const NAME = fc.oneof(
  fc.constantFrom("rbd", "ssd", "libvirt"),
  fc.constantFrom(...HOSTILE.filter((value) => !value.includes("/"))),
  fc
    .string({ unit: "binary", maxLength: 6 })
    .map((text) => `r${text.replace(/[^\t\n\r -.0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")}`),
);
const HOST = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("mon1", "MON1", "mon2", "mon3", "fe80::1", "[FE80::1]", "[fe80::1]") },
  { weight: 1, arbitrary: fc.constantFrom(...HOSTILE) },
);
/** What a disk may list in one element. */
const LIST = fc.constantFrom(..."mon1,mon2|mon1:6789,m9|MON3:3300|[fe80::1]:6789, mon1|m8,m9|fe80::1,".split("|"));
const PORT = fc.constantFrom(null, null, 6789, 3300);
const MONITOR = fc.record({ name: HOST, port: PORT });
const USERNAME = fc.constantFrom("libvirt", "\u00e9'\"\\");
const AUTH = fc.record({ username: USERNAME, uuid: fc.constantFrom(UUID, OTHER_UUID) });
const CEPH_POOL = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("rbd", "rbd", "rbd", 'x"\\\u2028\u{1F600}<&>') },
  { weight: 1, arbitrary: NAME },
);

/** One to three libvirt pools. */
export const RANDOM_POOLS = fc.array(
  fc.record({
    pool: NAME,
    cephPool: CEPH_POOL,
    monitors: fc.array(MONITOR, { maxLength: 4 }),
    auth: fc.option(AUTH, { freq: 4 }),
  }),
  { minLength: 1, maxLength: 3 },
);

const GAP = fc.constantFrom("", "", "\n  ", "\r\n\t", " ", "\n\n", "<!-- <disk> ' -->", "<?x <a?>", "<![CDATA[ ]]>");

/** An attribute with its value written in any way that XML has for it. */
const attribute = (name: string, value: string) =>
  fc
    .tuple(fc.constantFrom(" ", "\n", "\t  "), fc.constantFrom("=", " = "), fc.constantFrom('"', "'"), fc.nat(3))
    .map(([gap, equals, quote, style]) => {
      const text = value.replace(/[\s\S]/gu, (character) => {
        const code = character.codePointAt(0) as number;
        if (!/[&<"'\t\n\r]/.test(character) && !(style === 3 && code % 3 === 0)) return character;
        return style % 2 ? `&#x${code.toString(16)};` : `&#0${code};`;
      });
      return `${gap}${name}${equals}${quote}${text}${quote}`;
    });

/** An element with its attributes in any order; null is an attribute that it lacks. */
const element = (
  name: string,
  values: Readonly<Record<string, string | null>>,
  children: fc.Arbitrary<string> = fc.constant(""),
) => {
  const given = Object.entries(values).flatMap(([key, value]) => (value === null ? [] : [attribute(key, value)]));
  return fc
    .tuple(fc.tuple(...given), fc.nat(), children, fc.constantFrom("", " ", "\n"), fc.boolean())
    .map(([written, turn, inside, gap, short]) => {
      const by = turn % (written.length + 1);
      const start = `<${name}${[...written.slice(by), ...written.slice(0, by)].join("")}${gap}`;
      return inside === "" && short ? `${start}/>` : `${start}>${inside}</${name}${gap}>`;
    });
};
const spaced = (...parts: readonly fc.Arbitrary<string>[]) =>
  fc.tuple(...parts.map((part) => fc.tuple(GAP, part)), GAP).map((pieces) => pieces.flat().join(""));
const rarely = (part: fc.Arbitrary<string>) =>
  fc.oneof({ weight: 1, arbitrary: part }, { weight: 2, arbitrary: fc.constant("") });
/** Mostly no namespace. */
const NAMESPACE = fc.constantFrom(...Array(12).fill(null), "", "urn:z");

const SOURCE_HOST = fc
  .tuple(fc.option(fc.oneof({ weight: 5, arbitrary: HOST }, { weight: 1, arbitrary: LIST }), { freq: 8 }), PORT)
  .chain(([name, port]) => element("host", { name, port: port === null ? null : String(port) }));
const SECRET = fc
  .constantFrom<Record<string, string | null>[]>(
    { type: "ceph" },
    { type: "ceph" },
    {},
    { type: "iscsi" },
    { type: "ceph", uuid: OTHER_UUID },
    { usage: "x y", type: "ceph" },
  )
  .chain((values) => element("secret", values));
const DISK_AUTH = fc
  .tuple(fc.option(USERNAME, { freq: 5 }), fc.constantFrom(1, 1, 1, 0, 2))
  .chain(([username, count]) => element("auth", { username }, spaced(...Array(count).fill(SECRET))));
const SOURCE = fc
  .tuple(fc.constantFrom("rbd", "rbd", "rbd", "nbd"), CEPH_POOL, fc.nat(3), NAMESPACE)
  .chain(([protocol, name, count, xmlns]) => {
    const hosts = Array.from({ length: count }, () => SOURCE_HOST);
    const children = spaced(
      rarely(element("x", { name: "s" })),
      rarely(rarely(element("config", { file: "/x" }))),
      ...hosts,
      rarely(rarely(DISK_AUTH)),
    );
    return element("source", { protocol, name: `${name}/\u05d0 virt`, xmlns }, fc.oneof(children, fc.constant("")));
  });
/** A disk that may be in one of the random pools. */
export const RANDOM_DISK = NAMESPACE.chain((xmlns) =>
  element(
    "disk",
    { type: "network", device: "disk", xmlns },
    spaced(
      element("driver", { name: "qemu" }),
      rarely(DISK_AUTH),
      rarely(element("backingStore", {}, spaced(SOURCE))),
      SOURCE,
      rarely(element("mirror", {}, spaced(DISK_AUTH, SOURCE))),
      rarely(element("disk", {}, spaced(SOURCE))),
      rarely(rarely(SOURCE)),
    ),
  ),
);
const DEVICES = NAMESPACE.chain((xmlns) =>
  element(
    "devices",
    { xmlns },
    spaced(rarely(element("x:disk", {}, spaced(SOURCE))), RANDOM_DISK, rarely(RANDOM_DISK), rarely(RANDOM_DISK)),
  ),
);

/** A domain with disks of its own, and some elsewhere. */
export const RANDOM_DOMAIN = fc
  .tuple(fc.constantFrom(...Array(9).fill("domain"), "domainsnapshot"), NAMESPACE)
  .chain(([name, xmlns]) =>
    element(
      name,
      { type: "kvm", "xmlns:x": "urn:x", xmlns },
      spaced(
        element("name", {}, fc.constant("rbd \u00e9")),
        rarely(element("metadata", {}, spaced(RANDOM_DISK))),
        rarely(RANDOM_DISK),
        DEVICES,
        rarely(DEVICES),
      ),
    ),
  );
