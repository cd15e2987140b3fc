// The APIs that are served, by key. One name each; dispatch, ApiVersions and the oracle tests derive from this list.
#pragma once

#include "protocol/api/00_produce.h"
#include "protocol/api/01_fetch.h"
#include "protocol/api/02_list_offsets.h"
#include "protocol/api/03_metadata.h"
#include "protocol/api/10_find_coordinator.h"
#include "protocol/api/18_api_versions.h"
#include "protocol/api/19_create_topics.h"
#include "protocol/api/20_delete_topics.h"
#include "protocol/api/21_delete_records.h"
#include "protocol/api/22_init_producer_id.h"
#include "protocol/api/23_offset_for_leader_epoch.h"
#include "protocol/api/60_describe_cluster.h"

namespace ottla {

using Handlers = TypeList<ProduceRequest, FetchRequest, ListOffsetsRequest, MetadataRequest, FindCoordinatorRequest,
                          ApiVersionsRequest, CreateTopicsRequest, DeleteTopicsRequest, DeleteRecordsRequest,
                          InitProducerIdRequest, OffsetForLeaderEpochRequest, DescribeClusterRequest>;

}  // namespace ottla
