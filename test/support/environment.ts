// Runs before each file of unit tests: a test sees the programs that global-setup.ts links, and no others.
import { inject } from "vitest";

process.env.PATH = inject("barePath");
// With it, no test would see that a program writes byte code.
delete process.env.PYTHONDONTWRITEBYTECODE;
