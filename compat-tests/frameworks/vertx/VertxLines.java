// The Vert.x client: lines are polled, sent on in capitals, and committed when all of them are acknowledged.
// usage: VertxLines BOOTSTRAP   (until SIGTERM; ends with status 1 if a line could not be sent)
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.kafka.client.consumer.KafkaConsumer;
import io.vertx.kafka.client.consumer.KafkaConsumerRecords;
import io.vertx.kafka.client.producer.KafkaProducer;
import io.vertx.kafka.client.producer.KafkaProducerRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

public class VertxLines {
  private final KafkaConsumer<String, String> consumer;
  private final KafkaProducer<String, String> producer;

  VertxLines(Vertx vertx, String bootstrap) {
    String serialization = "org.apache.kafka.common.serialization.";
    consumer = KafkaConsumer.create(vertx, Map.of(
        "bootstrap.servers", bootstrap, "group.id", "vertx-lines", "auto.offset.reset", "earliest", "session.timeout.ms", "6000",
        "enable.auto.commit", "false", "key.deserializer", serialization + "StringDeserializer",
        "value.deserializer", serialization + "StringDeserializer"));
    producer = KafkaProducer.create(vertx, Map.of(
        "bootstrap.servers", bootstrap, "key.serializer", serialization + "StringSerializer",
        "value.serializer", serialization + "StringSerializer"));
  }

  private Future<Void> sendOn(KafkaConsumerRecords<String, String> lines) {
    List<Future<?>> sent = new ArrayList<>();
    for (int i = 0; i < lines.size(); ++i) {
      var line = lines.recordAt(i);
      sent.add(producer.write(KafkaProducerRecord.create("capitals", line.key(), line.value().toUpperCase())));
    }
    return Future.all(sent).onFailure(failed -> {
      failed.printStackTrace();
      System.exit(1);
    }).mapEmpty();
  }

  private void turn() {
    consumer.poll(Duration.ofMillis(100))
        .compose(lines -> lines.isEmpty() ? Future.succeededFuture() : sendOn(lines).compose(sent -> consumer.commit()))
        .onComplete(done -> {
          if (done.failed()) {
            System.out.println("once more: " + done.cause());
          }
          turn();
        });
  }

  public static void main(String[] args) {
    var lines = new VertxLines(Vertx.vertx(), args[0]);
    lines.consumer.subscribe("lines").onSuccess(subscribed -> lines.turn());
  }
}
