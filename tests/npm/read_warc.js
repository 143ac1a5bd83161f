// Reads every record of WARC files with warcio and digests all blocks and payloads once more:
//   node read_warc.js MINIMUM-OF-RECORDS FILE...
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { WARCParser } from "warcio";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function digest(bytes) {
  const bits = [...createHash("sha1").update(bytes).digest()]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("");
  return "sha1:" + bits.match(/.{5}/g).map((five) => LETTERS[parseInt(five, 2)]).join("");
}

// Calls use(record, bytes): bytes of the block, or with parseHttp of what follows the HTTP head.
async function forEachRecord(file, parseHttp, use) {
  const parser = new WARCParser(createReadStream(file), { parseHttp });
  for await (const record of parser) use(record, (await record.readFully(false)) ?? new Uint8Array());
}

let records = 0;
let digests = 0;
const faults = [];

function compare(record, name, bytes) {
  const said = record.warcHeaders.headers.get(name);
  if (!said) return;
  ++digests;
  if (said !== digest(bytes))
    faults.push(`${record.warcType} of ${record.warcTargetURI}: ${name} is ${said}, not ${digest(bytes)}`);
}

const [minimum, ...files] = process.argv.slice(2);
for (const file of files) {
  await forEachRecord(file, false, (record, block) => {
    ++records;
    const length = Number(record.warcHeaders.headers.get("Content-Length"));
    if (length !== block.length)
      faults.push(`${record.warcTargetURI}: ${block.length} bytes instead of ${length}`);
    compare(record, "WARC-Block-Digest", block);
  });
  await forEachRecord(file, true, (record, payload) =>
    compare(record, "WARC-Payload-Digest", payload));
}
for (const fault of faults) console.error(fault);
console.error(`warcio read ${records} records and ${digests} digests, ${faults.length} faults`);
process.exit(faults.length > 0 || records < Number(minimum) ? 1 : 0);
