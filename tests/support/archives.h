#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

// Archives byte by byte, so that a test can make what no honest tool makes.
namespace lanyard::support {

struct Entry {
    std::string path;
    std::string content{};
    unsigned mode = 0644;
    char type = '0';  // as in a tar header: '0' file, '1' hard link, '2' link, '3' device, '5' directory, '6' FIFO
    std::string link{};
};

inline Entry folder(std::string path) { return {.path = std::move(path), .mode = 0755, .type = '5'}; }
inline Entry link_to(std::string path, std::string target) {
    return {.path = std::move(path), .mode = 0777, .type = '2', .link = std::move(target)};
}

inline std::string octal(std::uint64_t value, int width) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%0*llo", width, static_cast<unsigned long long>(value));
    return text.data();
}

// One ustar header and its content, padded to blocks of 512.
inline std::string tar_block(std::string const& path, char type, unsigned mode, std::string const& link,
                             std::string_view content, std::uint64_t length) {
    std::string header(512, '\0');
    auto const put = [&](std::size_t at, std::string const& text) { header.replace(at, text.size(), text); };
    put(0, path);
    put(100, octal(mode, 7));
    put(108, octal(0, 7));
    put(116, octal(0, 7));
    put(124, octal(length, 11));
    put(136, octal(0, 11));
    put(148, "        ");
    header[156] = type;
    put(157, link);
    put(257, std::string("ustar\0"
                         "00",
                         8));
    unsigned sum = 0;
    for (auto const c : header) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6) + std::string("\0 ", 2));
    std::string padded(content);
    padded.resize((padded.size() + 511) / 512 * 512, '\0');
    return header + padded;
}

inline std::string tar_block(Entry const& entry) {
    std::string block;
    // The GNU way for long names.
    if (entry.path.size() > 100)
        block += tar_block("././@LongLink", 'L', 0644, "", entry.path + '\0', entry.path.size() + 1);
    if (entry.link.size() > 100)
        block += tar_block("././@LongLink", 'K', 0644, "", entry.link + '\0', entry.link.size() + 1);
    return block + tar_block(entry.path.substr(0, 100), entry.type, entry.mode, entry.link.substr(0, 100),
                             entry.content, entry.content.size());
}

// A PAX extended header for the entry that follows.
inline std::string pax_block(std::vector<std::string> const& records) {
    std::string body;
    for (auto const& record : records) {
        auto size = record.size() + 2;
        while (std::to_string(size).size() + record.size() + 2 != size) ++size;
        body += std::to_string(size) + " " + record + "\n";
    }
    return tar_block("PaxHeaders/x", 'x', 0644, "", body, body.size());
}

inline std::string const kTarEnd(1024, '\0');

inline std::string tar_of(std::vector<Entry> const& entries) {
    std::string bytes;
    for (auto const& entry : entries) bytes += tar_block(entry);
    return bytes + kTarEnd;
}

inline std::string little(std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
    return text;
}

inline std::uint32_t crc32_of(std::string_view bytes) {
    static auto const table = [] {
        std::array<std::uint32_t, 256> made{};
        for (std::uint32_t i = 0; i < made.size(); ++i) {
            made[i] = i;
            for (int bit = 0; bit < 8; ++bit) made[i] = made[i] >> 1 ^ (made[i] & 1 ? 0xedb88320u : 0u);
        }
        return made;
    }();
    std::uint32_t crc = ~std::uint32_t{0};
    for (auto const c : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
    return ~crc;
}

struct ZipOptions {
    unsigned method = 0;  // 0 stored
    std::string comment{};
};

// A zip made on Unix with UTF-8 names, everything stored as `options.method` says.
inline std::string zip_of(std::vector<Entry> const& entries, ZipOptions const& options = {}) {
    std::string bytes;
    std::string directory;
    for (auto const& entry : entries) {
        bool const is_link = entry.type == '2';
        unsigned const type = is_link             ? 0120000
                              : entry.type == '5' ? 0040000
                              : entry.type == '6' ? 0010000
                              : entry.type == '3' ? 0020000
                                                  : 0100000;
        auto const& content = is_link ? entry.link : entry.content;
        auto const name = entry.type == '5' && !entry.path.ends_with('/') ? entry.path + "/" : entry.path;
        auto const shared = little(0x0800, 2) + little(options.method, 2) + little(0, 2) + little(0x21, 2) +
                            little(crc32_of(content), 4) + little(content.size(), 4) + little(content.size(), 4) +
                            little(name.size(), 2) + little(0, 2);
        auto const at = bytes.size();
        bytes += "PK\x03\x04" + little(20, 2) + shared + name + content;
        directory += "PK\x01\x02" + little(20 | 3 << 8, 2) + little(20, 2) + shared + little(0, 2) + little(0, 2) +
                     little(0, 2) + little(std::uint64_t{type | entry.mode} << 16, 4) + little(at, 4) + name;
    }
    auto const begin = bytes.size();
    return bytes + directory + "PK\x05\x06" + little(0, 4) + little(entries.size(), 2) + little(entries.size(), 2) +
           little(directory.size(), 4) + little(begin, 4) + little(options.comment.size(), 2) + options.comment;
}

}  // namespace lanyard::support
