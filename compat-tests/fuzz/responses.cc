// The decoder and encoder of every response in every version.
#include "compat-tests/fuzz/messages.h"

namespace ottla {

void fuzz(Input input) {
  fuzz_messages(input, []<class Request>(std::int16_t version, Bytes bytes) {
    fuzz_message<typename Request::Response>(Request::api, version, std::move(bytes));
  });
}

}  // namespace ottla
