// One door for all that runs something.
export { proveBehaviour } from "./behaviour";
export { proveInstall } from "./install";
export { proveVolume } from "./volume";
