// The man page, from the grammar of the command line.
import { readFileSync } from "node:fs";
import { conflictsOf, flagsOf, grammar } from "./grammar.mjs";

/** @typedef {import("./grammar.mjs").OptionWords} OptionWords */

/** What of the environment is read, and what for. */
export const ENVIRONMENT = {
  PATH: "Where virt-install, its Python and virsh are looked for.",
  EPYTHON: "On Gentoo, the Python with which python-exec starts virt-install.",
  PYTHONPATH: "It belongs to virt-install. Where it has that import another virtinst, `verify` names the folder.",
  NO_COLOR: "Set to anything, there are no colours.",
  FORCE_COLOR: "With 1, there are colours even if standard output is not a terminal.",
  TERM: "With dumb, there are no colours.",
  TMPDIR: "Where a proof has its temporary folder, which goes with it; /tmp by default.",
};

/** What is copied or searched for keeps its minus signs; in prose, a hyphen is one. */
const LITERAL =
  /`[^`]+`|(?<![\w-])--?[A-Za-z][\w-]*|\b(?:virt-\w+|pool-dumpxml|secret-dumpxml|python-exec|virtinst-rbd-patch)\b|\S*\/\S*|(?<!\S)-(?!\S)/g;

/**
 * A text that is printed as it is.
 *
 * @param {string} text
 */
function characters(text) {
  /** @type {Record<string, string>} */
  const named = { "\\": "\\(rs", "'": "\\(aq", '"': "\\(dq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti" };
  return [...text]
    .map(
      (one) =>
        named[one] ?? (one > "~" ? `\\[u${one.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}]` : one),
    )
    .join("");
}

/** A text whose minus signs are such. @param {string} text */
const literal = (text) => characters(text).replaceAll("-", "\\-");
/** @param {string} text */
const bold = (text) => `\\fB${literal(text)}\\fR`;
/** @param {string} text */
const italic = (text) => `\\fI${literal(text)}\\fR`;

/** A line of text that cannot be taken for a request. @param {string} text */
const line = (text) => (/^[.']/.test(text) ? `\\&${text}` : text);

/** A sentence in lines of the length that troff's own checkers ask for. @param {string} sentence */
function lines(sentence) {
  /** @type {string[]} */
  const out = [];
  for (const word of sentence.split(" ")) {
    const longer = out.length > 0 ? `${out.at(-1)} ${word}` : word;
    if (out.length > 0 && longer.length <= 78) out[out.length - 1] = longer;
    else out.push(word);
  }
  return out.map(line).join("\n");
}

/**
 * Sentences, each on a line of its own: what is in backquotes and the options in bold.
 *
 * @param {string} text
 */
function prose(text) {
  const plain = text.replace(/\s+/g, " ").trim();
  return plain
    .split(/(?<=[.:;?!]) (?=[A-Z`])/)
    .map((sentence) => {
      let [out, at] = ["", 0];
      for (const { 0: found, index } of sentence.matchAll(LITERAL)) {
        const strong = /^[-`]/.test(found);
        const code = found.replaceAll("`", "");
        out += characters(sentence.slice(at, index)) + (strong ? bold(code) : literal(code));
        at = index + found.length;
      }
      return lines(out + characters(sentence.slice(at)));
    })
    .join("\n");
}

/** @param {string} text @param {string} end */
const ended = (text, end = ".") => (/[.?!]$/.test(text) ? text : `${text}${end}`);
/** @param {string} text */
const capital = (text) => `${text[0]?.toUpperCase()}${text.slice(1)}`;

/** A term, and what is said of it. @param {string} term @param {readonly string[]} said */
const tagged = (term, said) => `.TP\n${line(term)}\n${said.map((each) => prose(ended(each))).join("\n")}`;

/** @param {OptionWords} option */
function optionTerm(option) {
  const { names, value, many, optional } = flagsOf(option);
  const shown = value && `${italic(value.toUpperCase())}${many ? " ..." : ""}`;
  return `${names.map(bold).join(", ")}${value && (optional ? ` [${shown}]` : ` ${shown}`)}`;
}

