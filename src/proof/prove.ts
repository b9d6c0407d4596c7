// One door for all that runs something.
export { proveBehaviour } from "./behaviour";
export { proveVolume } from "./volume";
