// Spring for Apache Kafka: a listener that sends each line on in capitals by a template, and commits each; what it cannot take goes,
// after two more tries, to a topic for dead letters. usage: SpringLines BOOTSTRAP   (until SIGTERM)
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaAdmin;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.ContainerProperties.AckMode;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.util.backoff.FixedBackOff;

public class SpringLines {
  static String bootstrap;

  @Configuration
  @EnableKafka
  public static class Beans {
    @Bean
    public KafkaAdmin admin() {
      return new KafkaAdmin(Map.of("bootstrap.servers", bootstrap));
    }

    // Made by the admin when the context starts.
    @Bean
    public NewTopic lines() {
      return TopicBuilder.name("lines").partitions(3).build();
    }

    @Bean
    public NewTopic capitals() {
      return TopicBuilder.name("capitals").partitions(3).build();
    }

    @Bean
    public NewTopic deadLetters() {
      return TopicBuilder.name("lines-dlt").partitions(3).build();
    }

    @Bean
    public KafkaTemplate<String, String> template() {
      return new KafkaTemplate<>(new DefaultKafkaProducerFactory<>(Map.of(
          ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
          ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, StringSerializer.class,
          ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, StringSerializer.class)));
    }

    @Bean
    public ConcurrentKafkaListenerContainerFactory<String, String> kafkaListenerContainerFactory(
        KafkaTemplate<String, String> template) {
      var factory = new ConcurrentKafkaListenerContainerFactory<String, String>();
      factory.setConsumerFactory(new DefaultKafkaConsumerFactory<>(Map.of(
          ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap,
          ConsumerConfig.GROUP_ID_CONFIG, "spring-lines",
          ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
          ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 6000,
          ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class,
          ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class)));
      factory.setConcurrency(2);
      factory.getContainerProperties().setAckMode(AckMode.RECORD);
      factory.setCommonErrorHandler(
          new DefaultErrorHandler(new DeadLetterPublishingRecoverer(template), new FixedBackOff(100, 2)));
      return factory;
    }

    @Bean
    public Listener listener(KafkaTemplate<String, String> template) {
      return new Listener(template);
    }
  }

  public static class Listener {
    private final KafkaTemplate<String, String> template;

    Listener(KafkaTemplate<String, String> template) {
      this.template = template;
    }

    @KafkaListener(topics = "lines")
    public void take(ConsumerRecord<String, String> line) throws Exception {
      if (line.value().contains("poisoned")) {
        System.out.println("taken: " + line.value());
        throw new IllegalArgumentException(line.value());
      }
      template.send("capitals", line.key(), line.value().toUpperCase()).get(60, TimeUnit.SECONDS);
    }
  }

  public static void main(String[] args) throws InterruptedException {
    bootstrap = args[0];
    var context = new AnnotationConfigApplicationContext(Beans.class);
    context.registerShutdownHook();
    Thread.sleep(Long.MAX_VALUE);
  }
}
