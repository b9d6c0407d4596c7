/** A layout of virtinst: the file that defines `_build_xml`, and the Python that runs it. */
export interface Layout {
  /** Relative to the directory that contains the `virtinst` package. */
  readonly file: string;
  /** The major version of Python. */
  readonly python: 2 | 3;
}

/** All layouts, newest first: virt-manager 2.2 and later, 2.0 and 2.1, 1.0 to 1.5 (facts measured on every release). */
export const LAYOUTS: readonly Layout[] = [
  { file: "virtinst/install/installer.py", python: 3 },
  { file: "virtinst/installer.py", python: 3 },
  { file: "virtinst/guest.py", python: 2 },
];

/** The files that may define `_build_xml`. */
export const TARGET_FILES: readonly string[] = LAYOUTS.map(({ file }) => file);

/** The major version of the Python that runs the virtinst with this file. */
export function pythonMajor(file: string): 2 | 3 {
  return LAYOUTS.find((layout) => layout.file === file)?.python ?? 3;
}
