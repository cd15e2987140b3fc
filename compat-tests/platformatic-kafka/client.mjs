// @platformatic/kafka with its defaults.
import { Consumer, MessagesStreamFallbackModes, MessagesStreamModes, Producer } from '@platformatic/kafka'
import { main, readRecords } from './node_client.mjs'

const batchRecords = 500
const connect = (bootstrap, more = {}) => new Producer({ clientId: 'compat', bootstrapBrokers: bootstrap.split(','), ...more })

async function metadata(bootstrap, topic) {
  const producer = connect(bootstrap, { autocreateTopics: true })
  const found = await producer.metadata({ topics: [topic], autocreateTopics: true })
  console.log(found.topics.get(topic).partitionsCount)
  await producer.close()
}

async function produce(bootstrap, topic, codec, path) {
  const producer = connect(bootstrap, process.env.IDEMPOTENT ? { idempotent: true } : {})
  const messages = readRecords(path).map(one => ({
    topic,
    partition: one.partition,
    key: one.key,
    value: one.value,
    headers: new Map(one.headers.map(([name, value]) => [Buffer.from(name), value]))
  }))
  for (let at = 0; at < messages.length;) {
    let end = at
    for (let bytes = 0; end < messages.length && end - at < batchRecords && bytes < 500_000; ++end) {
      bytes += messages[end].value?.length ?? 0
    }
    await producer.send({ messages: messages.slice(at, end), compression: codec })
    at = end
  }
  await producer.close()
}

async function member(bootstrap, groupId, topic, protocol, groupInstanceId) {
  const consumer = new Consumer({
    clientId: 'compat',
    bootstrapBrokers: bootstrap.split(','),
    groupId,
    ...(groupInstanceId && { groupInstanceId }),
    sessionTimeout: 6000,
    heartbeatInterval: 1000
  })
  const stream = await consumer.consume({
    topics: [topic],
    mode: MessagesStreamModes.COMMITTED,
    fallbackMode: MessagesStreamFallbackModes.EARLIEST,
    autocommit: false
  })
  process.once('SIGTERM', () => stream.close())
  for await (const message of stream) {
    process.stdout.write(`R ${message.partition} ${message.offset}\n`)
    await message.commit()
  }
  await consumer.close()
}

async function transaction(bootstrap) {
  const producer = connect(bootstrap, { transactionalId: 'compat', idempotent: true })
  try {
    await producer.beginTransaction()
  } catch (refused) {
    const answers = (refused.errors ?? [refused]).map(one => one.apiId)
    console.log(refused.message, answers)
    return answers.includes('TRANSACTIONAL_ID_AUTHORIZATION_FAILED') ? 0 : 1
  }
  return 1
}

await main({ member, metadata, produce, transaction })
