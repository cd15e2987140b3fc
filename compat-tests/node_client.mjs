// What the Node clients share: records as Node sees them, and the command line.
import { readFileSync, writeFileSync } from 'node:fs'

const decoded = text => (text === null ? null : Buffer.from(text, 'base64'))
export const encoded = data => (data === null || data === undefined ? null : Buffer.from(data).toString('base64'))

export function readRecords(path) {
  const lines = readFileSync(path, 'utf8').split('\n').filter(line => line !== '')
  return lines.map(line => {
    const one = JSON.parse(line)
    return {
      partition: one.partition,
      key: decoded(one.key),
      value: decoded(one.value),
      headers: one.headers.map(([name, value]) => [name, decoded(value)])
    }
  })
}

// byPartition: arrays of { key, value, headers: [[name, value]...] } in offset order, by partition
export function writeRecords(path, byPartition) {
  const lines = byPartition.flatMap((records, partition) =>
    records.map(one =>
      JSON.stringify({
        partition,
        key: encoded(one.key),
        value: encoded(one.value),
        headers: one.headers.map(([name, value]) => [name, encoded(value)])
      })
    )
  )
  writeFileSync(path, lines.map(line => line + '\n').join(''))
}

export async function main(commands) {
  const [command, ...words] = process.argv.slice(2)
  const status = await commands[command](...words)
  process.exit(status ?? 0)
}
