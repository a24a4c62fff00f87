#include "node/session/helper.h"

#include <sys/epoll.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "proto/outcome/plain_text.h"

namespace lanyard::session {
namespace {

constexpr std::uint64_t kEvery = 5'000'000;  // microseconds
constexpr unsigned kTicksAfterRefusal = 12;
constexpr std::size_t kLongestPresenter = 80;

}  // namespace

Helper::~Helper() { part(); }

// Under Wayland an X11 server is there for old programs only, and sees what is typed into them and nothing else.
bool Helper::find_desktop() {
    sd_event* raw = nullptr;
    if (sd_event_default(&raw) < 0) return false;
    event_.reset(raw);
    bool const wayland = std::getenv("WAYLAND_DISPLAY") != nullptr;
    bool const x11 = !wayland && std::getenv("DISPLAY") != nullptr;
    if (!wayland && !x11) return false;
    if (x11) display_ = X11::open();
    bus_ = DesktopBus::open(
        raw, {[this](std::uint32_t number, std::string const& action) { choose(number, action); },
              [this](std::uint32_t number) { notices_->closed(number); }, [this] { notices_->show_again(); }});
    if (bus_) notices_ = std::make_unique<Notices>(*bus_);
    return display_ || bus_;
}

int Helper::run() {
    sd_event_source* raw = nullptr;
    for (int const signal : {SIGTERM, SIGINT}) sd_event_add_signal(event_.get(), nullptr, signal, nullptr, nullptr);
    if (sd_event_add_time_relative(event_.get(), &raw, CLOCK_MONOTONIC, 0, 0, on_tick, this) < 0) return 1;
    tick_.reset(raw);
    return sd_event_loop(event_.get()) < 0 ? 1 : 0;
}

int Helper::on_tick(sd_event_source* source, std::uint64_t, void* self) {
    static_cast<Helper*>(self)->tick();
    sd_event_source_set_time_relative(source, kEvery);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int Helper::on_news(sd_event_source*, int, std::uint32_t, void* self) {
    static_cast<Helper*>(self)->listen();
    return 0;
}

void Helper::tick() {
    if (!line_.connected()) meet_node();
    if (!line_.connected()) return;
    v1::SessionMessage message;
    *message.mutable_state() = state();
    line_.say(message);
    if (!line_.connected()) part();
}

// A node that is not there yet comes later.
void Helper::meet_node() {
    if (ticks_off_ > 0) {
        --ticks_off_;
        return;
    }
    if (!line_.connect()) return;
    sd_event_source* raw = nullptr;
    if (sd_event_add_io(event_.get(), &raw, line_.descriptor(), EPOLLIN, on_news, this) < 0) return line_.hang_up();
    news_.reset(raw);
}

void Helper::listen() {
    auto const heard = line_.hear();
    for (auto const& news : heard) take(news);
    if (!line_.connected()) part();
}

// Without a node nobody knows what waits.
void Helper::part() {
    news_.reset();
    line_.hang_up();
    if (notices_) notices_->clear();
}

void Helper::take(v1::SessionNews const& news) {
    if (news.has_waiting() && notices_) notices_->set(news.waiting());
    if (news.has_answer() && !news.answer().obeyed() && bus_) bus_->show(notice_of(news.answer()), 0);
    if (news.news_case() != v1::SessionNews::kRefused) return;
    ticks_off_ = kTicksAfterRefusal;
    auto const why = as_plain(news.refused());
    if (why != told_) std::fprintf(stderr, "lanyard-session: the node refuses this session: %s\n", why.c_str());
    told_ = why;
}

void Helper::choose(std::uint32_t number, std::string const& action) {
    auto choice = notices_->chosen(number, action);
    if (!choice || !line_.connected()) return;
    v1::SessionMessage message;
    *message.mutable_choice() = std::move(*choice);
    line_.say(message);
    if (!line_.connected()) part();
}

v1::SessionState Helper::state() {
    v1::SessionState state;
    auto idle = bus_ ? bus_->idle() : std::nullopt;
    if (!idle && display_) idle = display_->idle();
    state.set_measures_idle(idle.has_value());
    state.set_idle_seconds(static_cast<std::uint64_t>(idle.value_or(std::chrono::seconds(0)).count()));
    auto const window = display_ ? display_->full_screen() : std::string();
    if (!window.empty()) {
        state.set_presents((window + ": full screen").substr(0, kLongestPresenter));
    } else if (bus_ && bus_->kept_awake()) {
        state.set_presents("a program of the desktop: keeps it awake");
    }
    return state;
}

}  // namespace lanyard::session
