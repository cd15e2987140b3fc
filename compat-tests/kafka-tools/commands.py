"""What is run on both sides, in this order, and what may differ: lines that match a pattern, with the reason."""
from typing import NamedTuple

MAIN = {
    "topics": "org.apache.kafka.tools.TopicCommand",
    "configs": "kafka.admin.ConfigCommand",
    "consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "groups": "org.apache.kafka.tools.GroupsCommand",
    "get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
    "cluster": "org.apache.kafka.tools.ClusterTool",
    "features": "org.apache.kafka.tools.FeatureCommand",
    "transactions": "org.apache.kafka.tools.TransactionsCommand",
    "log-dirs": "org.apache.kafka.tools.LogDirsCommand",
    "broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "verifiable-producer": "org.apache.kafka.tools.VerifiableProducer",
    "verifiable-consumer": "org.apache.kafka.tools.VerifiableConsumer",
}


class Command(NamedTuple):
    text: str                   # kafka-<tool> and its arguments; --bootstrap-server comes first unless {bootstrap} is in it
    stdin: str = ""
    may_differ: tuple = ()      # (pattern of a line, reason)
    any_order: bool = False     # the tool prints from a hash map
    seconds: int = 20
    file: str = ""              # its content; its path stands for {file}
    after_deletion: bool = False  # Kafka answers one before its broker has heard of it


# What matches is cut out of both outputs; elsewhere, a line that differs must match.
ELR = (r"\bmin\.insync\.replicas=\d+( .*$|,|$)", "Kafka sets min.insync.replicas for all brokers with its ELR feature")
CUT = (ELR,)
SYNCED = (r"^ *(flush.messages|log.flush.interval.messages)=", "we sync each write unless told otherwise")
TOPIC_CONFIGS = (ELR, SYNCED)
LISTENERS = (r"^ *(advertised.listeners|listeners|log.dirs?|broker.id|controller.quorum.voters|http.listener)=",
             "where each side listens and keeps its data; Kafka fills in broker.id")
DEFAULTS = (r"^ *(log.cleaner.min.compaction.lag.ms|num.network.threads|offsets.retention.minutes"
            r"|listener.security.protocol.map|node.id|group.initial.rebalance.delay.ms|queued.max.request.bytes)=", "our defaults differ, and listeners cannot change while we run")
OWN = (r"^ *(cluster.id|connection.handshake.timeout.ms|decompression.max.(bytes|ratio)|log.dir.reserved.bytes"
       r"|max.partitions.per.cluster|group.members.max.bytes)=", "settings of ours")
BROKER_CONFIGS = (ELR, SYNCED, LISTENERS, DEFAULTS, OWN)

OFFSETS = (r"^__consumer_offsets:", "in how many records a group is written down")
APIS = (r"^\t\w+\(\d+\): ", "APIs that are not served yet, or not in Kafka's newest version")

LINES = "".join(f"key{i % 7}:value {i}\n" for i in range(100))

# Set, told, and told the same by a broker that was killed and started again.
CHANGES = ["--topic placed --add-config retention.ms=5000,preallocate=true", "--broker 1 --add-config log.segment.bytes=2000000",
           "--broker-defaults --add-config num.io.threads=3,compression.type=zstd",
           "--group sleepers --add-config consumer.heartbeat.interval.ms=6000"]

