// Reads a file of JSON lines with DuckDB, which must see one schema and every line:
//   node read_json.js LINES FILE
import { DuckDBInstance } from "@duckdb/node-api";

const [lines, file] = process.argv.slice(2);
const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();

async function ask(sql) {
  return (await connection.runAndReadAll(sql)).getRows();
}

const source = `read_json('${file}', format = 'newline_delimited', maximum_object_size = 134217728)`;
const types = new Map((await ask(`DESCRIBE SELECT * FROM ${source}`)).map((row) => [row[0], row[1]]));
const [[count, distinct, pages]] = await ask(
  `SELECT count(*), count(DISTINCT seq), count(*) FILTER (length(body) > 0) FROM ${source}`);
const faults = [];
if (String(count) !== lines || String(distinct) !== lines)
  faults.push(`${count} lines, ${distinct} numbers, instead of ${lines}`);
if (pages < 1n) faults.push("no page has a body");
for (const [name, type] of [["seq", "BIGINT"], ["outcome", "VARCHAR"], ["body", "VARCHAR"],
                            ["response_code", "BIGINT"], ["ok", "BOOLEAN"], ["time_total", "DOUBLE"]])
  if (types.get(name) !== type) faults.push(`${name} is ${types.get(name)}, not ${type}`);
for (const fault of faults) console.error(fault);
console.error(`DuckDB read ${count} lines of ${types.size} columns, ${faults.length} faults`);
process.exit(faults.length > 0 ? 1 : 0);
