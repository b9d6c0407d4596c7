import type { SyntaxNode, Tree } from "@lezer/common";

/** Whether a node, or one inside it, passes a test; what is inside a node to leave out is not looked at. */
export function has(
  node: SyntaxNode,
  test: (node: SyntaxNode) => boolean,
  leaveOut: (node: SyntaxNode) => boolean = () => false,
): boolean {
  return test(node) || (!leaveOut(node) && children(node).some((child) => has(child, test, leaveOut)));
}

/** Whether a node has names of its own: what is assigned inside it is not assigned around it. */
export function isScope(node: SyntaxNode): boolean {
  return ["FunctionDefinition", "ClassDefinition", "LambdaExpression"].includes(node.name);
}

/** Whether a node is a statement, a definition, or several statements on one line. */
export function isStatement(node: SyntaxNode): boolean {
  return /Statement$|Definition$|^StatementGroup$/.test(node.name);
}

/** The name that a class or function definition defines. */
export function nameOf(definition: SyntaxNode, source: string): string {
  const name = definition.getChild("VariableName");
  return name ? source.slice(name.from, name.to) : "";
}

/** The statements in a node's body; in all of its bodies, such as those of an `if` and its `else`. */
export function statementsIn(node: SyntaxNode): SyntaxNode[] {
  return children(node)
    .filter(({ name }) => name === "Body")
    .flatMap((body) => children(body).filter(isStatement));
}

/** A node's children, in order; none for no node. */
export function children(node: SyntaxNode | null): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node?.firstChild; child; child = child.nextSibling) found.push(child);
  return found;
}

/** The last token of a statement that is not a comment. */
export function lastToken(node: SyntaxNode): SyntaxNode {
  const last = children(node)
    .filter((child) => child.name !== "Comment")
    .at(-1);
  return last ? lastToken(last) : node;
}

/** Where the grammar could not read the text. */
export function errorsIn(tree: Tree): number[] {
  const found: number[] = [];
  tree.iterate({
    enter(node) {
      if (node.type.isError) found.push(node.from);
    },
  });
  return found;
}

/** Offset of the line after the one that an offset is on. */
export function nextLine(source: string, at: number): number {
  const end = source.indexOf("\n", at);
  return end < 0 ? source.length : end + 1;
}

/** Whether a name stands in an assignment's target: itself or in a tuple or list, not as an object or index. */
export function isTarget(node: SyntaxNode | null, isName: (node: SyntaxNode) => boolean): boolean {
  if (!node) return false;
  if (isName(node)) return true;
  return (
    ["TupleExpression", "ArrayExpression", "ParenthesizedExpression"].includes(node.name) &&
    children(node).some((child) => isTarget(child, isName))
  );
}
