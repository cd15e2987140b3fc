#include "broker/admin_client.h"

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>

#include "protocol/api/03_metadata.h"
#include "protocol/api/45_alter_partition_reassignments.h"
#include "protocol/api/46_list_partition_reassignments.h"
#include "protocol/codec.h"
#include "protocol/frame.h"

namespace ottla {

namespace {

constexpr std::int32_t answer_bytes_max = 256 * 1024 * 1024;
constexpr std::size_t decode_budget_bytes = std::size_t{1} << 30U;

}  // namespace

struct AdminClient::Connection {
  static constexpr auto longest_wait = std::chrono::seconds(30);
  std::string address;
  boost::asio::ip::tcp::iostream stream;

  [[nodiscard]] std::unexpected<Error> lost() const {
    return failure(ErrorCode::NETWORK_EXCEPTION, "the broker at " + address + ": " + stream.error().message());
  }
};

AdminClient::AdminClient(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
AdminClient::~AdminClient() = default;
AdminClient::AdminClient(AdminClient&& other) noexcept = default;
AdminClient& AdminClient::operator=(AdminClient&& other) noexcept = default;

Result<AdminClient> AdminClient::connect(const std::string& address) {
  auto connection = std::make_unique<Connection>();
  connection->address = address;
  const auto colon = std::min(address.rfind(':'), address.size());
  connection->stream.expires_after(Connection::longest_wait);
  connection->stream.connect(address.substr(0, colon), address.substr(std::min(colon + 1, address.size())));
  if (!connection->stream) {
    return connection->lost();
  }
  return AdminClient(std::move(connection));
}

Result<Bytes> AdminClient::exchange(const Writer& request) {
  auto& stream = connection_->stream;
  stream.expires_after(Connection::longest_wait);
  const Bytes bytes = request.flatten();
  stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  stream.flush();
  std::array<std::byte, sizeof(std::int32_t)> length{};
  stream.read(reinterpret_cast<char*>(length.data()), length.size());
  if (!stream) {
    return connection_->lost();
  }
  const auto size = load_big_endian<std::int32_t>(length);
  if (size < 0 || size > answer_bytes_max) {
    return failure(ErrorCode::INVALID_REQUEST, "what answers at " + connection_->address + " is no broker");
  }
  Bytes answer(static_cast<std::size_t>(size));
  stream.read(reinterpret_cast<char*>(answer.data()), size);
  return stream ? Result<Bytes>(std::move(answer)) : connection_->lost();
}

template <class Request>
Result<typename Request::Response> AdminClient::ask(const Request& request) {
  constexpr const Api& api = Request::api;
  constexpr bool flexible = api.versions.max >= api.flexible;
  Writer out;
  begin_request(out, api.key, api.versions.max, ++correlation_id_, "ottla", flexible);
  encode_message(out, request, api.versions.max, api.flexible);
  finish_request(out);
  auto bytes = exchange(out);
  if (!bytes) {
    return std::unexpected(std::move(bytes.error()));
  }
  const auto whole = read_response(*bytes, flexible);
  if (!whole) {
    return std::unexpected(whole.error());
  }
  DecodeBudget budget{decode_budget_bytes};
  return decode_message<typename Request::Response>(whole->body, api.versions.max, api.flexible, budget);
}

template Result<MetadataResponse> AdminClient::ask(const MetadataRequest&);
template Result<AlterPartitionReassignmentsResponse> AdminClient::ask(const AlterPartitionReassignmentsRequest&);
template Result<ListPartitionReassignmentsResponse> AdminClient::ask(const ListPartitionReassignmentsRequest&);

}  // namespace ottla
