// One recipe a layout, oldest first: a new virt-manager release is a line in a recipe, or a recipe more.
import guest10 from "./guest-1.0.json";
import guest14 from "./guest-1.4.json";
import installer20 from "./installer-2.0.json";
import installer22 from "./installer-2.2.json";
import installer40 from "./installer-4.0.json";

export default [guest10, guest14, installer20, installer22, installer40];
