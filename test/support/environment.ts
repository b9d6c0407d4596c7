// Runs before each file of unit tests: a test sees the programs that global-setup.ts links, and no others.
import { inject } from "vitest";

process.env.PATH = inject("barePath");
// It makes Node load a certificate store and start in twice the time.
delete process.env.NODE_EXTRA_CA_CERTS;
// With it, no test would see that a program writes byte code.
delete process.env.PYTHONDONTWRITEBYTECODE;
