#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace lanyard::session {

// An X11 display. When its server goes, the process ends with it, as every program of that desktop.
class X11 {
public:
    // Nothing when there is none, or when it does not know when it was last touched (the MIT-SCREEN-SAVER extension).
    static std::unique_ptr<X11> open();
    ~X11();
    X11(X11 const&) = delete;
    X11& operator=(X11 const&) = delete;

    // Since the last key or pointer event.
    std::optional<std::chrono::seconds> idle();
    // The class of the active window, when that fills the screen (EWMH: _NET_WM_STATE_FULLSCREEN); else empty.
    std::string full_screen();

private:
    struct Display;
    explicit X11(std::unique_ptr<Display> display);
    std::unique_ptr<Display> display_;
};

}  // namespace lanyard::session
