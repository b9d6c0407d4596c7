import { inline } from "./text";

/** What became of many hosts, on one line. */
export function hostsText(
  { written, unchanged, failed }: Readonly<Record<"written" | "unchanged" | "failed", number>>,
  folder: string,
): string {
  const counts = [`${grouped(written)} written`, `${grouped(unchanged)} unchanged`, `${grouped(failed)} failed`];
  return `${inline(folder)}: ${counts.join(", ")}\n`;
}

/** A number as people read it: 10,000. */
function grouped(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ",");
}
