// What the shells complete, from the grammar of the command line; what is not of the grammar stands in completion/.
import { readFileSync } from "node:fs";
import { conflictsOf, flagsOf, grammar } from "./grammar.mjs";

/**
 * @typedef {import("./grammar.mjs").OptionWords} OptionWords
 * @typedef {"files" | "folders" | "pools" | "volumes" | "none"} Kind what stands for a value
 * @typedef {ReturnType<typeof flagsOf> & { description: string, kind: Kind, against: string[] }} Taken an option; `kind`
 *   where it has to have a value, `against`: what a second word of it does not go with
 * @typedef {{ name: string, summary: string, argument: string, values: readonly string[], options: Taken[] }} Completed
 *   a command; `argument` is empty where it has none
 * @typedef {{ commands: Completed[], about: Taken[] }} Line
 */

/** Where the facts come from a file or an image, there is no libvirt to ask for pools. */
const ELSEWHERE = ["--pool-xml", "--host", "--root"];

/** What is the same in all three files. @type {Record<string, string>} */
const SAME = {
  made: "Made from the grammar of the command line: scripts/release/completion.mjs.",
  // A completion neither waits for another host nor asks for its password, and other URIs may name a program.
  local: "^[A-Za-z]+([+]unix)?://(/|$)",
  // The one locale of UTF-8 that is everywhere, for virsh 9.0 mangles names in C; EL 7 has C in its place.
  virsh: "LC_ALL=C.UTF-8 LANGUAGE=C timeout 5 virsh -q -r -c",
  // virsh 1.2.17 has no --name; a name may have blanks.
  row: "^ (.*[^ ]) +(in)?active +(yes|no) *$",
};

/**
 * The completion file of a shell: to be named virtinst-rbd-patch for bash, _virtinst-rbd-patch for zsh and
 * virtinst-rbd-patch.fish for fish.
 *
 * @param {"bash" | "zsh" | "fish"} shell
 * @returns {string} its text: the same for the same sources
 */
export function completion(shell) {
  const { ABOUT, COMMANDS, HELP, TOOL, optionsOf } = grammar;
  const line = {
    about: ABOUT.map(taken),
    commands: COMMANDS.map((command) => ({
      name: command.name,
      summary: command.summary,
      argument: command.argument?.name ?? "",
      values: command.argument?.values ?? [],
      options: [...optionsOf(command), HELP].map(taken),
    })),
  };
  /** @type {Record<string, string>} */
  const words = { tool: TOOL, ...SAME, ...{ bash, zsh, fish }[shell](line) };
  return readFileSync(`scripts/release/completion/${shell}.sh`, "utf8").replace(/@([a-z]+)@/g, (_, name) => {
    const text = words[name];
    if (text === undefined) throw new Error(`${shell}.sh: nothing is known for @${name}@`);
    return text;
  });
}

/** @param {OptionWords} option @returns {Taken} */
function taken(option) {
  const flags = flagsOf(option);
  const once = flags.many || option.collect ? [] : flags.names;
  return {
    ...flags,
    // A description is one of several in a list.
    description: option.description.replaceAll("`", ""),
    kind: option.completes ?? "files",
    against: [...once, ...conflictsOf(option)],
  };
}

/** Whether a value follows as a word of its own. @param {Taken} option */
const hasValue = ({ value, optional }) => value !== "" && !optional;
/** @param {readonly Taken[]} options */
const namesOf = (options) => options.flatMap(({ names }) => names);

/** @param {Line} line */
function bash({ commands, about }) {
  /** @param {string} sets @param {(option: Taken) => boolean} which */
  const branch = (sets, which) => {
    const found = commands.flatMap(({ name, options }) =>
      namesOf(options.filter(which)).map((option) => `${name}:${option}`),
    );
    return found.length > 0 ? [`    ${found.join(" | ")}) ${sets} ;;`] : [];
  };
  const kinds = [...new Set(commands.flatMap(({ options }) => options.map(({ kind }) => kind)))].sort();
  return {
    about: namesOf(about).join(" "),
    commands: commands.map(({ name }) => name).join(" "),
    elsewhere: ELSEWHERE.flatMap((name) => [name, `${name}=*`]).join(" | "),
    kinds: kinds
      .flatMap((kind) => branch(`kind=${kind}`, (option) => hasValue(option) && option.kind === kind))
      .join("\n"),
    many: branch("many=1", ({ many }) => many).join("\n"),
    options: commands
      .map(({ name, argument, values, options }) => {
        const after = values.length > 0 ? ` values='${values.join(" ")}'` : argument ? " file=1" : "";
        return `    ${name}) options='${namesOf(options).join(" ")}'${after} ;;`;
      })
      .join("\n"),
  };
}

