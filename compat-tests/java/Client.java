import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The Java client with its defaults (idempotent, acks=all), byte arrays as keys and values, assigned partitions. */
public class Client {
  static final ObjectMapper json = new ObjectMapper();

  public static void main(String[] a) throws Exception {
    int status = switch (a[0]) {
      case "metadata" -> metadata(a[1], a[2]);
      case "produce" -> produce(a[1], a[2], a[3], a[4]);
      case "consume" -> consume(a[1], a[2], a[3]);
      case "member" -> member(a[1], a[2], a[3], a.length > 4 ? a[4] : "classic", a.length > 5 ? a[5] : null);
      case "transaction" -> transaction(a[1]);
      default -> 2;
    };
    System.exit(status);
  }

  static KafkaProducer<byte[], byte[]> producer(Map<String, Object> settings) {
    return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
  }

  static int metadata(String bootstrap, String topic) {
    try (var producer = producer(Map.of("bootstrap.servers", bootstrap))) {
      System.out.println(producer.partitionsFor(topic).size());
    }
    return 0;
  }

  static int produce(String bootstrap, String topic, String codec, String file) throws Exception {
    try (var producer = producer(Map.of("bootstrap.servers", bootstrap, "compression.type", codec))) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (String line : Files.readAllLines(Path.of(file))) {
        JsonNode one = json.readTree(line);
        var record = new ProducerRecord<>(topic, one.get("partition").intValue(), decoded(one.get("key")),
            decoded(one.get("value")));
        for (JsonNode header : one.get("headers")) {
          record.headers().add(header.get(0).textValue(), decoded(header.get(1)));
        }
        sent.add(producer.send(record));
      }
      producer.flush();
      for (var one : sent) {
        one.get();
      }
    }
    return 0;
  }

  static int consume(String bootstrap, String topic, String file) throws IOException {
    Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap);
    try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        var out = Files.newBufferedWriter(Path.of(file))) {
      List<TopicPartition> partitions = new ArrayList<>();
      consumer.partitionsFor(topic).forEach(info -> partitions.add(new TopicPartition(topic, info.partition())));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      var read = new TreeMap<Integer, List<ConsumerRecord<byte[], byte[]>>>();
      while (partitions.stream().anyMatch(one -> consumer.position(one) < ends.get(one))) {
        for (var record : consumer.poll(Duration.ofSeconds(1))) {
          read.computeIfAbsent(record.partition(), number -> new ArrayList<>()).add(record);
        }
      }
      for (var records : read.values()) {
        for (var record : records) {
          out.write(line(record));
        }
      }
    }
    return 0;
  }

  /** What was read is told, then committed; on SIGTERM it leaves. A topic that begins with ^ is an expression. */
  static int member(String bootstrap, String group, String topic, String protocol, String instance) {
    boolean isNew = protocol.equals("consumer");
    var settings = new HashMap<String, Object>(Map.of("bootstrap.servers", bootstrap, "group.id", group,
        "auto.offset.reset", "earliest", "enable.auto.commit", false, "group.protocol", isNew ? "consumer" : "classic"));
    if (!isNew) {
      settings.putAll(Map.of("session.timeout.ms", 6000, "heartbeat.interval.ms", 1000));
    }
    if (protocol.equals("cooperative")) {
      settings.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
    }
    if (instance != null) {
      settings.put("group.instance.id", instance);
    }
    var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    var told = new AtomicBoolean();
    var main = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      told.set(true);
      try {
        main.join(15000);
      } catch (InterruptedException ended) {
        return;
      }
    }));
    if (topic.startsWith("^")) {
      consumer.subscribe(new SubscriptionPattern(topic));
    } else {
      consumer.subscribe(List.of(topic));
    }
    while (!told.get()) {
      var records = consumer.poll(Duration.ofMillis(200));
      records.forEach(record -> System.out.println("R " + record.partition() + " " + record.offset()));
      System.out.flush();
      try {
        consumer.commitSync();
      } catch (CommitFailedException | RebalanceInProgressException refused) {  // whoever has it now reads it again
        System.err.println(refused);
      }
    }
    consumer.close();
    Runtime.getRuntime().halt(0);  // System.exit would wait for the hook, which waits for us
    return 0;
  }

  static String line(ConsumerRecord<byte[], byte[]> record) {
    ObjectNode one = json.createObjectNode();
    one.put("partition", record.partition()).put("key", encoded(record.key())).put("value", encoded(record.value()));
    ArrayNode headers = one.putArray("headers");
    for (Header header : record.headers()) {
      headers.addArray().add(header.key()).add(encoded(header.value()));
    }
    return one + "\n";
  }

  static int transaction(String bootstrap) {
    try (var producer = producer(Map.of("bootstrap.servers", bootstrap, "transactional.id", "compat",
        "max.block.ms", 20000))) {
      producer.initTransactions();
    } catch (TransactionalIdAuthorizationException refused) {
      System.out.println(refused.getMessage());
      return 0;
    }
    return 1;
  }

  static byte[] decoded(JsonNode text) {
    return text.isNull() ? null : Base64.getDecoder().decode(text.textValue());
  }

  static String encoded(byte[] data) {
    return data == null ? null : Base64.getEncoder().encodeToString(data);
  }
}
