// One door to what only a terminal needs.
export { inspection, nextStep, verification } from "../report/pages";
export { width, wrapped } from "../report/wrap";
export { page } from "../system/pager";
