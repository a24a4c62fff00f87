#include "proto/swarm/metainfo.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "proto/swarm/errc.h"
#include "tests/support/scratch.h"

namespace lanyard::swarm {
namespace {

std::string bencoded(std::string const& text) { return std::to_string(text.size()) + ":" + text; }

// A .torrent of which a test can bend any part.
struct Parts {
    std::string length = "i100000e";
    std::string name = "app-1.0.0.tar";
    std::string piece_length = "i65536e";
    std::string pieces = std::string(40, 'h');
    std::string is_private = "7:privatei1e";
    std::string extra_first;  // keys that sort before "length"
    std::string extra_last;   // keys that sort after "private"

    std::string text() const {
        return "d4:infod" + extra_first + "6:length" + length + "4:name" + bencoded(name) + "12:piece length" +
               piece_length + "6:pieces" + bencoded(pieces) + is_private + extra_last + "ee";
    }
};

std::error_code refusal(std::string const& torrent) {
    auto const parsed = Metainfo::parse(torrent);
    return parsed ? std::error_code() : parsed.error().code;
}

TEST(Metainfo, ReadsWhatAnAcceptableTorrentSays) {
    auto const parsed = Metainfo::parse(Parts().text());
    ASSERT_TRUE(parsed) << parsed.error().detail;
    EXPECT_EQ(parsed->length, 100'000U);
    EXPECT_EQ(parsed->piece_length, 65'536U);
    EXPECT_EQ(parsed->name, "app-1.0.0.tar");
    EXPECT_EQ(parsed->info_hash.to_hex().size(), 40U);
}

TEST(Metainfo, InfoHashDependsOnTheInfoDictionaryAlone) {
    Parts const parts;
    auto const plain = Metainfo::parse(parts.text());
    auto const announced = Metainfo::parse("d8:announce18:http://s/announce_" + parts.text().substr(1));
    Parts other;
    other.pieces[0] = 'x';
    ASSERT_TRUE(plain && announced);
    EXPECT_EQ(plain->info_hash, announced->info_hash);
    EXPECT_NE(plain->info_hash, Metainfo::parse(other.text())->info_hash);
}

TEST(Metainfo, RefusesWhatIsNotBencoded) {
    for (std::string const text : {"", "x", "d", "le", "i1e", "d4:infoi1ee", "d4:infodee4:infod", "d999999999999:x"}) {
        EXPECT_TRUE(refusal(text) == Errc::malformed_torrent || refusal(text) == Errc::unacceptable_torrent) << text;
    }
    EXPECT_EQ(refusal(std::string(5000, 'l')), Errc::malformed_torrent);
}

TEST(Metainfo, RefusesATorrentLargerThanTheLimit) {
    EXPECT_EQ(refusal(Parts().text() + std::string(4 * 1024 * 1024, 'x')), Errc::unacceptable_torrent);
}

TEST(Metainfo, RefusesEveryThingButOnePrivateV1File) {
    Parts not_private;
    not_private.is_private = "7:privatei0e";
    Parts without_private;
    without_private.is_private = "";
    Parts with_files;
    with_files.extra_first = "5:filesld6:lengthi1e4:pathl1:aeee";
    Parts v2;
    v2.extra_first = "9:file treed1:ad0:d6:lengthi1eeee";
    Parts with_attributes;
    with_attributes.extra_first = "4:attr1:l";
    Parts link;
    link.extra_last = "12:symlink pathl1:ae";
    Parts tls;
    tls.extra_last = "8:ssl-cert1:x";
    for (auto const& parts : {not_private, without_private, with_files, v2, with_attributes, link, tls}) {
        EXPECT_EQ(refusal(parts.text()), Errc::unacceptable_torrent) << parts.text();
    }
}

TEST(Metainfo, RefusesAKeyThatStandsThereTwiceInPlaceOfAnother) {
    Parts parts;
    parts.is_private = "6:lengthi5e";
    EXPECT_EQ(refusal(parts.text()), Errc::unacceptable_torrent);
}

TEST(Metainfo, RefusesNamesThatAreNotPlainFileNames) {
    for (std::string const name : {"", ".", "..", "../x", "a/b", "a\\b", "c:x", ".hidden", "a b", "a\nb", "\xff"}) {
        Parts parts;
        parts.name = name;
        EXPECT_EQ(refusal(parts.text()), Errc::unacceptable_torrent) << name;
    }
    Parts with_nul;
    with_nul.name = std::string("a\0b", 3);
    EXPECT_EQ(refusal(with_nul.text()), Errc::unacceptable_torrent);
    Parts too_long;
    too_long.name = std::string(201, 'a');
    EXPECT_EQ(refusal(too_long.text()), Errc::unacceptable_torrent);
}

TEST(Metainfo, RefusesLengthsThatMakeNoSense) {
    for (std::string const length : {"i0e", "i-1e", "i9223372036854775807e", "1:x"}) {
        Parts parts;
        parts.length = length;
        EXPECT_EQ(refusal(parts.text()), Errc::unacceptable_torrent) << length;
    }
    for (std::string const piece_length : {"i0e", "i-65536e", "i16384e", "i65537e", "i33554432e"}) {
        Parts parts;
        parts.piece_length = piece_length;
        EXPECT_EQ(refusal(parts.text()), Errc::unacceptable_torrent) << piece_length;
    }
    Parts one_hash_too_few;
    one_hash_too_few.pieces = std::string(20, 'h');
    EXPECT_EQ(refusal(one_hash_too_few.text()), Errc::unacceptable_torrent);
}

TEST(InfoHash, HasExactlyTwentyBytes) {
    EXPECT_FALSE(InfoHash::from_bytes(std::string(19, 'x')));
    EXPECT_FALSE(InfoHash::from_bytes(std::string(21, 'x')));
    auto const hash = InfoHash::from_bytes(std::string("\xff\x00", 2) + std::string(18, '\x01'));
    ASSERT_TRUE(hash);
    EXPECT_EQ(hash->to_hex().substr(0, 6), "ff0001");
}

TEST(ChoosePieceLength, GivesThirtyTwoPiecesANodeAsFarAsTheLimitsAllow) {
    constexpr std::uint64_t kMiB = 1024 * 1024;
    EXPECT_EQ(choose_piece_length(1, 8), 64 * 1024U);
    EXPECT_EQ(choose_piece_length(256 * kMiB, 8), kMiB);
    EXPECT_EQ(choose_piece_length(256 * kMiB, 32), 256 * 1024U);
    EXPECT_EQ(choose_piece_length(256 * kMiB, 1000), 64 * 1024U);
    EXPECT_EQ(choose_piece_length(1024 * kMiB, 0), kMiB);
}

TEST(ChoosePieceLength, KeepsLargeFilesWithinTheNumberOfPieces) {
    constexpr std::uint64_t kGiB = 1024ULL * 1024 * 1024;
    for (auto const length : {kGiB, 63 * kGiB, 64 * kGiB, 500 * kGiB}) {
        auto const piece = choose_piece_length(length, 100'000);
        EXPECT_LE((length + piece - 1) / piece, 65'536U) << length;
    }
}

class BuildTorrent : public ::testing::Test {
protected:
    std::filesystem::path write(std::string const& bytes) {
        support::write_file(scratch_ / "package", bytes);
        return scratch_ / "package";
    }

    support::Scratch scratch_;
};

TEST_F(BuildTorrent, GivesATorrentThatANodeAccepts) {
    auto const built =
        build_torrent(write(std::string(150'000, 'z')), "app-1.tar", 65'536, "http://seeder:8430/announce");
    ASSERT_TRUE(built) << built.error().detail;
    EXPECT_EQ(built->info.length, 150'000U);
    EXPECT_EQ(built->info.name, "app-1.tar");
    EXPECT_EQ(built->info.piece_length, 65'536U);
    EXPECT_EQ(built->piece_list.size(), 3 * 32U);
    EXPECT_NE(built->torrent.find("8:announce27:http://seeder:8430/announce"), std::string::npos);
    auto const again = build_torrent(scratch_ / "package", "app-1.tar", 65'536, "");
    EXPECT_EQ(again->info.info_hash, built->info.info_hash);
    EXPECT_EQ(again->piece_list, built->piece_list);
}

TEST_F(BuildTorrent, PieceListHoldsTheSha256OfEachPiece) {
    auto const built = build_torrent(write("abc"), "app-1.tar", 65'536, "");
    ASSERT_TRUE(built) << built.error().detail;
    // FIPS 180-2, appendix B.1
    EXPECT_EQ(built->piece_list.substr(0, 4), "\xba\x78\x16\xbf");
    EXPECT_EQ(built->piece_list.substr(28), std::string("\xf2\x00\x15\xad", 4));
    // SHA-1 of "abc" (FIPS 180-1, appendix A) is the one piece hash of the torrent.
    EXPECT_NE(built->torrent.find("6:pieces20:\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e"), std::string::npos);
}

TEST_F(BuildTorrent, RefusesAnEmptyFileAMissingFileAndAnOddName) {
    EXPECT_EQ(build_torrent(write(""), "a", 65'536, "").error().code, Errc::unreadable_file);
    EXPECT_EQ(build_torrent(scratch_ / "none", "a", 65'536, "").error().code, Errc::unreadable_file);
    EXPECT_EQ(build_torrent(write("x"), "a b", 65'536, "").error().code, Errc::unacceptable_torrent);
    EXPECT_EQ(build_torrent(write("x"), "a", 1'000, "").error().code, Errc::unacceptable_torrent);
}

}  // namespace
}  // namespace lanyard::swarm
