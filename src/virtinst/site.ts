import type { SyntaxNode, Tree } from "@lezer/common";
import { parser } from "@lezer/python";
import { Failure } from "../failure";
import type { Site } from "../patch/insert";
import { lineNumber } from "../patch/source";
import {
  children,
  errorsIn,
  has,
  isScope,
  isStatement,
  isTarget,
  lastToken,
  nameOf,
  nextLine,
  statementsIn,
} from "./grammar";
import { findHandEdit, type HandEdit } from "./hand-edit";
import { RECIPES, type Recipe } from "./recipes";

/** The place for the blocks, and the layout that it was found by. */
export interface FoundSite extends Site {
  readonly recipe: Recipe;
  /** What somebody made the method do by hand, if so. */
  readonly handEdit: HandEdit | null;
}

/**
 * Finds where the blocks go, by Python's grammar.
 *
 * @param text the whole file, without our blocks
 * @param file its path relative to the folder that holds `virtinst`: recipes for other files are not tried
 * @param shown its path in messages
 * @param restoring how to get a clean file, for a hint
 * @throws Failure (target) where no recipe fits or the place is not certain, with line numbers
 */
export function findSite(
  text: string,
  file: string,
  shown: string,
  restoring = "Get a clean file from its package",
): FoundSite {
  // Lezer knows no byte order mark; a line break in its place moves no offset.
  const source = text.startsWith("\uFEFF") ? `\n${text.slice(1)}` : text;
  const tree = parser.parse(source);
  const unsure = (why: string, at: number): Failure =>
    new Failure(
      "target",
      `${shown}, line ${lineNumber(source, at)}: ${why}, so the place for the patch is not certain.`,
      `${restoring}, then apply again.`,
    );
  const nul = source.indexOf("\0");
  if (nul >= 0) throw unsure("there is a NUL, and Python takes no such file", nul);
  const errors = errorsIn(tree);

  const found: string[] = [];
  for (const recipe of RECIPES.filter((candidate) => candidate.file === file)) {
    const methods = methodsOf(tree, source, recipe);
    const [method, second] = methods;
    // The grammar does not know all of Python 2 (`print a, b`). Where it stumbled elsewhere, what it found has to be
    // all that there is; where it stumbled in the method, nothing is certain.
    const stumbled = errors.find((at) => !method || (at >= method.from && at <= method.to));
    if (stumbled !== undefined && source.includes(`def ${recipe.method}`))
      throw unsure("this is not Python that can be read", stumbled);
    if (!method) continue;
    if (errors.length > 0 && source.split(`def ${recipe.method}`).length !== 2)
      throw unsure("this is not Python that can be read", errors[0] as number);
    if (second) throw unsure(`class ${recipe.class} defines ${recipe.method} more than once`, second.from);
    const parameters = parameterNames(method, source);
    const pair = returnedPair(method, source);
    const shape = `${recipe.class}.${recipe.method}(${parameters.join(", ")}) returning ${pair?.join(", ") ?? "something else"}`;
    found.push(`${shape} in line ${lineNumber(source, method.from)}`);
    if (pair?.join() !== recipe.returns.join()) continue;
    if (!recipe.parameters.some((known) => known.join() === parameters.join())) continue;
    const site = siteIn(tree, method, source, recipe, unsure);
    const early = errors.find((at) => at < site.helperAt);
    if (early !== undefined) throw unsure("this is not Python that can be read", early);
    const handEdit = findHandEdit(tree, method, source, recipe.returns);
    return { ...site, recipe, handEdit };
  }
  throw new Failure(
    "target",
    `${shown}: no known layout of _build_xml (found: ${[...new Set(found)].join("; ") || "no such method"}).`,
    `Supported are ${RECIPES.map(describe).join("; ")}.`,
  );
}

function describe(recipe: Recipe): string {
  const releases = Object.keys(recipe.pristine);
  return `${recipe.class}.${recipe.method} in ${recipe.file} returning ${recipe.returns.join(", ")} (${releases[0]} to ${releases.at(-1)})`;
}

function siteIn(
  tree: Tree,
  method: SyntaxNode,
  source: string,
  recipe: Recipe,
  unsure: (why: string, at: number) => Failure,
): Site {
  const statements = statementsIn(method);
  const assigning = statements.filter((statement) => recipe.returns.some((name) => binds(statement, name, source)));
  for (const name of recipe.returns)
    if (!assigning.some((statement) => binds(statement, name, source)))
      throw unsure(`${recipe.method} returns ${name} but never assigns it`, method.from);
  const last = assigning.at(-1) as SyntaxNode;
  const callAt = nextLine(source, lastToken(last).to);

  // At least the return comes behind it.
  const next = statements.find((statement) => statement.from >= last.to) as SyntaxNode;
  if (next.from < callAt) throw unsure("another statement shares the line of the last assignment", last.from);
  for (const statement of returnsIn(method)) {
    const pair = tuple(statement, source)?.join() === recipe.returns.join();
    if (statement.from > callAt ? !pair : !returnsNothing(statement, source))
      throw unsure(
        statement.from > callAt
          ? `this return gives something other than ${recipe.returns.join(", ")}`
          : "this return leaves the method before the domain's XML is complete",
        statement.from,
      );
  }
  const first = statements[0] as SyntaxNode;
  return {
    helperAt: helperPlace(tree, source, unsure),
    callAt,
    indent: indentation(source, first, unsure),
    variables: recipe.returns,
  };
}

