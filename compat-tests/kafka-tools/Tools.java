import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs the main classes of Kafka's tools one after the other in one JVM. stdin: a line per command, words separated by
 * tabs, each in base64: main class, seconds it may take, its stdin, its arguments. stdout: per command its exit status
 * ("timeout" if it had to be left), stdout and stderr in base64, separated by tabs.
 */
public class Tools {
    static class Ended extends RuntimeException {
        Ended() {
            super("exit", null, false, false);
        }
    }

    private static final PrintStream ANSWERS = System.out;
    private static volatile Integer firstStatus;

    public static void main(String[] arguments) throws Exception {
        // The first exit is the one that counts: some tools catch what is thrown here, and tell and exit again.
        Exit.Procedure end = (status, message) -> {
            if (message != null) {
                System.err.println(message);
            }
            if (firstStatus == null) {
                firstStatus = status;
            }
            System.setOut(new PrintStream(OutputStream.nullOutputStream()));
            System.setErr(new PrintStream(OutputStream.nullOutputStream()));
            throw new Ended();
        };
        Exit.setExitProcedure(end);
        Exit.setHaltProcedure(end);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            run(Arrays.stream(line.split("\t", -1)).map(Tools::decoded).toList());
        }
        Runtime.getRuntime().halt(0);  // whatever a command left behind
    }

    /** Those that a command has left; needs --add-opens java.base/java.lang=ALL-UNNAMED. */
    @SuppressWarnings("unchecked")
    private static List<Thread> takeShutdownHooks() throws ReflectiveOperationException {
        Field field = Class.forName("java.lang.ApplicationShutdownHooks").getDeclaredField("hooks");
        field.setAccessible(true);
        Map<Thread, Thread> hooks = (Map<Thread, Thread>) field.get(null);
        List<Thread> taken = new ArrayList<>(hooks.keySet());
        hooks.clear();
        return taken;
    }

    private static String decoded(String word) {
        return new String(Base64.getDecoder().decode(word), StandardCharsets.UTF_8);
    }

    private static void run(List<String> words) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true));
        System.setErr(new PrintStream(err, true));
        System.setIn(new ByteArrayInputStream(words.get(2).getBytes(StandardCharsets.UTF_8)));
        firstStatus = null;
        String[] status = {"timeout"};
        Thread command = new Thread(() -> status[0] = call(words.get(0), words.subList(3, words.size())));
        command.setDaemon(true);
        command.start();
        command.join(TimeUnit.SECONDS.toMillis(Long.parseLong(words.get(1))));
        boolean late = command.isAlive();
        System.setOut(new PrintStream(out, true));
        System.setErr(new PrintStream(err, true));
        for (Thread hook : takeShutdownHooks()) {  // as the JVM does at its end
            hook.start();
            hook.join(TimeUnit.SECONDS.toMillis(5));
        }
        if (late) {
            command.join(TimeUnit.SECONDS.toMillis(5));
        }
        Base64.Encoder base64 = Base64.getEncoder();
        ANSWERS.println((late ? "timeout" : status[0]) + "\t" + base64.encodeToString(out.toByteArray()) + "\t"
            + base64.encodeToString(err.toByteArray()));
        ANSWERS.flush();
    }

    private static String call(String mainClass, List<String> arguments) {
        try {
            Class.forName(mainClass).getMethod("main", String[].class)
                .invoke(null, (Object) arguments.toArray(new String[0]));
            return "0";
        } catch (InvocationTargetException thrown) {
            if (thrown.getCause() instanceof Ended) {
                return String.valueOf(firstStatus);
            }
            thrown.getCause().printStackTrace();
            return "1";
        } catch (ReflectiveOperationException wrong) {
            return wrong.toString();
        }
    }
}
