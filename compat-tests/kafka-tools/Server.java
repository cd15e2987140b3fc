import org.apache.kafka.common.utils.Exit;

/** Formats Kafka's directories and runs it, in one JVM. usage: Server SERVER_PROPERTIES CLUSTER_ID */
public class Server {
    public static void main(String[] arguments) {
        Exit.setExitProcedure((status, message) -> {
            throw new IllegalStateException("exit " + status);
        });
        try {
            kafka.tools.StorageTool.main(new String[] {"format", "-t", arguments[1], "-c", arguments[0]});
        } catch (IllegalStateException ended) {
            if (!ended.getMessage().equals("exit 0")) {
                throw ended;
            }
        }
        Exit.resetExitProcedure();
        kafka.Kafka.main(new String[] {arguments[0]});
    }
}
