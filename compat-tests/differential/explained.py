"""Where our answers differ from Apache Kafka's on purpose, and why. All columns are patterns of the whole text."""
from typing import NamedTuple


class Explained(NamedTuple):
    scenario: str
    api: str
    path: str    # with or without what is in brackets, the number or the name of an element
    kafka: str   # JSON
    ours: str    # JSON
    why: str


# (API, path of an array, why its order means nothing)
UNORDERED = [
    ("ApiVersions", r"api_keys|supported_features|finalized_features", "clients look up keys and names"),
    ("Metadata", r"topics", "Kafka answers from a hash set"),
    ("Produce", r"responses|responses\[\]\.partition_responses", "Kafka tells those it refuses after the others"),
    ("CreateTopics|DeleteTopics|CreatePartitions", r"topics|responses|results", "Kafka tells those it refuses apart"),
    ("ElectLeaders", r"replica_election_results", "Kafka answers from a hash map"),
    ("CreateTopics", r"topics\[\]\.configs", "looked up by name"),
    ("DescribeConfigs", r"results\[\]\.configs", "Kafka answers from a hash map"),
    ("ListConfigResources", r"config_resources", "Kafka answers from a hash map"),
    ("OffsetFetch", r"(groups\[\]\.)?topics(\[\]\.partitions)?|groups", "Kafka answers from hash maps"),
    ("ListGroups", r"groups", "Kafka answers from a hash map"),
    ("DeleteGroups", r"results", "Kafka tells group after group as its coordinators answer"),
    ("JoinGroup", r"members", "Kafka answers from a hash map"),
    ("DescribeGroups|ConsumerGroupDescribe", r"groups|groups\[\]\.members", "Kafka answers from a hash map"),
    ("ConsumerGroupHeartbeat|ConsumerGroupDescribe", r"(groups\[\]\.members\[\]\.(target_)?)?assignment\.topic_partitions",
     "by topic id"),
    ("DescribeProducers", r"topics\[\]\.partitions\[\]\.active_producers", "Kafka answers from a hash map"),
]

NOT_SERVED = "(17|2[4-9]|30|31|34|36|38|39|40|41|48|49|50|51|65|66|7[6-9]|8[3-9]|9[0-3])"
OTHER_FEATURES = r'\{"name": "(metadata|kraft|transaction|share|streams|eligible.leader.replicas).version".*'
TEXT = r'"[^"]+"'
ANY = r".*"
NO_PARTITIONS = r'\{("name"|"topic_id"|"topic"): "[^"]*", "(partitions|partition_responses)": (\[\]|\{\})\}'

ELR = "Kafka sets min.insync.replicas for all brokers with its ELR feature"
MIN_ISR = r'3|\{"name": "min.insync.replicas", .*\}'
MALFORMED = '"This most likely occurs because of a request being malformed.*"'
PRODUCE_TEXTS = (r'"(acks must be -1, 0 or 1|Cannot append to internal topic __consumer_offsets|exactly one batch for a partition, not .*|'
                 r"the CRC does not match|too short for a batch|a batch of \d+ bytes.*|message format [01] is not served|codec \d|"
                 r"record \d+ (of the batch: .*|has the offset delta .*)|-?\d+ records with a last offset delta of .*|gzip: .*|lz4: .*|zstd.*|"
                 r"clients are not allowed to .*|transactions are not served yet|attributes 0x4000 that clients may not set|"
                 r'the base offset should be 0, but it is .*|producer \d+ .*|a producer id without epoch or sequence|'
                 r'fewer in-sync replicas than min.insync.replicas)"')

