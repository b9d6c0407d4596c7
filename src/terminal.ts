// One door to the streams: what the command line says through them, and how.
export { again } from "./terminal/again";
export { announcing, type Changing, showChange } from "./terminal/change";
export { showHosts } from "./terminal/hosts";
export { writeFolder, writeOutput } from "./terminal/output";
export { type Manner, note, sayFailure, wasHeard } from "./terminal/screen";
export { show, showMade } from "./terminal/show";
export { complain, print, printJsonError } from "./terminal/streams";
