#include "node/apply/handlers.h"

namespace lanyard::apply {
namespace {

bool is_native(check::Offer const& offer) { return release::is_native(offer.target.type); }

}  // namespace

asio::awaitable<Status> Handlers::rehearse(check::Offer const& offer, stage::StagedRelease const& staged) {
    if (!is_native(offer)) co_return Status();
    co_return co_await native_.rehearse(offer, staged);
}

asio::awaitable<Status> Handlers::switch_to(check::Offer const& offer, stage::StagedRelease const& staged) {
    if (!is_native(offer)) co_return co_await directories_.switch_to(offer, staged);
    co_return co_await native_.switch_to(offer, staged);
}

asio::awaitable<Status> Handlers::switch_back(check::Offer const& offer) {
    if (!is_native(offer)) co_return co_await directories_.switch_back(offer);
    co_return co_await native_.switch_back(offer);
}

asio::awaitable<Status> Handlers::settle(check::Offer const& offer) {
    if (!is_native(offer)) co_return Status();
    co_return co_await native_.settle(offer);
}

Result<std::optional<std::string>> Handlers::current(std::filesystem::path const& home) const {
    return directories_.current(home);
}

asio::awaitable<void> Handlers::keep_only(std::filesystem::path home, std::string current, std::string previous) {
    co_await directories_.keep_only(std::move(home), std::move(current), std::move(previous));
}

}  // namespace lanyard::apply
