#pragma once

#include <memory>

namespace lanyard::package {

// libarchive gives names in the encoding of the thread's locale, and none at all when that is "C" and the name is not
// ASCII. While this object lives, names on this thread are UTF-8, whatever the program's locale.
class Utf8Names {
public:
    Utf8Names();
    ~Utf8Names();
    Utf8Names(Utf8Names const&) = delete;
    Utf8Names& operator=(Utf8Names const&) = delete;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard::package
