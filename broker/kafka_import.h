// `ottla serve --import-kafka`: the metadata for the partitions that Kafka left in a data directory.
#pragma once

#include "broker/config.h"
#include "storage/log_directory.h"

namespace ottla {

// A topic for each name among the directories: its id from partition.metadata, its partitions from the directory names,
// settings at their defaults (those of __consumer_offsets as we make it), this broker its only replica, in an epoch
// above those in its log. One line for each in our log. Durable when it returns.
// Errors: a directory that does not say which topic it belongs to, two that differ.
Result<void> import_kafka(Disk& disk, LogDirectory& directory, const Config& config);

}  // namespace ottla
