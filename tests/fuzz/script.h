#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace lanyard::fuzz {

// An input read as a script: one decision after the other from its front, zeros when it is over.
class Script {
public:
    explicit Script(std::string_view bytes) : rest_(bytes) {}

    bool over() const { return rest_.empty(); }

    unsigned byte() {
        if (rest_.empty()) return 0;
        auto const value = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }

    unsigned below(unsigned limit) { return byte() % limit; }

    std::string bytes(std::size_t count) {
        auto const taken = rest_.substr(0, count);
        rest_.remove_prefix(taken.size());
        return std::string(taken);
    }

private:
    std::string_view rest_;
};

// Up to three bytes of `bytes` replaced, taken out or put in, as the script says.
inline void mutate(std::string& bytes, Script& script) {
    for (auto edits = script.below(4); edits > 0; --edits) {
        auto const kind = script.below(4);
        auto const at = (script.byte() << 8 | script.byte()) % (bytes.size() + 1);
        auto const value = static_cast<char>(script.byte());
        if (kind == 0) {
            bytes.insert(at, 1, value);
        } else if (kind == 1) {
            bytes.erase(at, 1);
        } else if (kind == 2) {
            bytes.resize(at);
        } else if (at < bytes.size()) {
            bytes[at] = value;
        }
    }
}

}  // namespace lanyard::fuzz
