#pragma once

#include <atomic>
#include <memory>

#include "node/platform/descriptor.h"
#include "proto/async/asio.h"

namespace lanyard::platform {

// Closes what others sent us, on a thread of its own: close(2) may sleep for as long as its sender likes (a TCP socket
// that lingers, SO_LINGER; a file of a FUSE mount), also that of a Unix socket in which such a descriptor lies unread.
// All calls from one thread.
class Closer {
public:
    Closer() : keeps_running_(work_->io.get_executor()) {}
    // Does not wait. What is not closed yet will be.
    ~Closer() = default;
    Closer(Closer const&) = delete;
    Closer& operator=(Closer const&) = delete;

    void close(Descriptor descriptor);
    // Whoever could bring more waits meanwhile.
    bool is_full() const { return work_->waiting >= kMost; }

private:
    static constexpr std::size_t kMost = 256;
    struct Work {
        asio::io_context io{1};
        std::atomic<std::size_t> waiting{0};
    };

    std::shared_ptr<Work> work_ = std::make_shared<Work>();
    asio::executor_work_guard<asio::io_context::executor_type> keeps_running_;
    bool begun_ = false;
};

// For what cannot sleep otherwise: a copy of a TCP socket that others may have told to linger.
void close_at_once(int descriptor);

}  // namespace lanyard::platform
