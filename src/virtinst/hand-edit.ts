import type { SyntaxNode, Tree } from "@lezer/common";
import { type Span, strip } from "../patch/blocks";
import { lineNumber } from "../patch/source";
import { children, has, isStatement, isTarget, lastToken, nextLine, statementsIn } from "./grammar";

/** An edit by which somebody made `_build_xml` rewrite its XML: module variables, `re.compile` and `.sub` calls. */
export interface HandEdit {
  /** Its statements, as whole lines, in order. */
  readonly spans: readonly Span[];
  /** Their line numbers, from 1, such as "12, 14 to 20". */
  readonly lines: string;
  /** All of its text, to look for a uuid in. */
  readonly text: string;
  /** What it is known to raise, in parts of a sentence; empty where nothing is known. */
  readonly raises: readonly string[];
}

/**
 * Looks for the widely copied hand edit in a method.
 *
 * Only what serves nothing but the edit belongs to it: a module variable or an import that other code uses stays.
 *
 * @param tree the whole file's tree
 * @param method the definition of `_build_xml`
 * @param source the file's text, as it was parsed
 * @param returns the two variables that the method returns
 * @returns null where there is no such edit, or where its lines hold something else too
 */
export function findHandEdit(
  tree: Tree,
  method: SyntaxNode,
  source: string,
  returns: readonly string[],
): HandEdit | null {
  const text = (node: SyntaxNode | null) => (node ? source.slice(node.from, node.to) : "");
  const module = children(tree.topNode).filter(isStatement);
  const body = statementsIn(method);
  // A pair or a chain gives other names a value too: it cannot be taken out.
  const assigns = (node: SyntaxNode) =>
    children(node)
      .map(({ name }) => name)
      .lastIndexOf("AssignOp") === 1;
  const calls = (node: SyntaxNode, pattern: RegExp) =>
    assigns(node) && node.lastChild?.name === "CallExpression" && pattern.test(text(node.lastChild));

  const compiled = [...module, ...body]
    .filter((node) => calls(node, /^re\.compile\(/))
    .map((node) => text(node.firstChild));
  const substitution = new RegExp(
    `^(?:${["re", ...compiled].map((name) => name.replace(/\W/g, "\\$&")).join("|")})\\.sub\\(`,
  );
  const substitutes = (node: SyntaxNode): boolean => {
    if (node.name === "IfStatement") return statementsIn(node).every(substitutes);
    return calls(node, substitution);
  };
  const core = body.filter((node) => substitutes(node) || calls(node, /^re\.compile\(/));
  const rewrites = (node: SyntaxNode) =>
    substitutes(node) &&
    returns.some((name) =>
      has(
        node,
        (part) => part.name === "AssignStatement" && isTarget(part.firstChild, (target) => text(target) === name),
      ),
    );
  if (!core.some(rewrites)) return null;
  // Under `if`, or of anything but the plain name, it may be guarded.
  const takesNone = (node: SyntaxNode) =>
    calls(node, substitution) && new RegExp(`[(,]\\s*${returns[0]}\\s*[,)]`).test(text(node.lastChild));
  // Where other code uses its patterns, or shares a line with it, the edit cannot be told from the rest.
  const inside = (nodes: readonly SyntaxNode[]) => (at: number) => nodes.some(({ from, to }) => from <= at && at < to);

  const places = new Map<string, number[]>();
  tree.iterate({
    enter(node) {
      if (node.name !== "VariableName") return;
      const name = source.slice(node.from, node.to);
      places.get(name)?.push(node.from) ?? places.set(name, [node.from]);
    },
  });
  const uses = (name: string, among: (at: number) => boolean) => (places.get(name) ?? []).filter(among).length;
  const patterns = core.filter((node) => calls(node, /^re\.compile\(/)).map((node) => text(node.firstChild));
  if (patterns.some((name) => uses(name, () => true) !== uses(name, inside(core)))) return null;

  // Variables of the module, and an import, that nothing but the edit uses.
  const edit = [...core];
  const reImports = module.filter((node) => text(node) === "import re");
  for (const node of module.filter(assigns)) {
    // An attribute or an index is no name.
    const name = text(node.firstChild);
    const all = uses(name, () => true);
    if (uses(name, inside(core)) > 0 && all === uses(name, inside([node, ...core]))) edit.push(node);
  }
  for (const node of reImports) if (uses("re", () => true) === uses("re", inside([node, ...edit]))) edit.push(node);

  // In the method it serves as well; a star may bring anything.
  const bringsRe = (node: SyntaxNode) =>
    node.name === "ImportStatement" && /\bimport\b[^#]*(?:\bre\b|\*)/.test(text(node));
  const importsRe = module.some(bringsRe) || has(method, bringsRe);

  edit.sort((a, b) => a.from - b.from);
  const spans = edit.map((node) => ({
    from: source.lastIndexOf("\n", node.from) + 1,
    to: nextLine(source, lastToken(node).to),
  }));
  return {
    spans,
    lines: ranges(spans.map(({ from, to }) => [lineNumber(source, from), lineNumber(source, to - 1)])),
    text: edit.map(text).join("\n"),
    raises: [
      ...(importsRe ? [] : ["NameError each time, for the module does not import re"]),
      ...(body.some(takesNone) ? ["TypeError under --import, for the first XML is None there"] : []),
    ],
  };
}

/**
 * A file without its hand edit.
 *
 * Whoever edits by hand also adds empty lines and comments; where taking some of those out too gives a known file, they
 * are taken out.
 *
 * @param source the file's text
 * @param edit the edit that was found in it
 * @param known tells a text that a release shipped
 * @returns the text; one that is known, if there is such a way to take the edit out
 */
export function withoutHandEdit(source: string, edit: HandEdit, known: (text: string) => boolean): string {
  const runs: { from: number; to: number }[] = [];
  for (const { from, to } of edit.spans) {
    const last = runs.at(-1);
    if (last && isFiller(source.slice(last.to, from))) last.to = to;
    else runs.push({ from, to });
  }
  // Between two of them is something else: what is taken out around them never overlaps.
  const choices = runs.map((run) => {
    const before = edges(
      run.from,
      (at) => source.lastIndexOf("\n", at - 2) + 1,
      (at, next) => isFiller(source.slice(next, at)),
    );
    const after = edges(
      run.to,
      (at) => nextLine(source, at),
      (at, next) => isFiller(source.slice(at, next)),
    );
    return before.flatMap((from) => after.map((to) => ({ from, to })));
  });
  const exact = strip(source, edit.spans);
  if (known(exact)) return exact;
  // Each costs the whole text, of which a release's is some 40 KB long.
  for (const spans of combinations(choices, Math.min(20_000, 1e9 / source.length))) {
    const text = strip(source, spans);
    if (known(text)) return text;
  }
  return exact;
}

/**
 * What an administrator should know of a hand edit that stays, in sentences.
 *
 * @param edit the edit
 * @param uuids the secrets of this host's pools
 */
export function describeHandEdit(edit: HandEdit, uuids: readonly string[]): string[] {
  const foreign = uuids.filter((uuid) => !edit.text.toLowerCase().includes(uuid));
  return [
    `_build_xml rewrites its XML by hand in line ${edit.lines}. The patch goes behind it and leaves the auth that it writes as it is${
      foreign.length > 0
        ? `, and that does not know ${foreign.length > 1 ? "the secrets" : "the secret"} ${foreign.join(", ")} of this host: the two conflict`
        : ", so the two do not conflict"
    }.`,
    `The edit itself stays as it is: ${edit.raises.map((error) => `it raises ${error}; `).join("")}its auth may land on disks that are not rbd. \`apply --replace-hand-edit\` takes it out.`,
  ];
}

/** Up to four empty or comment lines beyond an edge. */
function edges(start: number, step: (at: number) => number, fits: (at: number, next: number) => boolean): number[] {
  const found = [start];
  for (let at = start; found.length < 5; ) {
    const next = step(at);
    if (!fits(at, next)) break;
    found.push(next);
    at = next;
  }
  return found;
}

function isFiller(lines: string): boolean {
  return lines.split("\n").every((line) => /^[ \t]*(?:#.*)?\r?$/.test(line));
}

/** Every way to take one of each, at most some number of them: nobody's edit stands in more than a few places. */
function* combinations<T>(choices: readonly (readonly T[])[], most: number): Generator<T[]> {
  const total = choices.reduce((product, { length }) => product * length, 1);
  for (let number = 0; number < Math.min(total, most); number++) {
    let rest = number;
    yield choices.map((choice) => {
      const picked = choice[rest % choice.length] as T;
      rest = Math.floor(rest / choice.length);
      return picked;
    });
  }
}

function ranges(lines: readonly (readonly [number, number] | number[])[]): string {
  const merged: [number, number][] = [];
  for (const [first, last] of lines as [number, number][]) {
    const previous = merged.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = last;
    else merged.push([first, last]);
  }
  return merged.map(([first, last]) => (first === last ? String(first) : `${first} to ${last}`)).join(", ");
}
