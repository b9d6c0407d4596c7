// The entry module: how a result reaches standard output, standard error and the file of --output.
export type { Change } from "./change-text";
export { colourDiff } from "./colours";
export { inline, visible } from "./escape";
export { inspectionText } from "./inspection-text";
export { isPage } from "./page";
export { show, showChange, showFailure, showGenerated, showHosts } from "./show";
export { print, wasHeard, writeStderr } from "./streams";
export { isWanted, problems, type Verification, verificationText } from "./verification-text";
