#pragma once

#include <memory>
#include <span>

#include "manifests/package/source.h"

namespace lanyard::package {

// The stream inside a compressed file. Refuses cut-off input, trailing data, and what wants too much memory.
class Decoder {
public:
    virtual ~Decoder() = default;

    // The next part; empty at the end. Valid until the next call.
    virtual Result<std::span<char const>> next() = 0;

    // For the tar formats; `source` must outlive it and stand at its beginning.
    static std::unique_ptr<Decoder> make(Format format, Source& source);
};

}  // namespace lanyard::package
