#include "fetchpool/fetch.h"

namespace fetchpool {

Body::Body(Bytes whole) {
  append(std::move(whole));
}

void Body::append(Bytes piece) {
  if (piece.empty()) return;
  size_ += piece.size();
  pieces_.push_back(std::move(piece));
}

void Body::append(const Body& more) {
  for (const Bytes& piece : more.pieces_) append(piece);
}

std::string Body::str() const {
  std::string whole;
  whole.reserve(size_);
  for (const Bytes& piece : pieces_) whole += piece.view();
  return whole;
}

}  // namespace fetchpool
