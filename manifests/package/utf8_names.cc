#include "manifests/package/utf8_names.h"

#include <clocale>

namespace lanyard::package {

// Where there is no such locale (or no locale a thread, as on Windows), names other than ASCII are refused as
// unreadable.
#ifdef LC_CTYPE_MASK

struct Utf8Names::Impl {
    static locale_t utf8() {
        static locale_t const instance = newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{});
        return instance;
    }

    locale_t before = utf8() ? uselocale(utf8()) : locale_t{};
};

Utf8Names::Utf8Names() : impl_(std::make_unique<Impl>()) {}

Utf8Names::~Utf8Names() {
    if (impl_->before) uselocale(impl_->before);
}

#else

struct Utf8Names::Impl {};

Utf8Names::Utf8Names() = default;
Utf8Names::~Utf8Names() = default;

#endif

}  // namespace lanyard::package
