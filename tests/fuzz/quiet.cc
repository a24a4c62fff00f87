// protobuf writes a line to stderr for each text that is no UTF-8; at thousands of inputs a second, that is what a
// target would spend its time with.
#include <google/protobuf/stubs/logging.h>

namespace {

[[maybe_unused]] auto* const before = google::protobuf::SetLogHandler(nullptr);

}  // namespace