/** @param {OptionWords} option @param {readonly string[]} [more] */
function optionText(option, more = []) {
  const others = conflictsOf(option);
  const against = others.length > 0 ? [`Not together with ${others.join(", ")}`] : [];
  return tagged(optionTerm(option), [capital(option.description), ...against, ...more]);
}

/** A heading without what it adds in brackets, and that. @param {string} heading */
function headingParts(heading) {
  const [, base = heading, added = ""] = /^(.*?) \((.*)\)$/.exec(heading) ?? [];
  return { base, added };
}

/** @param {readonly string[]} names */
const listed = (names) => (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);

/**
 * The man page of section 1.
 *
 * @returns {string} the text of virtinst-rbd-patch.1: the same for the same sources
 */
export function manPage() {
  const { ABOUT, COMMANDS, EXITS, LAYOUTS, PURPOSE, TOOL, VERSION, exitsOf, usage } = grammar;

  const synopsis = COMMANDS.map(
    ({ name, argument }) =>
      `${bold(`${TOOL} ${name}`)} [${italic("options")}]${argument ? ` ${usage(argument).replace(/\w+/, italic)}` : ""}`,
  );

  const commands = COMMANDS.flatMap((command) => {
    const { name, argument, purpose, options, groups, page } = command;
    const parts = groups.map(({ heading }) => headingParts(heading));
    const taken = parts.map(({ base, added }) => {
      const everywhere = COMMANDS.every((other) =>
        other.groups.every(
          ({ heading }) => headingParts(heading).base !== base || headingParts(heading).added === added,
        ),
      );
      return `"${base}"${added && !everywhere ? ` (${added})` : ""}`;
    });
    const values = argument?.values ? [`${usage(argument)} is one of ${listed(argument.values)}.`] : [];
    return [
      `.SS ${literal(name)}`,
      ...[purpose, ...values].map((text) => `.PP\n${prose(text)}`),
      ...options.map((option) => optionText(option)),
      `.PP\n${prose(`It takes the options below ${listed(taken)} too.${page ? ` More: docs/${page}.` : ""}`)}`,
    ];
  });

  const bases = [...new Set(COMMANDS.flatMap(({ groups }) => groups.map(({ heading }) => headingParts(heading).base)))];
  const options = bases.flatMap((base) => {
    const takers = COMMANDS.flatMap(({ name, groups }) =>
      groups.filter(({ heading }) => headingParts(heading).base === base).map((group) => ({ name, group })),
    );
    const added = new Set(takers.map(({ group }) => headingParts(group.heading).added));
    const [common = ""] = added.size === 1 ? added : [];
    /** @type {Map<string, { option: OptionWords, names: string[] }[]>} by flags, each description with its commands */
    const kinds = new Map();
    for (const { name, group } of takers)
      for (const option of group.options) {
        const said = kinds.get(option.flags) ?? [];
        const same = said.find((other) => other.option.description === option.description);
        if (same) same.names.push(name);
        else said.push({ option, names: [name] });
        kinds.set(option.flags, said);
      }
    return [
      `.SS ${characters(base)}`,
      ...(common ? [`.PP\n${prose(ended(capital(common)))}`] : []),
      ...[...kinds.values()].map((said) => {
        const [first] = said;
        if (!first) throw new Error(`${base}: an option without a command`);
        const whose = said.flatMap(({ names }) => names);
        const only = whose.length < takers.length ? [`Of ${listed(whose)} only`] : [];
        if (said.length === 1) return optionText(first.option, only);
        const each = said.map(({ option, names }) => `Of ${listed(names)}: ${option.description}`);
        return tagged(optionTerm(first.option), each);
      }),
    ];
  });

  const codes = [...new Set([EXITS, ...COMMANDS.map((command) => command.exits)].flatMap(Object.keys))].sort();
  const exits = codes.map((code) => {
    const meant = COMMANDS.filter((command) => code in command.exits).map((command) => exitsOf(command)[Number(code)]);
    const own = [...new Set(meant)].map((what = "") => {
      const whose = COMMANDS.filter((command) => exitsOf(command)[Number(code)] === what).map(({ name }) => name);
      return `Of ${listed(whose)}: ${what}`;
    });
    const all = EXITS[Number(code)];
    return tagged(bold(code), [...(all === undefined ? [] : [capital(all)]), ...own]);
  });

  const targets = LAYOUTS.map(({ file }) => [
    italic(file),
    "The file that is patched, below the directory of virtinst (usually /usr/share/virt-manager).",
  ]);
  const files = [
    ...targets,
    [
      italic("/etc/libvirt/storage/*.xml"),
      "The pools, which are read where `--root` names a system that does not run. Else libvirt is asked.",
    ],
    [
      italic("/etc/libvirt/secrets/*.xml"),
      "The secrets that these name, the same. Their values are not read, here or anywhere.",
    ],
    [italic("/etc/python-exec/*.conf"), "On Gentoo, with which Python virt-install is started."],
  ].map(([term = "", text = ""]) => tagged(term, [text]));

  const examples = COMMANDS.flatMap((command) =>
    command.examples.map(({ words, what }) => tagged(bold(`${TOOL} ${words}`), [capital(what)])),
  );

  const about = ABOUT.map((option) => optionText(option));
  const also = ["virt-install", "virt-xml", "virsh", "patch"].map((name) => `.BR ${literal(name)} (1)`).join(" ,\n");
  return `${[
    `.\\" Made from the grammar of the command line: scripts/release/man.mjs.`,
    `.TH ${literal(TOOL.toUpperCase())} 1 "${releasedOn(VERSION)}" "${TOOL} ${VERSION}" "User Commands"`,
    // What is copied stays in one piece.
    ".nh",
    ".ad l",
    ".SH NAME",
    `${literal(TOOL)} \\- makes virt\\-install start guests on Ceph`,
    ".SH SYNOPSIS",
    ".nf",
    ...synopsis,
    ...ABOUT.map(({ flags }) => `${bold(TOOL)} ${bold(flags.split(", ").at(-1) ?? "")}`),
    ".fi",
    ".SH DESCRIPTION",
    prose(PURPOSE),
    ".PP",
    prose(
      "For that it adds a function to the one file of virtinst that makes a new guest's XML. The function holds what this host's pools need and nothing of another host's. It changes that one file and keeps no state of its own: all that it knows of what it did stands in the file, between two marks, and `revert` gives the file back to the byte. A guest that exists stays as it is.",
    ),
    ".PP",
    prose("Options come after the command. Each command has a help of its own: `--help`."),
    ".SH COMMANDS",
    ...commands,
    ".SH OPTIONS",
    ...options,
    ".SS Everywhere",
    ...about,
    ".SH EXIT STATUS",
    ...exits,
    ".SH ENVIRONMENT",
    ...Object.entries(ENVIRONMENT).map(([name, text]) => tagged(bold(name), [text])),
    ".SH FILES",
    prose(`${TOOL} has no configuration, database or backup of its own.`),
    ...files,
    ".SH EXAMPLES",
    ...examples,
    ".SH SEE ALSO",
    also,
  ]
    .join("\n")
    .replace(/^(\.S[HS] .*)\n\.PP$/gm, "$1")}\n`;
}

/**
 * The day on which a version was released, as the changelog has it; empty where it is not.
 *
 * @param {string} version
 */
function releasedOn(version) {
  const heading = readFileSync("CHANGELOG.md", "utf8")
    .split("\n")
    .find((each) => each.startsWith(`## ${version} `));
  return /\b\d{4}-\d{2}-\d{2}\b/.exec(heading ?? "")?.[0] ?? "";
}
