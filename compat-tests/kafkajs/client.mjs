// kafkajs with its defaults, and with codecs as its users plug them in: snappy by a package, zstd by Node itself.
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs from 'kafkajs'
import SnappyCodec from 'kafkajs-snappy'
import { main, readRecords } from './node_client.mjs'

const { CompressionCodecs, CompressionTypes, Kafka, Partitioners, logLevel } = kafkajs
CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: encoder => promisify(zstdCompress)(encoder.buffer),
  decompress: promisify(zstdDecompress)
})

const types = {
  none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy, zstd: CompressionTypes.ZSTD
}
const batchRecords = 500

const connect = (bootstrap, more = {}) => new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.ERROR, ...more })

async function metadata(bootstrap, topic) {
  const producer = connect(bootstrap).producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const admin = connect(bootstrap).admin()
  await admin.connect()
  let found
  for (let left = process.env.IDEMPOTENT ? 50 : 0; !found; left--) {
    try {
      await admin.createTopics({ topics: [{ topic }] })
      found = await admin.fetchTopicMetadata({ topics: [topic] })
    } catch (refused) {
      // It throws what it calls retriable itself, where the broker that it asks is restarted.
      if (!refused.retriable || left <= 0) throw refused
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
  console.log(found.topics[0].partitions.length)
  await admin.disconnect()
  await producer.disconnect()
}

async function produce(bootstrap, topic, codec, path) {
  const once = process.env.IDEMPOTENT ? { idempotent: true, maxInFlightRequests: 1 } : {}
  const producer = connect(bootstrap).producer({ createPartitioner: Partitioners.DefaultPartitioner, ...once })
  await producer.connect()
  const messages = readRecords(path).map(one => ({ ...one, headers: Object.fromEntries(one.headers) }))
  for (let at = 0; at < messages.length;) {
    let end = at
    for (let bytes = 0; end < messages.length && end - at < batchRecords && bytes < 500_000; ++end) {
      bytes += messages[end].value?.length ?? 0
    }
    const batch = messages.slice(at, end)
    // In a retry it leaves out what has come to lead at a broker that has answered already (sendMessages.js), and calls it
    // sent: where leaders move, a partition at a time.
    const parts = process.env.IDEMPOTENT ? [0, 1, 2].map(one => batch.filter(message => message.partition === one)) : [batch]
    for (const part of parts.filter(one => one.length > 0)) {
      await producer.send({ topic, compression: types[codec], messages: part })
    }
    at = end
  }
  await producer.disconnect()
}

// kafkajs throws "Failed to find group coordinator"; the broker's words go to its log.
async function member(bootstrap, groupId, topic) {
  const consumer = connect(bootstrap).consumer({ groupId, sessionTimeout: 6000, heartbeatInterval: 1000 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const told = new Promise(resolve => process.once('SIGTERM', resolve))
  await consumer.run({
    eachMessage: async ({ partition, message }) => process.stdout.write(`R ${partition} ${message.offset}\n`)
  })
  await told
  await consumer.disconnect()
}

async function transaction(bootstrap) {
  const logged = []
  const logCreator = () => ({ log }) => logged.push(`${log.message}: ${log.error}`)
  const producer = connect(bootstrap, { logCreator }).producer({
    transactionalId: 'compat', idempotent: true, maxInFlightRequests: 1, createPartitioner: Partitioners.DefaultPartitioner
  })
  await producer.connect()
  try {
    await producer.transaction()
  } catch (refused) {
    console.log(refused.message, logged)
    return logged.some(line => line.includes('Transactional Id authorization failed')) ? 0 : 1
  }
  return 1
}

await main({ member, metadata, produce, transaction })
