#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "manifests/package/package.h"
#include "proto/outcome/result.h"

namespace lanyard::console {

// Payloads on their way in, piece by piece, each under its own SHA-256 in hex. What has come stays when the line
// breaks. Blocking.
class Uploads {
public:
    static constexpr std::uint64_t kLargest = std::uint64_t{16} << 30;
    static constexpr std::size_t kMost = 8;                // under way at a time
    static constexpr std::chrono::hours kForgetAfter{24};  // when nothing has come

    explicit Uploads(std::filesystem::path folder) : folder_(std::move(folder)) {}

    // How many bytes are there.
    Result<std::uint64_t> size(std::string const& name) const;
    // Adds `bytes` behind the first `offset`; conflict when another number is there. Gives the new size. What the disk
    // does not take is removed with all that has come.
    Result<std::uint64_t> append(std::string const& name, std::uint64_t offset, std::string_view bytes);
    // The whole file, on disk, with the digest that it is named by; else it is removed. Stays when `on_progress` ends
    // it.
    Result<std::filesystem::path> finish(std::string const& name, std::uint64_t length,
                                         package::OnProgress const& on_progress = {});
    void remove(std::string const& name);

private:
    Status make_room(std::string const& name);

    std::filesystem::path folder_;
};

}  // namespace lanyard::console
