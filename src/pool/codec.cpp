#include "fetchpool/codec.h"

namespace fetchpool {

void Decoder::throw_cut_short() {
  throw SerializationError("a value cannot be decoded: its bytes end too early");
}

}  // namespace fetchpool
