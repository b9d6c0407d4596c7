declare module "*.hbs" {
  const template: (context: object, options?: { helpers?: Record<string, (...args: never[]) => string> }) => string;
  export default template;
}

declare module "templates:hooks" {
  /** Each file below templates/hooks: by its engine, and its path without .hbs. */
  const hooks: Record<string, Record<string, string | typeof import("*.hbs")["default"]>>;
  export default hooks;
}

declare module "*.py" {
  const text: string;
  export default text;
}

declare module "*.sh" {
  export { default } from "*.py";
}