/** In single quotes, for zsh. @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @type {Record<Kind, string>} */
const ZSH_ACTIONS = {
  files: "_files",
  folders: "_files -/",
  pools: "_virtinst_rbd_patch_pools",
  volumes: "_virtinst_rbd_patch_volumes",
  none: " ",
};

/** @param {Line} line */
function zsh({ commands, about }) {
  /** The specs of an option, one for each of its names. @param {Taken} option */
  const specs = ({ names, value, optional, description, kind, against }) =>
    names.map((name) => {
      const long = name.startsWith("--");
      const sign = value === "" ? "" : long ? (optional ? "=-" : "=") : optional ? "-" : "+";
      const again = against.includes(name) ? "" : "*";
      const said = description.replace(/[\\[\]]/g, "\\$&");
      const takes = value === "" ? "" : `:${optional ? ":" : ""}${value.replaceAll(":", "\\:")}:${ZSH_ACTIONS[kind]}`;
      return quoted(`${against.length > 0 ? `(${against.join(" ")})` : ""}${again}${name}${sign}[${said}]${takes}`);
    });
  return {
    elsewhere: ELSEWHERE.flatMap((name) => [name, `${name}=*`]).join("|"),
    about: about
      .flatMap(specs)
      .map((spec, index, all) => `        ${spec}${index < all.length - 1 ? " \\" : ""}`)
      .join("\n"),
    commands: commands.map(({ name, summary }) => `      ${quoted(`${name}:${summary}`)}`).join("\n"),
    options: commands
      .map(({ name, argument, values, options }) => {
        const own = options.flatMap(specs);
        if (argument) own.push(quoted(`:${argument}:${values.length > 0 ? `(${values.join(" ")})` : "_files"}`));
        const more = options.filter(({ many }) => many);
        const pairs = more.flatMap(({ names, kind }) => names.map((one) => `${one} ${quoted(ZSH_ACTIONS[kind])}`));
        return [
          `    (${name})`,
          ...(pairs.length > 0 ? [`      more=(${pairs.join(" ")})`] : []),
          "      specs=(",
          ...own.map((spec) => `        ${spec}`),
          "      )",
          "      ;;",
        ].join("\n");
      })
      .join("\n"),
  };
}

/** In single quotes, for fish. @param {string} text */
const fishQuoted = (text) => `'${text.replace(/[\\']/g, "\\$&")}'`;

/** How fish gets a value. @type {Record<Kind, string>} */
const FISH_ACTIONS = {
  files: "-F",
  folders: "-a '(__fish_complete_directories)'",
  pools: "-a '(__virtinst_rbd_patch_pools)'",
  volumes: "-a '(__virtinst_rbd_patch_volumes)'",
  none: "",
};

/** @param {Line} line */
function fish({ commands, about }) {
  /** @param {string} condition @param {string} rest */
  const complete = (condition, rest) => `complete -c virtinst-rbd-patch -n ${fishQuoted(condition)} ${rest}`.trimEnd();
  /** @param {string} name */
  const is = (name) => `__virtinst_rbd_patch_is ${name}`;
  /** @param {string} command @param {Taken} each */
  const option = (command, each) => {
    const names = each.names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
    const values = hasValue(each) ? [each.kind === "files" ? "-r" : "-x", FISH_ACTIONS[each.kind]] : [];
    return complete(is(command), [...names, ...values.filter(Boolean), `-d ${fishQuoted(each.description)}`].join(" "));
  };
  return {
    elsewhere: ELSEWHERE.flatMap((name) => [name, `'${name}=*'`]).join(" "),
    options: [
      ...commands.map(({ name, summary }) => complete(is('""'), `-a ${name} -d ${fishQuoted(summary)}`)),
      ...about.map((each) => option('""', each)),
      ...commands.flatMap(({ name, argument, values, options }) => {
        const more = options.filter(({ many }) => many);
        const all = namesOf(more);
        const free = all.length > 0 ? `${is(name)}; and not __virtinst_rbd_patch_more ${all.join(" ")}` : is(name);
        return [
          ...options.map((each) => option(name, each)),
          ...more.map(({ names, kind }) =>
            complete(`${is(name)}; and __virtinst_rbd_patch_more ${names.join(" ")}`, FISH_ACTIONS[kind]),
          ),
          ...(values.length > 0
            ? [
                complete(
                  `${free}; and not __fish_seen_subcommand_from ${values.join(" ")}`,
                  `-a ${fishQuoted(values.join(" "))}`,
                ),
              ]
            : argument
              ? [complete(free, "-F")]
              : []),
        ];
      }),
    ].join("\n"),
  };
}
