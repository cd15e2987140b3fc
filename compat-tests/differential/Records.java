import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;

/** Record batches as JSON, read by Kafka's own classes. */
class Records {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    static ObjectNode told(MemoryRecords records) {
        ObjectNode json = JSON.objectNode();
        ArrayNode batches = json.putArray("batches");
        for (MutableRecordBatch batch : records.batches()) {
            ObjectNode one = batches.addObject().put("magic", batch.magic()).put("valid", batch.isValid())
                .put("base_offset", batch.baseOffset()).put("last_offset", batch.lastOffset())
                .put("size", batch.sizeInBytes()).put("partition_leader_epoch", batch.partitionLeaderEpoch())
                .put("compression", batch.compressionType().name).put("timestamp_type", batch.timestampType().name)
                .put("max_timestamp", batch.maxTimestamp()).put("producer_id", batch.producerId())
                .put("producer_epoch", batch.producerEpoch()).put("base_sequence", batch.baseSequence())
                .put("transactional", batch.isTransactional()).put("control", batch.isControlBatch());
            ArrayNode told = one.putArray("records");
            if (batch.isValid()) {
                batch.forEach(record -> told.add(told(record)));
            }
        }
        return json.put("partial_bytes", records.sizeInBytes() - records.validBytes());
    }

    private static ObjectNode told(Record record) {
        ObjectNode json = JSON.objectNode().put("offset", record.offset()).put("timestamp", record.timestamp())
            .put("key", text(record.key())).put("value", text(record.value()));
        ArrayNode headers = json.putArray("headers");
        for (Header header : record.headers()) {
            headers.addArray().add(header.key()).add(text(header.value() == null ? null : ByteBuffer.wrap(header.value())));
        }
        return json;
    }

    private static String text(ByteBuffer bytes) {
        return bytes == null ? null : StandardCharsets.ISO_8859_1.decode(bytes.duplicate()).toString();
    }
}
