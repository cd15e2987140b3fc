import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.*;

/**
 * What the interop tests need of Kafka's own clients.
 *
 * fill BOOTSTRAP [transactions]   makes the topics "plain" and "compacted" and writes them: every codec, idempotent
 *                                 producers, nulls, headers, several segments; with transactions, "ledger", too
 * touch BOOTSTRAP TOPIC...        one more record for each, by a new idempotent producer
 * make BOOTSTRAP TOPIC...         empty topics like "plain"
 * drop BOOTSTRAP TOPIC            deletes it
 * commit BOOTSTRAP GROUP          reads "plain" as a member of the group and commits; prints partition and offset
 * committed BOOTSTRAP GROUP       prints what is committed
 * read BOOTSTRAP TOPIC...         prints every record, committed or not: topic partition offset timestamp key value headers
 */
class Interop {
  static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
  static final int PARTITIONS = 2;

  static Map<String, Object> common(String bootstrap) {
    return new HashMap<>(Map.of("bootstrap.servers", bootstrap, "request.timeout.ms", "20000"));
  }

  static void make(String bootstrap, String topic, int partitions, Map<String, String> configs) throws Exception {
    try (Admin admin = Admin.create(common(bootstrap))) {
      admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(configs))).all().get(30, TimeUnit.SECONDS);
    }
  }

  static Map<String, String> plain() {
    return Map.of("segment.bytes", "1048576");
  }

  static KafkaProducer<byte[], byte[]> producer(String bootstrap, Map<String, Object> more) {
    Map<String, Object> settings = common(bootstrap);
    settings.putAll(Map.of("acks", "all", "enable.idempotence", "true", "linger.ms", "20"));
    settings.putAll(more);
    return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
  }

  static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static void fill(String bootstrap, boolean transactions) throws Exception {
    make(bootstrap, "plain", PARTITIONS, plain());
    make(bootstrap, "compacted", 1, Map.of("segment.bytes", "1048576", "cleanup.policy", "compact",
        "min.cleanable.dirty.ratio", "0.01", "min.compaction.lag.ms", "0"));
    Random random = new Random(7);
    for (String codec : CODECS) {
      try (var producer = producer(bootstrap, Map.of("compression.type", codec))) {
        for (int i = 0; i < 1500; ++i) {
          byte[] value = i % 97 == 0 ? null : new byte[random.nextInt(1200)];
          if (value != null) {
            random.nextBytes(value);
          }
          var record = new ProducerRecord<>("plain", i % PARTITIONS, 1_700_000_000_000L + random.nextInt(1_000_000),
              i % 89 == 0 ? null : text("key " + i), value);
          if (i % 5 == 0) {
            record.headers().add("codec", text(codec)).add("nothing", null);
          }
          producer.send(record);
          byte[] old = new byte[400];
          random.nextBytes(old);
          producer.send(new ProducerRecord<>("compacted", 0, null, text("key " + i % 300),
              i % 300 >= 290 ? null : old));
        }
      }
    }
    if (transactions) {
      make(bootstrap, "ledger", 1, plain());
      for (int i = 0; i < 4; ++i) {
        try (var producer = producer(bootstrap, Map.of("transactional.id", "t" + i % 2))) {
          producer.initTransactions();
          producer.beginTransaction();
          for (int n = 0; n < 50; ++n) {
            producer.send(new ProducerRecord<>("ledger", 0, text("t" + i), text("entry " + n)));
          }
          if (i < 2) {
            producer.commitTransaction();
          } else {
            producer.flush();
            producer.abortTransaction();
          }
        }
      }
    }
  }

  static String hex(byte[] bytes) {
    return bytes == null ? "null" : "x" + HexFormat.of().formatHex(bytes);
  }

  static void read(String bootstrap, List<String> topics) {
    Map<String, Object> settings = common(bootstrap);
    settings.put("max.partition.fetch.bytes", "4194304");
    StringBuilder out = new StringBuilder();
    try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (String topic : topics) {
        consumer.partitionsFor(topic).forEach(one -> partitions.add(new TopicPartition(topic, one.partition())));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      long deadline = System.currentTimeMillis() + 60_000;
      while (partitions.stream().anyMatch(one -> consumer.position(one) < ends.get(one))) {
        if (System.currentTimeMillis() > deadline) {
          throw new RuntimeException("not read to the end");
        }
        for (var record : consumer.poll(Duration.ofMillis(200))) {
          out.append(record.topic()).append(' ').append(record.partition()).append(' ').append(record.offset()).append(' ')
              .append(record.timestamp()).append(' ').append(hex(record.key())).append(' ').append(hex(record.value()));
          for (Header header : record.headers()) {
            out.append(' ').append(header.key()).append('=').append(hex(header.value()));
          }
          out.append('\n');
        }
      }
    }
    System.out.print(out);
  }

  static void commit(String bootstrap, String group) {
    Map<String, Object> settings = common(bootstrap);
    settings.putAll(Map.of("group.id", group, "auto.offset.reset", "earliest", "enable.auto.commit", "false"));
    try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of("plain"));
      while (consumer.poll(Duration.ofMillis(200)).isEmpty()) {
        continue;
      }
      consumer.commitSync();
    }
  }

  static void committed(String bootstrap, String group) throws Exception {
    try (Admin admin = Admin.create(common(bootstrap))) {
      var offsets = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get(30, TimeUnit.SECONDS);
      offsets.entrySet().stream().map(one -> one.getKey() + " " + one.getValue().offset()).sorted()
          .forEach(System.out::println);
    }
  }

  public static void main(String[] words) throws Exception {
    String bootstrap = words[1];
    List<String> rest = List.of(words).subList(2, words.length);
    switch (words[0]) {
      case "fill" -> fill(bootstrap, rest.contains("transactions"));
      case "make" -> {
        for (String topic : rest) {
          make(bootstrap, topic, PARTITIONS, plain());
        }
      }
      case "drop" -> {
        try (Admin admin = Admin.create(common(bootstrap))) {
          admin.deleteTopics(rest).all().get(30, TimeUnit.SECONDS);
        }
      }
      case "touch" -> {
        try (var producer = producer(bootstrap, Map.of())) {
          for (String topic : rest) {
            producer.send(new ProducerRecord<>(topic, 0, text("one"), text("more"))).get(30, TimeUnit.SECONDS);
          }
        }
      }
      case "commit" -> commit(bootstrap, rest.get(0));
      case "committed" -> committed(bootstrap, rest.get(0));
      case "read" -> read(bootstrap, rest);
      default -> throw new IllegalArgumentException(words[0]);
    }
  }
}
