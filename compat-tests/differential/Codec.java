import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Kafka's own codec, a JSON object a line: {"apis": true} -> the versions of each API; {"encode": KEY, "version",
 * "correlation", "client", "body"} -> {"bytes"} of a frame without its length; {"decode": KEY, "version", "bytes"} ->
 * {"correlation", "body", "left": bytes after it}. What goes wrong is {"error"}. Fields have the names of Kafka's
 * schemas; a field that is left out has its default, one that the version does not have is left out; bytes are
 * "hex:...", error codes names.
 */
public class Codec {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    public static void main(String[] arguments) throws Exception {
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            ObjectNode answer;
            try {
                answer = answer(MAPPER.readTree(line));
            } catch (InvocationTargetException wrong) {
                answer = JSON.objectNode().put("error", wrong.getCause().toString());
            } catch (Exception wrong) {
                answer = JSON.objectNode().put("error", wrong.toString());
            }
            System.out.println(MAPPER.writeValueAsString(answer));
        }
    }

    private static ObjectNode answer(JsonNode question) throws Exception {
        if (question.has("encode")) {
            return encoded(ApiMessageType.fromApiKey((short) question.get("encode").asInt()), question);
        }
        if (question.has("decode")) {
            return decoded(ApiMessageType.fromApiKey((short) question.get("decode").asInt()), question);
        }
        ObjectNode apis = JSON.objectNode();
        for (ApiMessageType type : ApiMessageType.values()) {
            apis.putObject(type.name).put("key", type.apiKey()).put("first", type.lowestSupportedVersion())
                .put("last", type.highestSupportedVersion(true));
        }
        return apis;
    }

    private static ObjectNode encoded(ApiMessageType type, JsonNode question) throws Exception {
        short version = (short) question.get("version").asInt();
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey(type.apiKey())
            .setRequestApiVersion(version).setCorrelationId(question.get("correlation").asInt())
            .setClientId(question.get("client").isNull() ? null : question.get("client").asText());
        Message body = type.newRequest();
        fill(body, type.requestSchemas()[version], question.get("body"));
        return JSON.objectNode().put("bytes", HexFormat.of().formatHex(written(header, type.requestHeaderVersion(version)))
            + HexFormat.of().formatHex(written(body, version)));
    }

    private static byte[] written(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        return buffer.array();
    }

    private static ObjectNode decoded(ApiMessageType type, JsonNode question) throws Exception {
        short version = (short) question.get("version").asInt();
        ByteBuffer buffer = ByteBuffer.wrap(HexFormat.of().parseHex(question.get("bytes").asText()));
        ByteBufferAccessor bytes = new ByteBufferAccessor(buffer);
        ResponseHeaderData header = new ResponseHeaderData(bytes, type.responseHeaderVersion(version));
        Message body = type.newResponse();
        body.read(bytes, version);
        ObjectNode answer = JSON.objectNode().put("correlation", header.correlationId()).put("left", buffer.remaining());
        answer.set("body", told(body, type.responseSchemas()[version]));
        return answer;
    }

    private static List<Field> fieldsOf(Schema schema) {
        List<Field> fields = new ArrayList<>();
        for (BoundField bound : schema.fields()) {
            if (bound.def.type instanceof TaggedFields tagged) {
                fields.addAll(tagged.fields().values());
            } else {
                fields.add(bound.def);
            }
        }
        return fields;
    }

    /** By a name such as "set" + "topic_data": Kafka's schemas have snake_case, its classes camelCase. */
    private static Method method(Message message, String name, int parameters) {
        for (Method method : message.getClass().getMethods()) {
            if (method.getParameterCount() == parameters && method.getName().equalsIgnoreCase(name.replace("_", ""))) {
                return method;
            }
        }
        throw new IllegalArgumentException(message.getClass().getSimpleName() + " has no " + name);
    }

    private static void fill(Message message, Schema schema, JsonNode body) throws Exception {
        for (Iterator<String> names = body.fieldNames(); names.hasNext();) {
            method(message, "set" + names.next(), 1);
        }
        for (Field field : fieldsOf(schema)) {
            if (body.has(field.name)) {
                Method setter = method(message, "set" + field.name, 1);
                setter.invoke(message, value(field.type, setter.getGenericParameterTypes()[0], body.get(field.name)));
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static Object value(Type type, java.lang.reflect.Type target, JsonNode json) throws Exception {
        if (json.isNull()) {
            return null;
        }
        if (type instanceof Schema schema) {
            Message struct = (Message) ((Class<?>) target).getConstructor().newInstance();
            fill(struct, schema, json);
            return struct;
        }
        if (type.arrayElementType().isEmpty()) {
            return leaf((Class<?>) target, json);
        }
        boolean list = target instanceof ParameterizedType;
        ParameterizedType holder = (ParameterizedType) (list ? target : ((Class<?>) target).getGenericSuperclass());
        Collection<Object> elements =
            list ? new ArrayList<>() : (Collection<Object>) ((Class<?>) target).getConstructor().newInstance();
        for (JsonNode element : json) {
            elements.add(value(type.arrayElementType().get(), holder.getActualTypeArguments()[0], element));
        }
        return elements;
    }

    private static Object leaf(Class<?> target, JsonNode json) {
        if (target == boolean.class || target == Boolean.class) {
            return json.asBoolean();
        } else if (target == byte.class || target == Byte.class) {
            return (byte) json.asInt();
        } else if (target == short.class || target == Short.class) {
            return (short) json.asInt();
        } else if (target == int.class || target == Integer.class) {
            return json.asInt();
        } else if (target == long.class || target == Long.class) {
            return json.asLong();
        } else if (target == double.class || target == Double.class) {
            return json.asDouble();
        } else if (target == String.class) {
            return json.asText();
        } else if (target == Uuid.class) {
            return Uuid.fromString(json.asText());
        }
        byte[] bytes = HexFormat.of().parseHex(json.asText().substring("hex:".length()));
        if (target == byte[].class) {
            return bytes;
        }
        return target == BaseRecords.class ? MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)) : ByteBuffer.wrap(bytes);
    }

    private static ObjectNode told(Message message, Schema schema) throws Exception {
        ObjectNode json = JSON.objectNode();
        for (Field field : fieldsOf(schema)) {
            Object value = method(message, field.name, 0).invoke(message);
            boolean error = field.name.endsWith("error_code") && value instanceof Short;
            json.set(field.name, error ? JSON.textNode(Errors.forCode((Short) value).name()) : told(field.type, value));
        }
        return json;
    }

    private static JsonNode told(Type type, Object value) throws Exception {
        if (value == null) {
            return JSON.nullNode();
        } else if (type instanceof Schema schema) {
            return told((Message) value, schema);
        } else if (type.arrayElementType().isPresent()) {
            ArrayNode elements = JSON.arrayNode();
            for (Object element : (Iterable<?>) value) {
                elements.add(told(type.arrayElementType().get(), element));
            }
            return elements;
        } else if (value instanceof MemoryRecords records) {
            return Records.told(records);
        } else if (value instanceof byte[] bytes) {
            return JSON.textNode("hex:" + HexFormat.of().formatHex(bytes));
        } else if (value instanceof ByteBuffer buffer) {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.duplicate().get(bytes);
            return JSON.textNode("hex:" + HexFormat.of().formatHex(bytes));
        }
        return value instanceof Uuid ? JSON.textNode(value.toString()) : MAPPER.valueToTree(value);
    }
}
