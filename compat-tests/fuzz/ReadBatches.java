import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;

/**
 * Reads each file of a directory as one record batch of format 2, as Kafka's broker and consumer do, and tells what it
 * holds, as read_batches.cc does. Usage: java ReadBatches.java DIRECTORY
 */
public class ReadBatches {
    public static void main(String[] arguments) throws Exception {
        List<Path> paths;
        try (var files = Files.list(Path.of(arguments[0]))) {
            paths = files.sorted().toList();
        }
        for (Path path : paths) {
            String told;
            try {
                told = read(Files.readAllBytes(path));
            } catch (Exception | OutOfMemoryError | StackOverflowError | NoClassDefFoundError problem) {
                told = "refused: " + String.valueOf(problem).replace('\n', ' ');
            }
            System.out.println(path.getFileName() + " " + told);
        }
    }

    static String read(byte[] bytes) {
        MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes));
        int batches = 0;
        int count = 0;
        CRC32C crc = new CRC32C();
        for (MutableRecordBatch batch : records.batches()) {
            if (batch.magic() != 2 || ++batches > 1 || batch.sizeInBytes() != bytes.length) {
                return "refused: not one whole batch of format 2";
            }
            batch.ensureValid();
            for (Record record : batch) {
                crc.update(ByteBuffer.allocate(16).putLong(record.offset()).putLong(record.timestamp()).flip());
                add(crc, record.hasKey() ? record.key() : null);
                add(crc, record.hasValue() ? record.value() : null);
                count++;
            }
        }
        return batches == 1 ? String.format("%d %08x", count, crc.getValue()) : "refused: no batch";
    }

    static void add(CRC32C crc, ByteBuffer part) {
        crc.update(ByteBuffer.allocate(4).putInt(part == null ? -1 : part.remaining()).flip());
        if (part != null) {
            crc.update(part);
        }
    }
}
