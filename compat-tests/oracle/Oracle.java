import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
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
 * Writes every message we serve, in every version and several forms, with Kafka's own codec, and checks that ours
 * decodes it and writes the same bytes. What to fill in is found in Kafka's schema of the version; nothing is listed
 * here. Usage: java Oracle.java OTTLA_ORACLE. The last line is "MESSAGES COMPARISONS DIFFERENCES".
 */
public class Oracle {
    static final int CORRELATION_ID = 0x01020304;

    /** NULLS: null wherever it may stand. NULL_LEAVES: the same, but arrays and structs stay, with their fields. */
    enum Form { DEFAULTS, FULL, NULL_LEAVES, NULLS }

    public static void main(String[] arguments) throws Exception {
        Comparison comparison = new Comparison();
        int expected = 0;
        try (Ours ours = new Ours(arguments[0])) {
            for (String line : Ours.list(arguments[0])) {
                String[] api = line.split("\t");
                ApiMessageType type = ApiMessageType.fromApiKey(Short.parseShort(api[0]));
                short first = Short.parseShort(api[2]);
                short last = Short.parseShort(api[3]);
                expected += 2 * (last - first + 1);
                for (short version = first; version <= last; version++) {
                    comparison.request(ours, type, api[1] + "Request", version);
                    comparison.response(ours, type, api[1] + "Response", version);
                }
            }
        }
        System.out.printf("bytes of %d messages compared, %d are served%n", comparison.messages, expected);
        System.out.printf("%d %d %d%n", comparison.messages, comparison.comparisons, comparison.differences);
        System.exit(comparison.differences == 0 && comparison.messages == expected && expected > 0 ? 0 : 1);
    }

    /** Our side: a process that answers one message at a time. */
    static class Ours implements AutoCloseable {
        private final Process process;
        private final DataOutputStream questions;
        private final DataInputStream answers;

