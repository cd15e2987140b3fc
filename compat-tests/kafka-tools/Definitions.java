import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.ConfigSynonym;
import org.apache.kafka.server.config.DynamicBrokerConfig;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Kafka's settings as tables of ours: broker/kafka_settings/*.def. usage: Definitions check|write FOLDER; "check" says
 * which table is not what Kafka has, and ends with 1.
 */
public class Definitions {
    private static final Pattern RANGE = Pattern.compile("\\[(-?\\d+)?,?\\.\\.\\.(?:,(-?\\d+))?\\](?: or (-?\\d+))?");
    private static final Pattern CHOICES = Pattern.compile("\\[([\\w-]+(?:, [\\w-]+)*)\\]");

    public static void main(String[] arguments) throws Exception {
        Map<String, String> modes = DynamicBrokerConfig.dynamicConfigUpdateModes();
        Map<String, String> tables = Map.of(
            "broker", table(AbstractKafkaConfig.CONFIG_DEF, name -> modes.getOrDefault(name, "read-only"),
                name -> alone(DynamicBrokerConfig.brokerConfigSynonyms(name, false))),
            "topic", table(LogConfig.configDefCopy(), name -> "cluster-wide", Definitions::brokerNamesOfTopic),
            "group", table(GroupConfig.CONFIG_DEF, name -> "cluster-wide",
                name -> GroupConfig.brokerSynonym(name).map(List::of).orElse(List.of())));
        boolean differs = false;
        for (Map.Entry<String, String> one : new TreeMap<>(tables).entrySet()) {
            Path file = Path.of(arguments[1], one.getKey() + ".def");
            if (arguments[0].equals("write")) {
                Files.writeString(file, one.getValue());
            } else if (!Files.readString(file).equals(one.getValue())) {
                differs = true;
                System.out.println(file.getFileName() + " is not what Kafka has");
            }
        }
        System.exit(differs ? 1 : 0);
    }

    private static List<String> alone(List<String> names) {
        return names.size() == 1 ? List.of() : names;
    }

    private static List<String> brokerNamesOfTopic(String name) {
        return ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS.getOrDefault(name, List.of()).stream()
            .map(ConfigSynonym::name).toList();
    }

    private static String table(ConfigDef definition, Function<String, String> mode,
                                Function<String, List<String>> synonyms) {
        StringBuilder text = new StringBuilder("// Written by compat-tests/kafka-tools/Definitions.java from Apache Kafka"
            + " 4.3.1: name, type, default, who may change it,\n// least, most, choices, synonyms.\n");
        for (ConfigDef.ConfigKey key : new TreeMap<>(definition.configKeys()).values()) {
            text.append(row(key, key.internalConfig ? "internal" : mode.apply(key.name), synonyms.apply(key.name)));
        }
        return text.toString();
    }

    private static String row(ConfigDef.ConfigKey key, String mode, List<String> synonyms) {
        String value = key.hasDefault() && key.defaultValue != null
            ? "\"" + ConfigDef.convertToString(key.defaultValue, key.type) + "\"" : "std::nullopt";
        String validator = key.validator == null ? "" : key.validator.toString();
        Matcher range = RANGE.matcher(validator);
        Matcher choices = CHOICES.matcher(validator);
        boolean ranged = range.matches();
        boolean list = key.type == ConfigDef.Type.LIST || key.type == ConfigDef.Type.STRING;
        boolean chosen = !ranged && list && choices.matches();
        String least = ranged && range.group(1) != null ? range.group(3) != null ? range.group(3) : range.group(1) : "no_least";
        String most = ranged && range.group(2) != null ? range.group(2) : "no_most";
        return String.format("{\"%s\", ConfigType::%s, %s, Update::%s, %s, %s, \"%s\", \"%s\"},%n", key.name, key.type,
            value, mode.replace('-', '_'), least, most, chosen ? choices.group(1).replace(",", "") : "",
            String.join(" ", synonyms));
    }
}
