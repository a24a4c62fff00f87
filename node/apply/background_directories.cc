#include "node/apply/background_directories.h"

namespace lanyard::apply {

namespace fs = std::filesystem;

asio::awaitable<Status> BackgroundDirectories::switch_to(check::Offer const& offer,
                                                         stage::StagedRelease const& staged) {
    auto const work = [&] { return directories_.switch_to(offer, staged); };
    auto const switched = co_await disk_.run(work);
    co_return switched;
}

asio::awaitable<Status> BackgroundDirectories::switch_back(check::Offer const& offer) {
    auto const work = [&] { return directories_.switch_back(offer); };
    auto const switched = co_await disk_.run(work);
    co_return switched;
}

asio::awaitable<Status> BackgroundDirectories::bring_in(check::Offer const& offer, stage::StagedRelease const& staged) {
    auto const work = [&] { return directories_.bring_in(offer, staged); };
    auto const brought = co_await disk_.run(work);
    co_return brought;
}

asio::awaitable<Status> BackgroundDirectories::point(fs::path const& home, release::Version const& version) {
    auto const work = [&] { return directories_.point(home, version.text()); };
    auto const pointed = co_await disk_.run(work);
    co_return pointed;
}

asio::awaitable<Status> BackgroundDirectories::clear(fs::path const& home) {
    auto const work = [&] { return directories_.clear(home); };
    auto const cleared = co_await disk_.run(work);
    co_return cleared;
}

asio::awaitable<void> BackgroundDirectories::keep_only(fs::path home, std::string current, std::string previous) {
    auto const work = [&] {
        directories_.keep_only(home, current, previous);
        return true;
    };
    co_await disk_.run(work);
}

Result<std::optional<std::string>> BackgroundDirectories::current(fs::path const& home) const {
    return directories_.current(home);
}

}  // namespace lanyard::apply
