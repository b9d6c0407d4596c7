import { decode } from "../patch/source";
import { Failure } from "../report/failure";
import { readFile } from "../system/read";
import { byName, type HostConfig, type HostOptions, type Pool, type Secret } from "./config";
import { readPool, readSecret } from "./xml";

/** Reads the files that were named for pools and secrets. */
export function readXmlFiles({ poolXml = [], secretXml }: HostOptions): HostConfig {
  return {
    host: null,
    source: poolXml.join(", "),
    pools: readPoolFiles(poolXml),
    secrets: secretXml ? readSecretFiles(secretXml) : null,
  };
}

/** The rbd pools among some files, by name. */
export function readPoolFiles(files: readonly string[]): Pool[] {
  const pools = files.map((file) => readPool(readUtf8(file), file, null));
  return byName(pools.filter((pool): pool is Pool => pool !== null));
}

/** The secrets in some files, never their values. */
export function readSecretFiles(files: readonly string[]): Secret[] {
  return files.map((file) => readSecret(readUtf8(file), file));
}

/**
 * A file's text. libvirt prints UTF-8, and a name read in another encoding would be another name.
 *
 * @throws Failure (facts) where it is not UTF-8
 */
export function readUtf8(path: string): string {
  const { text, encoding } = decode(readFile(path, "facts"));
  if (encoding !== "utf8")
    throw new Failure(
      "facts",
      `${path}: this is not UTF-8.`,
      "Give what virsh prints, or convert the file with iconv -t UTF-8.",
    );
  return text.replace(/^\uFEFF/, "");
}
