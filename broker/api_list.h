// The APIs that are served, by key. One name each; dispatch, ApiVersions and the oracle tests derive from this list.
#pragma once

#include "protocol/api/00_produce.h"
#include "protocol/api/01_fetch.h"
#include "protocol/api/02_list_offsets.h"
#include "protocol/api/03_metadata.h"
#include "protocol/api/08_offset_commit.h"
#include "protocol/api/09_offset_fetch.h"
#include "protocol/api/10000_quorum_message.h"
#include "protocol/api/10001_propose.h"
#include "protocol/api/10002_replica_fetch.h"
#include "protocol/api/10003_member_heartbeat.h"
#include "protocol/api/10004_join_quorum.h"
#include "protocol/api/10005_change_voter.h"
#include "protocol/api/10_find_coordinator.h"
#include "protocol/api/11_join_group.h"
#include "protocol/api/12_heartbeat.h"
#include "protocol/api/13_leave_group.h"
#include "protocol/api/14_sync_group.h"
#include "protocol/api/15_describe_groups.h"
#include "protocol/api/16_list_groups.h"
#include "protocol/api/18_api_versions.h"
#include "protocol/api/19_create_topics.h"
#include "protocol/api/20_delete_topics.h"
#include "protocol/api/21_delete_records.h"
#include "protocol/api/22_init_producer_id.h"
#include "protocol/api/23_offset_for_leader_epoch.h"
#include "protocol/api/32_describe_configs.h"
#include "protocol/api/33_alter_configs.h"
#include "protocol/api/35_describe_log_dirs.h"
#include "protocol/api/37_create_partitions.h"
#include "protocol/api/42_delete_groups.h"
#include "protocol/api/43_elect_leaders.h"
#include "protocol/api/44_incremental_alter_configs.h"
#include "protocol/api/45_alter_partition_reassignments.h"
#include "protocol/api/46_list_partition_reassignments.h"
#include "protocol/api/47_offset_delete.h"
#include "protocol/api/55_describe_quorum.h"
#include "protocol/api/57_update_features.h"
#include "protocol/api/60_describe_cluster.h"
#include "protocol/api/61_describe_producers.h"
#include "protocol/api/64_unregister_broker.h"
#include "protocol/api/68_consumer_group_heartbeat.h"
#include "protocol/api/69_consumer_group_describe.h"
#include "protocol/api/74_list_config_resources.h"
#include "protocol/api/75_describe_topic_partitions.h"
#include "protocol/api/80_add_raft_voter.h"
#include "protocol/api/81_remove_raft_voter.h"

namespace ottla {

using Handlers =
    TypeList<ProduceRequest, FetchRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest, OffsetFetchRequest,
             FindCoordinatorRequest, JoinGroupRequest, HeartbeatRequest, LeaveGroupRequest, SyncGroupRequest,
             DescribeGroupsRequest, ListGroupsRequest, ApiVersionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
             DeleteRecordsRequest, InitProducerIdRequest, OffsetForLeaderEpochRequest, DescribeConfigsRequest,
             AlterConfigsRequest, DescribeLogDirsRequest, CreatePartitionsRequest, DeleteGroupsRequest,
             ElectLeadersRequest, IncrementalAlterConfigsRequest, AlterPartitionReassignmentsRequest,
             ListPartitionReassignmentsRequest, OffsetDeleteRequest, DescribeQuorumRequest, UpdateFeaturesRequest,
             DescribeClusterRequest, DescribeProducersRequest, UnregisterBrokerRequest, ConsumerGroupHeartbeatRequest,
             ConsumerGroupDescribeRequest, ListConfigResourcesRequest, DescribeTopicPartitionsRequest,
             AddRaftVoterRequest, RemoveRaftVoterRequest>;

// What brokers say to one another: served on the inter-broker listener of a cluster only, and listed nowhere.
using ClusterHandlers = TypeList<QuorumMessageRequest, ProposeRequest, ReplicaFetchRequest, MemberHeartbeatRequest,
                                 JoinQuorumRequest, ChangeVoterRequest>;

}  // namespace ottla