EXPLAINED = [
    # What is not there yet.
    Explained(ANY, "ApiVersions", r"api_keys\[\]", rf'{{"api_key": {NOT_SERVED}, .*}}', '"absent"',
              "not served yet: SASL, transactions, ACLs, quotas, tokens, share and streams groups, telemetry"),
    Explained(ANY, "ApiVersions", r"(supported|finalized)_features\[\]", OTHER_FEATURES, '"absent"',
              "a client that sees these features uses what is not served yet (KIP-584)"),
    Explained("who_votes_of_a_broker_on_its_own", "(Add|Remove)RaftVoter", "error_message",
              r'"Cluster doesn\'t support (adding|removing) voter because the kraft.version feature is 0"', TEXT,
              "where Kafka needs a feature level, ours needs a setting"),
    Explained("sasl_where_there_is_none", "Sasl.*", "", r"\{.*\}", '"closed"', "no SASL: as any key that is not served"),
    Explained("transactional_producers", "InitProducerId", "error_code|producer_id|producer_epoch", r'"NONE"|"<producer_id \d>"|0',
              '"TRANSACTIONAL_ID_AUTHORIZATION_FAILED"|-1', "no transactions: the one error on which every client gives up at once"),
    Explained("find_coordinators_of_transactions", "FindCoordinator", r"coordinators\[\]\.error_(code|message)", TEXT + '|""', TEXT,
              "no transactions: the one error on which every client gives up at once"),
    Explained("find_coordinators_of_share_groups", "FindCoordinator", r"(coordinators\[\]\.)?error_message", TEXT + '|""', TEXT,
              "no share groups: which type is not served"),
    # Features.
    Explained(ANY, "ApiVersions", r"supported_features\[\]", '"absent"', r'\{"name": "group.version", .*\}',
              "version 3 leaves out features that begin with level 0 (KAFKA-17011); our group.version has level 1 alone"),
    Explained(ANY, "ApiVersions", r"supported_features\[\]\.min_version", "0", "1", "group.version is 1 and stays it"),
    Explained(ANY, "ApiVersions", "finalized_features_epoch", r"\d+", "0", "features do not change while we run"),
    # Connections: what is malformed ends them here.
    Explained("array_lengths_that_lie", "Metadata", "", r"\{.*\}", '"closed"', "a length of -2 is none; Kafka takes it for null"),
    Explained("tagged_fields_out_of_order_or_twice", "Metadata", "", r"\{.*\}", '"closed"', "KIP-482: tags ascend"),
    # Metadata.
    Explained("metadata_with_neither_name_nor_id", "Metadata", r"brokers\[\]|cluster_id|controller_id|error_code|topics\[\]",
              r'"absent"|null|-1|"UNKNOWN_SERVER_ERROR"|\{"error_code": "UNKNOWN_SERVER_ERROR".*\}',
              r'\{"node_id": 1, .*\}|"A{21}Q"|1|"NONE"|"absent"|\{"error_code": "UNKNOWN_TOPIC_ID".*\}',
              "from version 12 on Kafka fails with UNKNOWN_SERVER_ERROR, which clients repeat; UNKNOWN_TOPIC_ID here"),
    Explained("metadata_by_id_and_by_name_at_once", "Metadata", r"topics\[\]", '"absent"', r"\{.*\}",
              "each element says how it is meant (schema); Kafka leaves out those by name if there is one by id"),
    Explained("describe_topic_partitions", "DescribeTopicPartitions", r"topics\[\]\.(error_code|topic_authorized_operations)",
              '"UNKNOWN_SERVER_ERROR"|-2147483648', '"INVALID_TOPIC_EXCEPTION"|3576', "an empty name is an illegal one, and stays one"),
    # Produce.
    Explained(ANY, "Produce", r"responses\[\]\.partition_responses\[\]\.error_message", "null", PRODUCE_TEXTS,
              "KIP-467 has a field for what is wrong; Kafka leaves it empty in these cases"),
    Explained("produce_old_formats|produce_bytes_that_are_no_batch", "Produce", r"responses\[\]\.partition_responses\[\]\.error_message",
              r'"(Record size -?\d+ is less than the minimum record overhead \(14\)|Invalid magic found in record: 3)"',
              r'"(a batch length of -?\d+|unknown magic 3)"', "in other words"),
    Explained("produce_nothing", "Produce", r"responses\[\]", '"absent"', NO_PARTITIONS, "an answer for each topic of the request"),
    Explained("produce_to_one_partition_twice_in_a_request", "Produce", r"responses\[\]\.partition_responses.*", ANY, ANY,
              "Kafka acknowledges one and loses the other without a word; here both are written"),
    Explained("produce_bytes_that_are_no_batch", "Produce", r"responses\[\]\.partition_responses\[\]\.(error_code|base_offset|log_start_offset)",
              r'"NONE"|\d+', '"INVALID_RECORD"|-1', "a whole batch and a bit of another: Kafka drops the bit silently"),
    Explained("produce_bytes_that_are_no_batch", "Produce", r"responses\[\]\.partition_responses\[\]\.error_code", '"UNKNOWN_SERVER_ERROR"',
              '"INVALID_RECORD"', "a length of 2^31-1: Kafka counts beyond 32 bits"),
    Explained("produce_offset_deltas_that_are_not_in_order|produce_control_and_transactional_batches", "Produce",
              r"responses\[\]\.partition_responses\[\]\.(error_code|base_offset)", r'"NONE"|\d+', '"INVALID_RECORD"|-1',
              "Kafka does not look; deltas that repeat, and attributes of the future, would be with the consumers for ever"),
    Explained("produce_unknown_codecs", "Produce", r"responses\[\]\.partition_responses\[\]\.error_code", '"UNKNOWN_SERVER_ERROR"',
              '"UNSUPPORTED_COMPRESSION_TYPE"', "says what is wrong, and clients do not repeat it"),
    Explained("produce_compressed|produce_zstd_before_its_version", "Produce", r"responses\[\]\.partition_responses\[\]\.error_code",
              '"UNKNOWN_SERVER_ERROR"', '"CORRUPT_MESSAGE"', "says what is wrong"),
    Explained("produce_a_batch_that_claims_the_brokers_time", "Produce",
              r"responses\[\]\.partition_responses\[\]\.(error_code|base_offset)", r'"NONE"|\d+', '"INVALID_TIMESTAMP"|-1',
              "Kafka refuses this where the topic has LogAppendTime, and keeps it where consumers would believe it"),
    Explained("produce_with_the_brokers_time", "Produce", r"responses\[\]\.partition_responses\[\]\.(record_errors\[\]|error_message)",
              r'\{"batch_index": 0, .*\}|"One or more records have been rejected due to invalid timestamp"',
              '"absent"|"clients are not allowed to set the timestamp type to LogAppendTime"', "the batch is wrong, not its records"),
    Explained("odd_producers", "Produce", r"responses\[\]\.partition_responses\[\]\.(error_code|base_offset)", r'"NONE"|\d+',
              r'"INVALID_RECORD"|-?\d+', "a producer id without an epoch could never be fenced (KIP-98)"),
    Explained("sequences_sent_twice|a_batch_that_wraps_around", "Produce", r"responses\[\]\.partition_responses\[\]\.log_append_time_ms",
              "1000", "-1", "-1 is CreateTime (schema); the Java client would give all records of the repeated batch Kafka's time"),
    # Fetch and ListOffsets.
    Explained("fetch_with_odd_limits|fetch_with_an_isolation_level_that_is_none", "Fetch", r"responses\[\]\.partitions\[\]\..*",
              r'"UNKNOWN_SERVER_ERROR"|-1|"absent"', r'"NONE"|1|\{.*\}', "Kafka fails; a negative limit is none, and levels above 1 mean 0"),
    Explained("list_offsets_of_read_committed_readers", "ListOffsets", r"topics\[\]\.partitions\[\]\..*", '"UNKNOWN_SERVER_ERROR"|-1',
              '"NONE"|0|1', "Kafka fails; levels above 1 mean 0"),
    Explained("(fetch|list_offsets|delete_records)_.*(twice).*", "Fetch|ListOffsets|DeleteRecords", r"(responses|topics)\[\]\.partitions\[\].*",
              ANY, ANY, "an answer for each place asked for; Kafka's map keeps one"),
    Explained("fetch_zstd_before_its_version", "Fetch", r"responses\[\]\.partitions\[\]\.(error_code|records\.batches\[\])",
              r'"NONE"|\{.*\}', '"UNSUPPORTED_COMPRESSION_TYPE"|"absent"', "KIP-110: such a client cannot read zstd"),
    Explained("fetch_zstd_before_its_version", "Fetch", r"responses\[\]\.partitions\[\]\.records\.batches\[\]\.size", r"\d+", r"\d+",
              "two zstd libraries"),
    Explained("fetch_as_a_follower", "Fetch", r"responses\[\]\.partitions\[\]\.(error_code|current_leader\..*)",
              r'"NOT_LEADER_OR_FOLLOWER"|\d', '"CLUSTER_AUTHORIZATION_FAILED"|-1', "a client that says it is a broker (CVE-2018-1288)"),
    Explained("a_session_whose_topic_is_deleted", "Fetch", r"responses\[\]\.partitions\[\]\.error_code", '"UNKNOWN_TOPIC_OR_PARTITION"',
              '"UNKNOWN_TOPIC_ID"', "as outside of sessions, where both say so (KIP-516)"),
    Explained("offset_for_leader_epoch", "OffsetForLeaderEpoch", r"topics\[\]\.partitions\[\]\.(leader_epoch|end_offset)", "-2|0", "-1",
              "there is no epoch -2"),
    Explained("(list_offsets|delete_records|commit|delete_offsets)_.*", "ListOffsets|DeleteRecords|OffsetCommit|OffsetDelete", r"topics\[\]",
              '"absent"', NO_PARTITIONS, "an answer for each topic of the request"),
    # Topics and settings.
    Explained("create_topics_whose_names_collide", "CreateTopics", r"topics\[\]\..*", ANY, ANY,
              "two new names that collide: Kafka sees it only once one of them is there"),
    Explained("create_topics_with_odd_counts", "CreateTopics", r"topics\[\]\.error_message", ".* or some brokers have all their log directories cordoned.*",
              ".*only 1 broker.*", "no data directory is ever cordoned here"),
    Explained("create_topics_only_to_validate", "CreateTopics", r"topics\[\]\.topic_id", TEXT, '"A{22}"', "what is not made has no id"),
    Explained("create_partitions_of_an_internal_topic", "CreatePartitions", r"results\[\]\.error_(code|message)", TEXT, TEXT,
              "it cannot have more partitions: a group's place follows from how many there are"),
    Explained(ANY, "CreateTopics", r"topics\[.*\]\.configs\[min.insync.replicas\]\.config_source", "3", "5", ELR),
    Explained(ANY, "DescribeConfigs", r"results\[.*\]\.configs\[min.insync.replicas\](\.config_source|\.synonyms\[.*\](\.source)?)?", MIN_ISR, '5|"absent"', ELR),
    Explained("describe_all_configs_of_a_topic", "DescribeConfigs", r"results\[.*\]\.configs\[flush.messages\]\.synonyms\[.*\]\.value",
              '"9223372036854775807"', '"1"', "flush.messages is 1 by default here"),
    Explained("describe_the_broker", "DescribeConfigs", r"results\[\]\.configs\[\]\.synonyms\[\]", '"absent"',
              r'\{"name": "node.id", "value": "1", "source": 5\}', "without configuration the broker is number 1"),
    Explained("describe_brokers_that_are_not_there", "DescribeConfigs", r"results\[\]\.error_message", '"Broker id must be.*', '"Node id must be.*',
              "as where configs are altered; Kafka has two words for it"),
    Explained("describe_kinds_that_are_not_there", "DescribeConfigs", r"results\[\]\.error_message", MALFORMED, '"Unsupported resource type: .*"',
              "says what is wrong"),
    Explained("alter_what_is_not_there", "IncrementalAlterConfigs", r"responses\[\]\.error_(code|message)",
              '"INVALID_CONFIG"|"Logger retention.ms does not exist!"', '"INVALID_REQUEST"|"Unknown resource type 8"', "no loggers with levels of their own"),
    Explained("alter_one_resource_twice_in_a_request", ".*AlterConfigs", "", '"silence"', r"\{.*\}", "Kafka never answers"),
    Explained("change_a_topic_wrongly", "IncrementalAlterConfigs", r"responses\[\]\.error_(code|message)", '"UNKNOWN_SERVER_ERROR"|null',
              '"INVALID_REQUEST"|"Unknown operations type -?[0-9]"', "says what is wrong"),
    Explained("change_the_broker_wrongly", "IncrementalAlterConfigs", r"responses\[\]\.error_message", TEXT,
              r'"Cannot update these configs dynamically: \[listeners\]"', "listeners do not change while the broker runs"),
    Explained("describe_quorum", "DescribeQuorum", r"nodes\[\]", r'\{"node_id": 1, .*\}', '"absent"',
              "without other voters there is no listener for them"),
    # The disk, features, coordinators.
    Explained("update_.*", "UpdateFeatures", r"results\[\]\.error_message", '"NONE"', "null", "there is no error to tell of"),
    Explained("update_features", "UpdateFeatures", "error_message", ".*group.version.*(versions 0-1|Can't downgrade).*", ".*versions 1-1.*",
              "group.version is 1 and stays it"),
    Explained("find_coordinator.*", "FindCoordinator", r"(coordinators\[\]\.)?error_message", '"NONE"|""', "null", "there is no error to tell of"),
    Explained("find_coordinators_of_kinds_that_are_not_there", "FindCoordinator", r"(coordinators\[\]\.)?error_message", MALFORMED,
              '"coordinators of type -?[0-9]+ are not served"', "says what is wrong"),
    # Groups.
    Explained("join_with_one_protocol_named_twice|join_with_metadata_that_is_no_subscription", "JoinGroup", "", '"silence"', r"\{.*\}",
              "Kafka never answers"),
    Explained("delete_groups_that_are_not_there", "DeleteGroups", r"results\[\]", '"absent"', r"\{.*\}", "an answer for each group of the request"),
    Explained("expressions_that_are_none", "ConsumerGroupHeartbeat", "error_message", '"SubscribedTopicRegex .*', '"SubscribedTopicRegex .*',
              "RE2 and RE2/J have their own words"),
    Explained("a_consumer_with_an_expression", "ConsumerGroupHeartbeat", r"assignment\.topic_partitions\[\]", '"absent"', r"\{.*\}",
              "topics that match are found at once; Kafka's consumer gets them with a later heartbeat"),
    Explained("a_consumer_with_an_expression", "ConsumerGroupHeartbeat", "member_epoch", "1", "2", "... and one epoch later"),
    Explained("requests_of_consumers_to_a_classic_group", "ConsumerGroupHeartbeat", "error_message", '"Cannot upgrade classic group .*',
              '"Group .* is not a consumer group."', "as to any other request of a consumer"),
    Explained("a_classic_member_joins_consumers", "JoinGroup", "member_id", r'"<member_id \d>"', r'"differential-<uuid \d>"',
              "a member's id begins with its client's, in each kind of group"),
]
