import { failed, main } from "./cli";

const words = process.argv.slice(2);
process.on("uncaughtException", (error) => process.exit(failed(error, words)));
main(words).then((code) => {
  process.exitCode = code;
});
