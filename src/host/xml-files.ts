import { Failure } from "../failure";
import { decode } from "../patch/source";
import { readNamed, XML_LIMIT } from "../system/read";
import { byName, type HostConfig, type HostOptions, type Pool, type Secret } from "./config";
import { readPool, readSecret } from "./xml";

/** A file with one XML document. */
export interface XmlFile {
  readonly where: string;
  readonly bytes: Buffer;
}

/** Reads the files of --pool-xml and --secret-xml. */
export function readXmlFiles({ poolXml = [], secretXml }: HostOptions): HostConfig {
  return {
    host: null,
    source: poolXml.join(", "),
    elsewhere: false,
    virtinst: null,
    pools: readPools(poolXml.map(readXmlFile)),
    secrets: secretXml ? readSecrets(secretXml.map(readXmlFile)) : null,
  };
}

export function readXmlFile(path: string): XmlFile {
  return { where: path, bytes: readNamed(path, "pools", XML_LIMIT) };
}

/** The rbd pools in some files, sorted by name. */
export function readPools(files: readonly XmlFile[]): Pool[] {
  return byName(files.flatMap((file) => readPool(utf8(file), file.where) ?? []));
}

/** The secrets in some files, without their values. */
export function readSecrets(files: readonly XmlFile[]): Secret[] {
  return files.map((file) => readSecret(utf8(file), file.where));
}

/** The text of a file; fails (pools) if it is not UTF-8, the encoding of libvirt: names would be decoded wrongly. */
export function utf8({ where, bytes }: XmlFile): string {
  const { text, encoding } = decode(bytes);
  if (encoding !== "utf8")
    throw new Failure(
      "pools",
      `${where}: this is not UTF-8.`,
      "Pass the output of virsh, or convert the file with iconv -t UTF-8.",
    );
  return text.replace(/^\uFEFF/, "");
}
