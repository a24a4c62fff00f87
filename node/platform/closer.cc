#include "node/platform/closer.h"

#include <sys/socket.h>

#include <system_error>
#include <thread>

namespace lanyard::platform {

void Closer::close(Descriptor descriptor) {
    if (!descriptor) return;
    ++work_->waiting;
    asio::post(work_->io, [work = work_.get(), descriptor = std::move(descriptor)]() mutable {
        close_at_once(descriptor.release());
        --work->waiting;
    });
    if (begun_) return;
    try {
        // Nobody waits for its end: one that sleeps in close(2) ends with the program.
        std::thread([work = work_] { work->io.run(); }).detach();
        begun_ = true;
    } catch (std::system_error const&) {
        // No thread now: the next call tries again.
    }
}

void close_at_once(int descriptor) {
    linger const none{};
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    ::close(descriptor);
}

}  // namespace lanyard::platform
