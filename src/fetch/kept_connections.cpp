#include "fetch/kept_connections.h"

#include <algorithm>

#include "fetchpool/error.h"

namespace fetchpool::engine {
namespace {

bool libcurl_forgets_hosts() {
  return curl_version_info(CURLVERSION_NOW)->version_num >= 0x080A00;
}

}  // namespace

KeptConnections::KeptConnections(std::uint64_t most_opened) : most_opened_(most_opened) {
  if (!libcurl_forgets_hosts()) begin_set();
}

KeptConnections::~KeptConnections() {
  for (CURLSH* set : sets_) curl_share_cleanup(set);
}

void KeptConnections::begin_set() {
  CURLSH* set = curl_share_init();
  if (!set) throw Error("no memory for connections");
  sets_.push_back(set);
  curl_share_setopt(set, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
}

// A set that is in use says so.
void KeptConnections::close_unused() {
  auto closed = std::remove_if(sets_.begin(), sets_.end() - 1,
                               [](CURLSH* set) { return curl_share_cleanup(set) == CURLSHE_OK; });
  sets_.erase(closed, sets_.end() - 1);
}

void KeptConnections::join(CURL* easy, std::uint64_t opened) {
  if (sets_.empty()) return;
  if (sets_.size() > 1) close_unused();
  if (opened - opened_before_ >= most_opened_ && sets_.size() == 1) {
    begin_set();
    opened_before_ = opened;
  }
  curl_easy_setopt(easy, CURLOPT_SHARE, sets_.back());
}

void KeptConnections::leave(CURL* easy) {
  if (!sets_.empty()) curl_easy_setopt(easy, CURLOPT_SHARE, nullptr);
}

}  // namespace fetchpool::engine
