#include "node/apply/background_applier.h"

namespace lanyard::apply {

asio::awaitable<Status> BackgroundApplier::switch_to(check::Offer const& offer, stage::StagedRelease const& staged) {
    auto const work = [&] { return directories_.switch_to(offer, staged); };
    auto const switched = co_await disk_.run(work);
    co_return switched;
}

asio::awaitable<Status> BackgroundApplier::switch_back(check::Offer const& offer) {
    auto const work = [&] { return directories_.switch_back(offer); };
    auto const switched = co_await disk_.run(work);
    co_return switched;
}

Result<std::optional<std::string>> BackgroundApplier::current(std::filesystem::path const& home) const {
    return directories_.current(home);
}

asio::awaitable<void> BackgroundApplier::keep_only(std::filesystem::path home, std::string current,
                                                   std::string previous) {
    auto const work = [&] {
        directories_.keep_only(home, current, previous);
        return true;
    };
    co_await disk_.run(work);
}

}  // namespace lanyard::apply
