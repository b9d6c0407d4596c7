import { version } from "../package.json";

/** This tool's name, as it stands in markers, patch headers and messages. */
export const TOOL = "virtinst-rbd-patch";

/** This tool's version, from package.json: a block made by another version is stale. */
export const VERSION: string = version;

/** Version of the JSON that every command prints; a field that goes or changes its meaning makes it another one. */
export const FORM = 1;
