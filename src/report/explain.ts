import { quoted } from "../failure";
import { BLOCK_FORMAT, VERSION } from "../version";
import { aligned, type Row, type Screen } from "./screen";
import { type Colours, inline, monitorsText } from "./text";

/** A pool, as the blocks have it. */
interface ShownPool {
  readonly libvirtPools: readonly string[];
  readonly cephPool: string;
  readonly monitors: readonly { readonly name: string; readonly port: number | null }[];
  readonly auth: { readonly username: string; readonly uuid: string } | null;
}

/** What `explain` shows. */
export interface ShownExplanation {
  readonly file: string | null;
  /** The release that is stated beside the file. */
  readonly release: string | null;
  readonly host: string | null;
  readonly source: string | null;
  readonly state: string | null;
  readonly stateReason: string | null;
  readonly need: string | null;
  readonly needReason: string | null;
  readonly blocks: {
    readonly tool: string | null;
    readonly format: number | null;
    readonly intact: boolean | null;
    readonly inPlace: boolean | null;
    readonly spans: readonly { readonly first: number; readonly last: number }[];
    readonly markers: readonly number[];
    readonly pristine: {
      readonly sha256: string;
      readonly modified: string | null;
      readonly shippedIn: readonly string[];
      readonly unchanged: boolean;
    } | null;
    readonly pools: readonly ShownPool[];
    readonly complete: boolean;
  } | null;
  readonly fit: {
    readonly status: string;
    readonly differences: readonly string[];
    readonly reason: string | null;
    readonly hint: string | null;
  } | null;
  readonly handEdit: { readonly lines: string; readonly raises: readonly string[] } | null;
  readonly next: string;
}

/** So many pools, markers and differences are shown, and so much of a value: blocks can be made to say anything. */
const MOST = 100;
const LONGEST = 1000;

/** What stands for a value that blocks should have. */
const UNREADABLE = "(cannot be read)";

/** A command in the words of the next step. */
const COMMAND = /`virtinst-rbd-patch ([^`]+)`/g;

/** What a command of the next step is for. */
const NEXT: Readonly<Record<string, string>> = {
  verify: "To see whether it works",
  revert: "To take it out, as root",
  apply: "To patch it, as root",
  "apply --check --diff": "To see what the patch changes",
  inspect: "To see whether this host needs the patch",
};

/**
 * What is in the patched file, for a person: the verdict, what it goes by, the next step.
 *
 * @param whole a command of this tool with what names the same host and virtinst
 */
export function explanationText(shown: ShownExplanation, screen: Screen, whole: (name: string) => string): string {
  const { terminal } = screen;
  const { blocks, fit, handEdit, need, needReason } = shown;
  const rows: Row[] = blocks ? [...writtenRows(blocks), ...pristineRows(shown, blocks), ...poolRows(blocks)] : [];
  if (fit) rows.push(...fitRows(shown, fit));
  if (need !== null) rows.push(["Need", `${need}: ${needReason}`]);
  if (handEdit) rows.push(...handEditRows(handEdit));
  const commands = [...shown.next.matchAll(COMMAND)].map(([, name]) => name as string);
  const pages = commands.length > 0 ? terminal?.pages : undefined;
  if (!pages) rows.push(["Next", shown.next.replace(COMMAND, (_, name) => `\`${whole(name)}\``)]);
  const said = { lead: "", text: colourOf(shown.state, screen)(tidy(verdict(shown))), hang: 2 };
  return screen.fit([
    said,
    ...aligned(
      rows.map(([label, value]) => [label, tidy(value)]),
      screen,
    ),
    ...(pages ? commands.flatMap((name) => pages.nextStep(NEXT[name] ?? "Next", whole(name))) : []),
  ]);
}

function verdict({ file, state, stateReason, blocks }: ShownExplanation): string {
  switch (state) {
    case "absent":
      return `${file} is not patched: ${stateReason}.`;
    case "current":
      return `${file} is patched, and just as this host needs it.`;
    case "damaged":
      if ((blocks?.format ?? 0) > BLOCK_FORMAT && blocks?.tool !== VERSION)
        return `${file} is patched by another version: ${stateReason}.`;
      return `${file} is patched, but the patch is damaged: ${stateReason}.`;
    case "stale":
      return `${file} is patched, but not as this host needs it now: ${stateReason}.`;
    case "edited":
      return `${file} is patched, and was changed since: ${stateReason}.`;
    default:
      return `${file} is patched, and the patch is whole; whether it still fits this host was not compared.`;
  }
}

type Blocks = NonNullable<ShownExplanation["blocks"]>;