COMMANDS = [
    # kafka-topics
    Command("topics --create --topic stocks --partitions 3 --replication-factor 1"),
    Command("topics --create --topic stocks --partitions 3"),
    Command("topics --create --topic stocks --partitions 3 --if-not-exists"),
    Command("topics --create --topic compacted --partitions 1 --config cleanup.policy=compact --config segment.bytes=1048576"),
    Command("topics --create --topic single --partitions 1"),
    Command("topics --create --topic by.default"),
    Command("topics --create --topic placed --replica-assignment 1,1"),
    Command("topics --create --topic bad --config no.such=1"),
    Command("topics --create --topic bad --config retention.ms=soon"),
    Command("topics --create --topic bad --config cleanup.policy=shred"),
    Command("topics --create --topic bad --replication-factor 3",
            may_differ=((r"^Error while .*only 1 broker", "our data directory is never cordoned"),)),
    Command("topics --create --topic bad --partitions 0"),
    Command("topics --create --topic b/ad"),
    Command("topics --list"),
    Command("topics --list --exclude-internal"),
    Command("topics --list --topic st.*"),
    Command("topics --describe", may_differ=(ELR,), any_order=True),
    Command("topics --describe --topic stocks", may_differ=(ELR,)),
    Command("topics --describe --topic compacted --topics-with-overrides", may_differ=(ELR,)),
    Command("topics --describe --topic none.such"),
    Command("topics --describe --topic none.such --if-exists"),
    Command("topics --describe --under-replicated-partitions"),
    Command("topics --describe --unavailable-partitions"),
    Command("topics --describe --under-min-isr-partitions"),
    Command("topics --describe --at-min-isr-partitions", any_order=True),
    Command("topics --alter --topic stocks --partitions 5"),
    Command("topics --alter --topic stocks --partitions 5"),
    Command("topics --alter --topic stocks --partitions 2"),
    Command("topics --alter --topic none.such --partitions 2"),
    Command("topics --alter --topic none.such --partitions 2 --if-exists"),
    Command("topics --alter --topic by.default --partitions 4 --replica-assignment 1,1,1,1"),
    Command("topics --alter --topic by.default --partitions 5 --replica-assignment 1,1,1,1,7"),
    Command("topics --describe --topic stocks --partition-size-limit-per-response 2", may_differ=(ELR,)),
    # kafka-configs: topics
    Command("configs --describe --entity-type topics --entity-name stocks"),
    Command("configs --describe --entity-type topics --entity-name stocks --all", may_differ=TOPIC_CONFIGS),
    Command("configs --describe --entity-type topics", may_differ=(ELR,), any_order=True),
    Command("configs --describe --topic none.such"),
    Command("configs --alter --topic stocks --add-config retention.ms=86400000,max.message.bytes=2000"),
    Command("configs --alter --topic stocks --add-config cleanup.policy=[compact,delete],preallocate=true"),
    Command("configs --describe --topic stocks"),
    Command("configs --describe --topic stocks --all", may_differ=TOPIC_CONFIGS),
    Command("configs --alter --topic stocks --delete-config cleanup.policy,preallocate"),
    Command("configs --alter --topic stocks --delete-config segment.ms"),
    Command("configs --alter --topic stocks --add-config no.such=1"),
    Command("configs --alter --topic stocks --add-config retention.ms=soon"),
    Command("configs --alter --topic stocks --add-config retention.ms=-2"),
    Command("configs --alter --topic stocks --add-config min.compaction.lag.ms=10,max.compaction.lag.ms=5"),
    Command("configs --alter --topic none.such --add-config retention.ms=1"),
    Command("configs --alter --topic stocks --add-config-file {file}", file="flush.ms=5\nsegment.ms=60000\n"),
    Command("configs --describe --topic stocks"),
    Command("configs --alter --topic stocks --delete-config flush.ms,segment.ms"),
    # kafka-configs: brokers
    Command("configs --describe --entity-type brokers --entity-name 1", may_differ=(ELR,)),
    Command("configs --describe --entity-type brokers --entity-default", may_differ=(ELR,)),
    Command("configs --describe --entity-type brokers", may_differ=(ELR,)),
    Command("configs --describe --broker 1 --all", may_differ=BROKER_CONFIGS),
    Command("configs --describe --broker 7"),
    Command("configs --alter --broker 1 --add-config log.retention.ms=7000000,log.cleaner.threads=2"),
    Command("configs --alter --entity-type brokers --entity-default --add-config message.max.bytes=900000"),
    Command("configs --describe --broker 1", may_differ=(ELR,)),
    Command("configs --describe --broker-defaults", may_differ=(ELR,)),
    Command("configs --describe --topic by.default --all", may_differ=TOPIC_CONFIGS),
    Command("configs --alter --broker 1 --delete-config log.retention.ms,log.cleaner.threads"),
    Command("configs --alter --broker-defaults --delete-config message.max.bytes"),
    Command("configs --describe --broker 1", may_differ=(ELR,)),
    Command("configs --alter --broker 1 --add-config num.partitions=9"),
    Command("configs --alter --broker 1 --add-config log.retention.ms=soon"),
    Command("configs --alter --broker 1 --add-config no.such=1",
            may_differ=((r"^Completed updating config for broker 1|^Error while executing config command|INVALID_CONFIG|"
                         r"InvalidConfigurationException|no\.such|^\s+at |^status",
                         "Kafka takes any name for a broker; a name that it does not know is refused here"),)),
    Command("configs --alter --broker-defaults --add-config ssl.keystore.location=/x"),
    # kafka-configs: groups
    Command("configs --describe --group readers --all"),
    Command("configs --alter --group readers --add-config consumer.session.timeout.ms=50000"),
    Command("configs --describe --group readers"),
    Command("configs --describe --group readers --all"),
    Command("configs --describe --entity-type groups"),
    Command("configs --alter --group readers --add-config consumer.session.timeout.ms=50"),
    Command("configs --alter --group readers --add-config consumer.session.timeout.ms=long"),
    Command("configs --alter --group readers --add-config no.such=1"),
    Command("configs --alter --group readers --delete-config consumer.session.timeout.ms"),
    Command("configs --describe --group readers"),
    # records, and what tells of them
    Command("console-producer --topic stocks --reader-property parse.key=true --reader-property key.separator=:", stdin=LINES),
    Command("console-producer --topic compacted --reader-property parse.key=true --reader-property key.separator=:", stdin=LINES),
    Command("console-producer --topic compacted", stdin="without a key\n"),
    Command("console-producer --topic single --sync --compression-codec zstd", stdin="x" * 20 + "\n"),
    Command("transactions describe-producers --topic single --partition 0"),
    Command("transactions describe-producers --topic none.such --partition 0"),
    Command("console-producer --topic stocks --sync", stdin="y" * 2500 + "\n",
            may_differ=((r"RecordTooLargeException", "we tell how large it was and what is allowed"),)),
    Command("console-consumer --topic stocks --from-beginning --timeout-ms 2000", any_order=True),
    Command("console-consumer --topic compacted --partition 0 --offset 90 --max-messages 5 --formatter-property print.key=true "
            "--formatter-property print.offset=true --formatter-property print.partition=true"),
    Command("console-consumer --topic stocks --from-beginning --max-messages 100 --group readers", any_order=True),
    Command("get-offsets --topic stocks"),
    Command("get-offsets", may_differ=(OFFSETS,)),
    Command("get-offsets --topic stocks --time earliest"),
    Command("get-offsets --topic single --time max-timestamp"),
    Command("get-offsets --topic stocks --time 1000000000000"),
    Command("get-offsets --topic-partitions stocks:0-2,compacted:0 --time -1"),
    Command("get-offsets --topic none.such"),
    Command("get-offsets --exclude-internal-topics --time latest"),
    Command("delete-records --offset-json-file {file}",
            file='{"version":1,"partitions":[{"topic":"stocks","partition":0,"offset":1}]}'),
    Command("delete-records --offset-json-file {file}",
            file='{"version":1,"partitions":[{"topic":"stocks","partition":0,"offset":100000}]}'),
    Command("delete-records --offset-json-file {file}",
            file='{"version":1,"partitions":[{"topic":"compacted","partition":0,"offset":-1}]}'),
    Command("get-offsets --topic stocks --time -2"),
    Command("log-dirs --describe"),
    Command("log-dirs --describe --topic-list stocks,compacted --broker-list 1"),
    Command("log-dirs --describe --broker-list 7"),
    Command("broker-api-versions", may_differ=(APIS,)),
    Command("cluster cluster-id --bootstrap-server {bootstrap}", may_differ=((r"^Cluster ID", "each has its own"),)),
    Command("cluster list-endpoints --bootstrap-server {bootstrap}"),
    Command("features describe", may_differ=((r"^Feature: ", "features we do not have; ours is group.version"),)),
    Command("features upgrade --feature no.such=1"),
    # kafka-consumer-groups
    Command("consumer-groups --list", any_order=True),
    Command("consumer-groups --list --state", any_order=True),
    Command("consumer-groups --list --type classic", any_order=True),
    Command("groups --list", any_order=True),
    Command("consumer-groups --describe --group readers", any_order=True),
    Command("consumer-groups --describe --group readers --members"),
    Command("consumer-groups --describe --group readers --state"),
    Command("consumer-groups --describe --group readers --offsets --verbose", any_order=True),
    Command("consumer-groups --describe --all-groups", any_order=True),
    Command("consumer-groups --describe --group none.such"),
    Command("consumer-groups --reset-offsets --group readers --topic stocks --to-earliest --dry-run", any_order=True),
    Command("consumer-groups --reset-offsets --group readers --topic stocks:0,1 --to-offset 5 --execute", any_order=True),
    Command("consumer-groups --reset-offsets --group readers --topic stocks --shift-by -1 --execute", any_order=True),
    Command("consumer-groups --reset-offsets --group readers --topic stocks --to-latest --export --dry-run", any_order=True),
    Command("consumer-groups --reset-offsets --group readers --all-topics --to-current --execute", any_order=True),
    Command("consumer-groups --reset-offsets --group readers --topic stocks --to-datetime 2020-01-01T00:00:00.000 "
            "--execute", any_order=True),
    Command("consumer-groups --reset-offsets --group readers --topic stocks --by-duration P1D --execute", any_order=True),
    Command("consumer-groups --reset-offsets --group readers --from-file {file} --execute",
            file="stocks,0,2\nstocks,1,3\n", any_order=True),
    Command("consumer-groups --describe --group readers", any_order=True),
    Command("consumer-groups --delete-offsets --group readers --topic stocks:0", any_order=True),
    Command("consumer-groups --describe --group readers", any_order=True),
    Command("consumer-groups --delete --group readers"),
    Command("consumer-groups --delete --group readers"),
    # a group of the new consumer protocol
    Command("console-consumer --topic stocks --from-beginning --max-messages 100 --group new "
            "--command-property group.protocol=consumer", any_order=True),
    Command("consumer-groups --list --type consumer", any_order=True),
    Command("consumer-groups --list --state --type consumer", any_order=True),
    Command("groups --list --protocol consumer", any_order=True),
    Command("consumer-groups --describe --group new", any_order=True),
    Command("consumer-groups --describe --group new --members --verbose"),
    Command("consumer-groups --describe --group new --state --verbose"),
    Command("configs --describe --group new --all"),
    Command("consumer-groups --reset-offsets --group new --topic stocks --to-earliest --execute", any_order=True),
    Command("consumer-groups --delete --group new"),
    Command("consumer-groups --list", any_order=True),
    # the verifiable clients
    Command("verifiable-producer --topic single --max-messages 50 --acks -1"),
    Command("verifiable-consumer --topic single --group-id verifiers --max-messages 50 --reset-policy earliest",
            any_order=True),
    Command("consumer-groups --describe --group verifiers --state"),
    # the end
    Command("topics --delete --topic stocks"),
    Command("topics --delete --topic stocks", after_deletion=True),
    Command("topics --delete --topic stocks --if-exists"),
    Command("topics --delete --topic by.*"),
    Command("topics --list", after_deletion=True),
]