        Ours(String program) throws IOException {
            process = new ProcessBuilder(program, "roundtrip").redirectError(ProcessBuilder.Redirect.INHERIT).start();
            questions = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()));
            answers = new DataInputStream(process.getInputStream());
        }

        static List<String> list(String program) throws IOException {
            Process list = new ProcessBuilder(program, "list").start();
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(list.getInputStream()))) {
                return lines.lines().toList();
            }
        }

        /** Throws IllegalArgumentException with our error's text if we cannot decode. */
        byte[] roundTrip(String name, short version, byte[] bytes) throws IOException {
            questions.writeUTF(name);
            questions.writeShort(version);
            questions.writeInt(bytes.length);
            questions.write(bytes);
            questions.flush();
            boolean decoded = answers.readBoolean();
            byte[] answer = answers.readNBytes(answers.readInt());
            if (!decoded) {
                throw new IllegalArgumentException(new String(answer, StandardCharsets.UTF_8));
            }
            return answer;
        }

        @Override
        public void close() throws IOException, InterruptedException {
            questions.close();
            if (process.waitFor() != 0) {
                throw new IOException("ottla_oracle ended with " + process.exitValue());
            }
        }
    }

    static class Comparison {
        int messages;
        int comparisons;
        int differences;

        /** Header and body go out, header and body come back. */
        void request(Ours ours, ApiMessageType type, String name, short version) throws Exception {
            messages++;
            for (Form form : Form.values()) {
                RequestHeaderData header = new RequestHeaderData()
                    .setRequestApiKey(type.apiKey()).setRequestApiVersion(version).setCorrelationId(CORRELATION_ID)
                    .setClientId(form == Form.DEFAULTS ? "" : form == Form.FULL ? "client-\u00e9" : null);
                Message body = new Filler(form).filled(type.newRequest(), type.requestSchemas()[version]);
                byte[] frame = join(written(header, type.requestHeaderVersion(version)), written(body, version));
                compare(ours, name, version, form, frame, frame);
            }
        }

        /** The body goes out, a whole frame comes back. */
        void response(Ours ours, ApiMessageType type, String name, short version) throws Exception {
            messages++;
            for (Form form : Form.values()) {
                ResponseHeaderData header = new ResponseHeaderData().setCorrelationId(CORRELATION_ID);
                Message message = new Filler(form).filled(type.newResponse(), type.responseSchemas()[version]);
                byte[] body = written(message, version);
                byte[] rest = join(written(header, type.responseHeaderVersion(version)), body);
                byte[] frame = join(ByteBuffer.allocate(4).putInt(rest.length).array(), rest);
                compare(ours, name, version, form, body, frame);
            }
        }

        private void compare(Ours ours, String name, short version, Form form, byte[] sent, byte[] expected)
                throws IOException {
            comparisons++;
            String what = name + " v" + version + " " + form + ": ";
            try {
                byte[] answer = ours.roundTrip(name, version, sent);
                int at = Arrays.mismatch(expected, answer);
                if (at >= 0) {
                    differences++;
                    System.out.println(what + "differs at byte " + at + "; Kafka " + around(expected, at) + ", ours "
                        + around(answer, at));
                }
            } catch (IllegalArgumentException refused) {
                differences++;
                System.out.println(what + "we cannot decode it: " + refused.getMessage());
            } catch (IOException ended) {
                throw new IOException(what + "ottla_oracle ended", ended);
            }
        }
    }

    /** Sets the fields that a schema has, by reflection. No two long numbers or texts that it sets are the same. */
    static class Filler {
        private final Form form;
        private long count = 0;

        Filler(Form form) {
            this.form = form;
        }

        <M extends Message> M filled(M message, Schema schema) throws Exception {
            if (form != Form.DEFAULTS) {
                for (Field field : fieldsOf(schema)) {
                    set(message, field);
                }
            }
            return message;
        }

        private void set(Message message, Field field) throws Exception {
            Method getter = method(message, field.name, 0);
            Method setter = method(message, "set" + field.name, 1);
            Object before = getter.invoke(message);
            Object value = value(field.type, setter.getGenericParameterTypes()[0], before);
            setter.invoke(message, value);
            if (value != null && Objects.deepEquals(before, getter.invoke(message))) {
                throw new IllegalStateException(message.getClass().getName() + "." + field.name + " kept its default");
            }
        }

        private Object value(Type type, java.lang.reflect.Type target, Object unwanted) throws Exception {
            boolean leaf = !(type instanceof Schema) && type.arrayElementType().isEmpty();
            if (type.isNullable() && (form == Form.NULLS || form == Form.NULL_LEAVES && leaf)) {
                return null;
            }
            if (type instanceof Schema schema) {
                return filled((Message) ((Class<?>) target).getConstructor().newInstance(), schema);
            }
            return leaf ? leaf(type, (Class<?>) target, unwanted) : array(type.arrayElementType().get(), target);
        }

        /** Two elements, in a list or in one of Kafka's collections with keys. */
        @SuppressWarnings("unchecked")
        private Object array(Type elementType, java.lang.reflect.Type target) throws Exception {
            boolean list = target instanceof ParameterizedType;
            ParameterizedType holder = (ParameterizedType) (list ? target : ((Class<?>) target).getGenericSuperclass());
            Collection<Object> elements =
                list ? new ArrayList<>() : (Collection<Object>) ((Class<?>) target).getConstructor().newInstance();
            for (int i = 0; i < 2; i++) {
                elements.add(value(elementType, holder.getActualTypeArguments()[0], null));
            }
            if (elements.size() != 2) {
                throw new IllegalStateException(target + " holds " + elements.size() + " elements instead of 2");
            }
            return elements;
        }

        private Object leaf(Type type, Class<?> target, Object unwanted) {
            count++;
            long number = count * 0x9E3779B97F4A7C15L;
            if (target == boolean.class || target == Boolean.class) {
                return unwanted == null || !(Boolean) unwanted;
            } else if (target == byte.class || target == Byte.class) {
                return other((byte) (number >> 56), unwanted, (byte) 1);
            } else if (target == short.class || target == Short.class) {
                return other((short) (number >> 48), unwanted, (short) 1);
            } else if (target == int.class || target == Integer.class) {
                return other((int) (type == Type.UINT16 ? number >>> 48 : number >> 32), unwanted, 1);
            } else if (target == long.class || target == Long.class) {
                return other(type == Type.UNSIGNED_INT32 ? number >>> 32 : number, unwanted, 1L);
            } else if (target == double.class || target == Double.class) {
                return count + 0.5;
            } else if (target == String.class) {
                return "text-" + count + "-\u00e9" + "x".repeat(count % 5 == 0 ? 200 : 0);
            } else if (target == Uuid.class) {
                return new Uuid(number, ~number);
            } else if (target == byte[].class) {
                return bytes();
            } else if (target == ByteBuffer.class) {
                return ByteBuffer.wrap(bytes());
            } else if (target == BaseRecords.class) {
                return MemoryRecords.readableRecords(ByteBuffer.wrap(bytes()));
            }
            throw new IllegalStateException("no value for " + target);
        }

        private static Object other(Object value, Object unwanted, Object instead) {
            return value.equals(unwanted) ? instead : value;
        }

        private byte[] bytes() {
            byte[] bytes = new byte[300];
            Arrays.fill(bytes, (byte) count);
            return bytes;
        }
    }

    static List<Field> fieldsOf(Schema schema) {
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
    static Method method(Message message, String name, int parameters) {
        for (Method method : message.getClass().getMethods()) {
            if (method.getParameterCount() == parameters && method.getName().equalsIgnoreCase(name.replace("_", ""))) {
                return method;
            }
        }
        throw new IllegalStateException(message.getClass().getName() + " has no method for " + name);
    }

    static byte[] written(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        if (buffer.hasRemaining()) {
            throw new IllegalStateException(message.getClass().getName() + ": Kafka wrote less than it announced");
        }
        return buffer.array();
    }

    static byte[] join(byte[] first, byte[] second) {
        return ByteBuffer.allocate(first.length + second.length).put(first).put(second).array();
    }

    static String around(byte[] bytes, int at) {
        return "..." + HexFormat.of().formatHex(bytes, Math.max(0, at - 4), Math.min(bytes.length, at + 12)) + "...";
    }
}