function writtenRows({ tool, format, spans, markers, intact, inPlace }: Blocks): Row[] {
  const about = [
    ...(format === null ? [] : [`format ${format} of the blocks`]),
    tool === VERSION ? "this version" : `this is ${VERSION}`,
  ].join("; ");
  const [helper, calls] = spans;
  const state = [
    ...(intact === null ? [] : [intact ? "as it was written" : "changed by hand since it was written"]),
    ...(inPlace === false ? ["moved since it was put there"] : []),
  ];
  const place =
    helper && calls
      ? `lines ${helper.first} to ${helper.last} (the function), ${calls.first} to ${calls.last} (its calls in _build_xml); ${state.join(", ")}`
      : `not certain; ${markers.length > 0 ? `markers in line ${some(markers.map(String)).join(", ")}` : "no marker is there"}`;
  return [
    ["Patched by", `${tool === null ? "an unknown version of this tool" : `virtinst-rbd-patch ${tool}`} (${about})`],
    ["  it stands", place],
  ];
}

function pristineRows({ release }: ShownExplanation, { pristine }: Blocks): Row[] {
  if (!pristine) return [];
  const { sha256, modified, shippedIn, unchanged } = pristine;
  return [
    [
      "Put into",
      shippedIn.length > 0
        ? `the file of virt-manager ${shippedIn.join(", ")}`
        : `a file that no upstream release has: a distribution's${release === null ? "" : ` (of virt-manager ${release}, it says)`}, or changed by hand before`,
    ],
    ["  sha256", sha256],
    [
      "  changed",
      modified === null
        ? "at a time that no clock shows"
        : `${modified.replace(/[TZ]/g, " ")}UTC: what revert puts back`,
    ],
    ["  now", unchanged ? "around the patch it is still that file" : "around the patch it was changed since"],
  ];
}

function poolRows({ pools, complete }: Blocks): Row[] {
  const rows = some(pools, (count) => `${count} more, which --json has`).flatMap((pool): Row[] => {
    if (typeof pool === "string") return [["", pool]];
    const { cephPool, auth } = pool;
    // What cannot be read is empty.
    const libvirtPools = pool.libvirtPools.filter((name) => name !== "");
    const monitors = pool.monitors.map(({ name, port }) => ({ name: name || UNREADABLE, port: name ? port : null }));
    const many = libvirtPools.length > 1 ? "s" : "";
    const names =
      libvirtPools.length > 0 ? `libvirt pool${many} ${quoted(libvirtPools)}` : "pools whose names cannot be read";
    return [
      ["Made for", `${names}${cephPool === "" ? "" : `, Ceph pool ${JSON.stringify(cephPool)}`}`],
      ["  monitors", monitorsText(monitors)],
      ["  user", auth ? auth.username || UNREADABLE : "none: the pool has no auth"],
      ...(auth ? [["  secret", auth.uuid || UNREADABLE] as const] : []),
    ];
  });
  if (rows.length === 0) return [["Made for", "pools that cannot be read"]];
  return complete ? rows : [...rows, ["", "That is not all: what else it says of its pools cannot be read."]];
}

function fitRows({ host, source }: ShownExplanation, fit: NonNullable<ShownExplanation["fit"]>): Row[] {
  const { status, differences, reason, hint } = fit;
  if (reason !== null) return [["This host", `not compared: ${reason}. ${hint ?? ""}`.trim()]];
  const where = host === null ? source : `${host} (${source})`;
  if (status === "fits") return [["This host", `${where}: the same pools, monitors, users and secrets`]];
  const listed = some(differences, (count) => `${count} more, which --json has`);
  return [["This host", `${where} differs:`], ...listed.map((difference): Row => ["", difference])];
}

function handEditRows({ lines, raises }: NonNullable<ShownExplanation["handEdit"]>): Row[] {
  const raised = raises.map((error) => `; it raises ${error}`).join("");
  return [
    [
      "Hand edit",
      `line ${lines}: somebody made _build_xml rewrite its XML, and this tool did not${raised}. \`virtinst-rbd-patch apply --replace-hand-edit\` takes it out.`,
    ],
  ];
}

/** The first of many, with a word for the rest. */
function some<T>(all: readonly T[], rest = (count: number) => `and ${count} more`): (T | string)[] {
  return all.length > MOST ? [...all.slice(0, MOST), rest(all.length - MOST)] : [...all];
}

/** A value from a file that may say anything, on one line of some length. */
function tidy(value: string): string {
  const short = value.length > LONGEST ? `${value.slice(0, LONGEST / 2)}…${value.slice(-LONGEST / 2)}` : value;
  return inline(short);
}

function colourOf(state: string | null, colors: Colours): (text: string) => string {
  return state === "current" ? colors.green : state === "damaged" ? colors.red : colors.yellow;
}
