#include "broker/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "broker/properties.h"
#include "broker/version.h"

namespace ottla {

namespace {

constexpr int usage_error = 2;

// Every setting of the table: name, default, reason.
std::string settings_help() {
  std::string text = "\nSettings (--set NAME=VALUE, or in a file of Kafka's server.properties syntax):\n";
  for (const Setting& setting : settings()) {
    text += fmt::format("  {}{}{}\n      {}\n", setting.name, setting.default_text.empty() ? "" : "=",
                        setting.default_text, setting.reason);
  }
  return text;
}

Options refuse(const std::string& why) { return {.text = fmt::format("ottla: {}\n", why), .exit_code = usage_error}; }

Result<std::vector<GivenSetting>> gather(const std::string& file, const std::vector<std::string>& set) {
  std::vector<GivenSetting> given;
  if (!file.empty()) {
    auto from_file = read_properties_file(file);
    if (!from_file) {
      return from_file;
    }
    given = std::move(*from_file);
  }
  for (const std::string& one : set) {
    const auto equals = one.find('=');
    if (equals == std::string::npos) {
      return failure(ErrorCode::INVALID_CONFIG, fmt::format("--set {}: NAME=VALUE is expected", one));
    }
    given.push_back({.name = one.substr(0, equals), .value = one.substr(equals + 1), .source = "--set"});
  }
  return given;
}

// The directory and, for dump, whether records are wanted.
void add_log_command(CLI::App& log, LogCommand& command, LogCommand::What what, const char* name, const char* about) {
  CLI::App* one = log.add_subcommand(name, about);
  one->add_option("DIR", command.directory, "A log directory, or the directory of one partition; Ottla's or Kafka's")
      ->required();
  if (what == LogCommand::What::dump) {
    one->add_flag("--records", command.with_records, "The records of each batch, too");
  }
  one->callback([&command, what] { command.what = what; });
}

void add_group_command(CLI::App& group, GroupCommand& command) {
  CLI::App* explain = group.add_subcommand("explain", "Who is in a group, for whom it waits, and what happens when.");
  explain->add_option("NAME", command.group, "The group")->required();
  explain->add_option("--http", command.http_address, "The broker's http.listener")
      ->option_text("HOST:PORT")
      ->capture_default_str();
}

// Options of its own, unless something is asked of a cluster that runs.
void add_cluster_command(CLI::App& cluster, ClusterCommand& command) {
  cluster.add_option("--brokers", command.brokers, "How many")->capture_default_str();
  cluster.add_option("--data", command.data_directory, "Where each keeps its data and its log")
      ->option_text("DIR")
      ->capture_default_str();
  cluster.add_option("--base-port", command.base_port, "The first broker's; the others' follow")->capture_default_str();
  cluster.add_option("--set", command.settings, "One setting, for each broker")
      ->option_text("NAME=VALUE")
      ->allow_extra_args(false);
  CLI::App* status = cluster.add_subcommand("status",
                                            "What a running broker knows of its cluster; status 1: something "
                                            "is missing.");
  status->add_option("--http", command.http_address, "The broker's http.listener")
      ->option_text("HOST:PORT")
      ->capture_default_str();
  status->callback([&command] { command.what = ClusterCommand::What::status; });
}

void add_drain_command(CLI::App& cluster, ClusterCommand& command) {
  CLI::App* drain = cluster.add_subcommand("drain",
                                           "Move all that a broker has to others, so that it can be taken away; waits "
                                           "until it is done. Status 1: some of it cannot be moved.");
  drain->add_option("--broker", command.drain.broker, "Its node.id")->required();
  drain->add_option("--bootstrap-server", command.drain.bootstrap_server, "Any broker of the cluster")
      ->option_text("HOST:PORT")
      ->capture_default_str();
  drain->callback([&command] { command.what = ClusterCommand::What::drain; });
}

}  // namespace

Options parse_options(int argc, const char* const* argv) {
  CLI::App app("Ottla, a Kafka broker in one small program.", "ottla");
  app.set_version_flag("--version", std::string("ottla ") + version);
  app.require_subcommand(1);
  CLI::App* serve = app.add_subcommand("serve", "Run a broker.");
  std::string file;
  std::vector<std::string> set;
  bool import_kafka = false;
  serve->add_option("--config", file, "A file of settings, as Kafka's server.properties")->option_text("FILE");
  serve->add_option("--set", set, "One setting; wins over the file")
      ->option_text("NAME=VALUE")
      ->allow_extra_args(false);
  serve->add_flag("--import-kafka", import_kafka, "Take over a data directory that Apache Kafka wrote");
  LogCommand log_command;
  CLI::App* log = app.add_subcommand("log", "Look at logs on disk; nothing is written.");
  log->require_subcommand(1);
  add_log_command(*log, log_command, LogCommand::What::dump, "dump", "Print the batches of a log.");
  add_log_command(*log, log_command, LogCommand::What::verify, "verify", "Check all of a log; status 1: damaged.");
  GroupCommand group_command;
  CLI::App* group = app.add_subcommand("group", "Ask a running broker about a consumer group.");
  group->require_subcommand(1);
  add_group_command(*group, group_command);
  ClusterCommand cluster_command;
  CLI::App* cluster = app.add_subcommand("cluster", "Run several brokers on this machine, as one cluster.");
  cluster->require_subcommand(0, 1);
  add_cluster_command(*cluster, cluster_command);
  add_drain_command(*cluster, cluster_command);
  app.footer(settings_help());
  serve->footer(settings_help());
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    std::ostringstream text;
    app.exit(asked, text, text);
    return {.text = text.str()};
  } catch (const CLI::Error& wrong) {
    return refuse(fmt::format("{} (see ottla --help)", wrong.what()));
  }
  if (log->parsed()) {
    return {.log = log_command};
  }
  if (group->parsed()) {
    return {.group = group_command};
  }
  if (cluster->parsed()) {
    return {.cluster = cluster_command};
  }
  const auto given = gather(file, set);
  if (!given) {
    return refuse(given.error().message);
  }
  auto parsed = parse_config(*given);
  if (!parsed) {
    return refuse(parsed.error().message);
  }
  parsed->config.import_kafka = import_kafka;
  return {.config = std::move(parsed->config), .warnings = std::move(parsed->warnings)};
}

}  // namespace ottla
