// The entry module of src/output: how a result reaches standard output, standard error and the files of --output.
export { colourDiff } from "./output/colours";
export { inline } from "./output/escape";
export { inspectionText } from "./output/inspection-text";
export { isPage } from "./output/page";
export { show, showChange, showFailure, showGenerated, showHosts, writeOutput } from "./output/show";
export { print, wasHeard, writeStderr } from "./output/streams";
export { problems, verificationText } from "./output/verification-text";
