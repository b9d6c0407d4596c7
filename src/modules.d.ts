declare module "*.hbs" {
  const template: (context: object, options: { helpers: Record<string, (...args: never[]) => string> }) => string;
  export default template;
}

declare module "*.py" {
  const text: string;
  export default text;
}
