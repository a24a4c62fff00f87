#include "node/session/x11.h"

#include <X11/Xatom.h>
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/scrnsaver.h>

#include <cstdlib>

#include "proto/outcome/plain_text.h"

namespace lanyard::session {
namespace {

constexpr long kMostStates = 32;
constexpr std::size_t kLongestClass = 60;

using Property = std::unique_ptr<unsigned char, decltype(&XFree)>;

struct Values {
    Property bytes{nullptr, XFree};
    unsigned long count = 0;

    // Xlib gives 32-bit values as longs.
    unsigned long at(unsigned long place) const {
        return reinterpret_cast<unsigned long const*>(bytes.get())[place];  // NOLINT
    }
};

Values property_of(::Display* display, Window window, char const* name, Atom type) {
    auto const atom = XInternAtom(display, name, True);
    if (atom == None) return {};
    Atom actual = None;
    int format = 0;
    unsigned long count = 0, left = 0;
    unsigned char* raw = nullptr;
    auto const code =
        XGetWindowProperty(display, window, atom, 0, kMostStates, False, type, &actual, &format, &count, &left, &raw);
    Values values{Property(raw, XFree)};
    if (code == Success && actual == type && format == 32) values.count = count;
    return values;
}

// A window may go between two questions about it: the answer is empty then, and nothing is wrong.
int ignore(::Display*, XErrorEvent*) { return 0; }

[[noreturn]] int leave(::Display*) { std::_Exit(0); }

}  // namespace

struct X11::Display {
    ::Display* raw;
    explicit Display(::Display* opened) : raw(opened) {}
    ~Display() { XCloseDisplay(raw); }
    Display(Display const&) = delete;
    Display& operator=(Display const&) = delete;
};

X11::X11(std::unique_ptr<Display> display) : display_(std::move(display)) {}
X11::~X11() = default;

std::unique_ptr<X11> X11::open() {
    auto* const raw = XOpenDisplay(nullptr);
    if (!raw) return nullptr;
    auto display = std::make_unique<Display>(raw);
    XSetErrorHandler(ignore);
    XSetIOErrorHandler(leave);
    int events = 0, errors = 0;
    if (!XScreenSaverQueryExtension(raw, &events, &errors)) return nullptr;
    return std::unique_ptr<X11>(new X11(std::move(display)));
}

std::optional<std::chrono::seconds> X11::idle() {
    std::unique_ptr<XScreenSaverInfo, decltype(&XFree)> const info(XScreenSaverAllocInfo(), XFree);
    if (!info || !XScreenSaverQueryInfo(display_->raw, DefaultRootWindow(display_->raw), info.get())) {
        return std::nullopt;
    }
    return std::chrono::floor<std::chrono::seconds>(std::chrono::milliseconds(info->idle));
}

std::string X11::full_screen() {
    auto* const display = display_->raw;
    auto const active = property_of(display, DefaultRootWindow(display), "_NET_ACTIVE_WINDOW", XA_WINDOW);
    if (active.count == 0 || active.at(0) == None) return {};
    auto const states = property_of(display, active.at(0), "_NET_WM_STATE", XA_ATOM);
    auto const wanted = XInternAtom(display, "_NET_WM_STATE_FULLSCREEN", True);
    for (unsigned long i = 0; i < states.count; ++i) {
        if (wanted == None || states.at(i) != wanted) continue;
        XClassHint hint{};
        std::string name = "a window";
        if (XGetClassHint(display, active.at(0), &hint)) {
            if (hint.res_class && *hint.res_class) name = std::string(hint.res_class).substr(0, kLongestClass);
            XFree(hint.res_class);
            XFree(hint.res_name);
        }
        return as_plain(name);
    }
    return {};
}

}  // namespace lanyard::session