/** The line after the last import at the top level that stands before any class or function. */
function helperPlace(tree: Tree, source: string, unsure: (why: string, at: number) => Failure): number {
  let last: SyntaxNode | null = null;
  for (const statement of children(tree.topNode)) {
    if (["ClassDefinition", "FunctionDefinition", "DecoratedStatement"].includes(statement.name)) break;
    if (has(statement, (node) => node.name === "ImportStatement")) last = statement;
  }
  if (!last) throw unsure("there is no import before the first class", 0);
  const at = nextLine(source, lastToken(last).to);
  const next = children(tree.topNode).find((node) => node.from >= (last as SyntaxNode).to && isStatement(node));
  if (next && next.from < at) throw unsure("another statement shares the line of the last import", last.from);
  return at;
}

/** All definitions of the recipe's method directly in its class, at any depth of the module. */
function methodsOf(tree: Tree, source: string, recipe: Recipe): SyntaxNode[] {
  const methods: SyntaxNode[] = [];
  tree.iterate({
    enter({ node }) {
      if (node.name !== "FunctionDefinition" || nameOf(node, source) !== recipe.method) return;
      // A definition behind a decorator, or under `if` or `try`, still belongs to the class.
      let parent = node.parent;
      while (parent && !["ClassDefinition", "FunctionDefinition"].includes(parent.name)) parent = parent.parent;
      if (parent?.name === "ClassDefinition" && nameOf(parent, source) === recipe.class) methods.push(node);
    },
  });
  return methods;
}

function parameterNames(method: SyntaxNode, source: string): string[] {
  return children(method.getChild("ParamList"))
    .filter((node) => node.name === "VariableName")
    .map((node) => source.slice(node.from, node.to));
}

/** The two expressions that the method's last statement returns, if it does return two. */
function returnedPair(method: SyntaxNode, source: string): string[] | null {
  const last = statementsIn(method).at(-1);
  return last?.name === "ReturnStatement" ? tuple(last, source) : null;
}

/** The two expressions in `return A, B` or `return (A, B)`; null for any other return. */
function tuple(statement: SyntaxNode, source: string): string[] | null {
  const parenthesised = statement.getChild("TupleExpression");
  const items = children(parenthesised ?? statement).filter(
    (node) => !["return", "(", ")", ",", "Comment"].includes(node.name),
  );
  if (items.length !== 2) return null;
  return items.map((node) => source.slice(node.from, node.to));
}

function returnsNothing(statement: SyntaxNode, source: string): boolean {
  return source.slice(statement.from, statement.to).replace(/None\b|[\s(),]/g, "") === "return";
}

/** Every return of the method itself, not those of functions and classes within it. */
function returnsIn(method: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  const visit = (node: SyntaxNode) => {
    if (node.name === "ReturnStatement") found.push(node);
    else if (!isScope(node)) children(node).forEach(visit);
  };
  children(method.getChild("Body")).forEach(visit);
  return found;
}

/** Whether a statement, or one inside it, gives a name a value in the method's own scope. */
function binds(statement: SyntaxNode, name: string, source: string): boolean {
  const isName = (node: SyntaxNode) => node.name === "VariableName" && source.slice(node.from, node.to) === name;
  return has(
    statement,
    (node) => {
      switch (node.name) {
        case "AssignStatement":
        case "NamedExpression": {
          const operators = children(node).filter((child) => child.name === "AssignOp");
          const end = operators.at(-1)?.from ?? node.from;
          return children(node).some((child) => child.to <= end && isTarget(child, isName));
        }
        case "UpdateStatement":
          return isTarget(node.firstChild, isName);
        case "ForStatement":
        case "WithStatement":
        case "TryStatement":
        case "DeleteStatement":
        case "ImportStatement":
        case "ScopeStatement":
          return children(node).some((child) => isTarget(child, isName));
        case "FunctionDefinition":
        case "ClassDefinition":
        case "CapturePattern":
        case "AsPattern":
          return children(node).some(isName);
        default:
          return false;
      }
    },
    isScope,
  );
}

function indentation(source: string, statement: SyntaxNode, unsure: (why: string, at: number) => Failure): string {
  const begin = source.lastIndexOf("\n", statement.from) + 1;
  const indent = source.slice(begin, statement.from);
  if (!/^[ \t\f]+$/.test(indent)) throw unsure("the method's body does not begin on a line of its own", statement.from);
  return indent;
}
