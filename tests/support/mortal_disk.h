#pragma once

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "seeder/intake/disk.h"

namespace lanyard::support {

// A Disk that dies at its `last`th step, counted from 0: that step does half of its work, and it and everything after
// it fails, as if the process had been killed there.
class MortalDisk final : public intake::Disk {
public:
    explicit MortalDisk(std::size_t last = std::numeric_limits<std::size_t>::max()) : last_(last) {}

    std::size_t steps() const { return step_; }
    bool died() const { return step_ > last_; }

    Status write(std::filesystem::path const& file, std::string_view bytes) override {
        bool const dying = step_ == last_;
        bool const alive = live();
        if (!alive && !dying) return dead();
        std::ofstream out(file, std::ios::binary);
        out << bytes.substr(0, alive ? bytes.size() : bytes.size() / 2);
        return alive && out.flush() ? Status() : dead();
    }
    Status copy(std::filesystem::path const& from, std::filesystem::path const& to,
                std::function<bool(std::uint64_t)> const& on_bytes) override {
        std::ifstream in(from, std::ios::binary);
        std::string const bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        auto const written = write(to, bytes);
        if (written && !on_bytes(bytes.size()))
            return fail(std::make_error_code(std::errc::operation_canceled), "stopped");
        return written;
    }
    Status sync(std::filesystem::path const&) override { return live() ? Status() : dead(); }
    Status rename(std::filesystem::path const& from, std::filesystem::path const& to) override {
        if (!live()) return dead();
        std::error_code wrong;
        std::filesystem::rename(from, to, wrong);
        return wrong ? dead() : Status();
    }
    Status remove(std::filesystem::path const& file) override {
        if (!live()) return dead();
        std::error_code wrong;
        std::filesystem::remove(file, wrong);
        return wrong ? dead() : Status();
    }
    Result<Lock> lock(std::filesystem::path const&) override { return Lock(); }

private:
    bool live() { return step_++ < last_; }
    static Status dead() { return fail(std::make_error_code(std::errc::io_error), "the disk has died"); }

    std::size_t last_;
    std::size_t step_ = 0;
};

}  // namespace lanyard::support
