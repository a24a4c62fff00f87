#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proto/async/bell.h"
#include "proto/async/disk_pool.h"
#include "proto/events/events.h"
#include "proto/schema/lanyard/v1/check.pb.h"
#include "proto/schema/lanyard/v1/report.pb.h"
#include "seeder/fleet/fleet.h"

namespace lanyard::announce {

// Brings what nodes tell into the database without letting the io_context thread wait for the disk: all that has come
// in meanwhile is written in one transaction. Lives on the io_context thread; `fleet` is used on `pool` only, so it
// needs a Database that nobody else uses.
class Recorder {
public:
    using Clock = std::function<std::chrono::sys_seconds()>;

    Recorder(asio::io_context& io, events::Events& events, async::DiskPool& pool, fleet::Fleet& fleet, Clock clock);

    // Begins to write. Until then nothing is.
    void start();
    // What has been noted is still written: run the io_context until it has nothing to do.
    void stop();

    // In the database within about a second when it says something new, else within ten.
    Status note_check(v1::CheckRequest const& request, std::string const& address);

    // Resumes when the report is durable, or known to be a replayed one. Fails with malformed (the report will never be
    // taken), overloaded or a code of the store (later it may be).
    asio::awaitable<Result<fleet::Taken>> take_report(v1::Report report, std::string address);

private:
    struct Waiting {
        fleet::ReceivedReport received;
        std::optional<Result<fleet::Taken>> outcome;
    };
    struct Batch {
        std::vector<fleet::Sighting> sightings;
        std::vector<fleet::ReceivedReport> reports;
        std::chrono::sys_seconds now;
    };
    struct Written {
        Result<std::vector<std::string>> noted;  // see Fleet::note
        Result<std::vector<fleet::Taken>> taken;
    };

    asio::awaitable<void> run();
    asio::awaitable<void> write(std::shared_ptr<Batch const> batch, std::vector<std::shared_ptr<Waiting>> waiting);
    std::shared_ptr<Batch const> take_batch(std::vector<std::shared_ptr<Waiting>> const& waiting);

    events::Events& events_;
    async::DiskPool& pool_;
    fleet::Fleet& fleet_;
    Clock clock_;
    asio::io_context& io_;
    fleet::Sightings sightings_;
    std::vector<std::shared_ptr<Waiting>> waiting_;
    async::Bell work_;
    async::Bell done_;
    bool stopping_ = false;
};

}  // namespace lanyard::announce
