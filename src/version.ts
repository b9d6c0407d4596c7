import { version } from "../package.json";

/** This tool's name in markers, patch headers and messages. */
export const TOOL = "virtinst-rbd-patch";

/** This tool's version, from package.json. A patch by another version is outdated. */
export const VERSION: string = version;

/** Version of the JSON that every command prints. It changes if a field is removed or changes its meaning. */
export const FORM = 1;
