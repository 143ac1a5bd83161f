#include "fetchpool/bytes.h"

namespace fetchpool {

Bytes::Bytes(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  view_ = *owner;
  owner_ = std::move(owner);
}

}  // namespace fetchpool
