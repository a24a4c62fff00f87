#include "seeder/tracker/foreign.h"

#include <gtest/gtest.h>

#include "seeder/tracker/errc.h"

namespace lanyard::tracker::foreign_test {
namespace {

using namespace std::chrono_literals;
using Query = std::map<std::string, std::string>;

asio::ip::address ip(std::string const& text) { return asio::ip::make_address(text); }

Query const kQuery = {{"info_hash", std::string("\0\xff", 2) + std::string(18, 'h')},
                      {"peer_id", "-XX0001-abcdefghijkl"},
                      {"port", "6881"},
                      {"uploaded", "0"},
                      {"downloaded", "0"},
                      {"left", "12"}};

Query with(std::string const& name, std::string const& value) {
    auto query = kQuery;
    query[name] = value;
    return query;
}

Result<ForeignAnnounce> parse(Query const& query) { return parse_foreign(query, ip("10.0.0.1")); }

TEST(ForeignTest, TakesAnAnnounceOfBep3) {
    auto const foreign = parse(kQuery);
    ASSERT_TRUE(foreign) << foreign.error().detail;
    EXPECT_EQ(foreign->announce.info_hash, kQuery.at("info_hash"));
    EXPECT_EQ(foreign->announce.key, "-XX0001-abcdefghijkl");
    EXPECT_EQ(foreign->announce.address, ip("10.0.0.1"));
    EXPECT_EQ(foreign->announce.port, 6881);
    EXPECT_EQ(foreign->announce.left, 12u);
    EXPECT_FALSE(foreign->announce.stopped);
    EXPECT_TRUE(foreign->compact);
}

TEST(ForeignTest, TakesWhatIsOptional) {
    EXPECT_TRUE(parse(with("event", "stopped"))->announce.stopped);
    EXPECT_FALSE(parse(with("event", "completed"))->announce.stopped);
    EXPECT_EQ(parse(with("numwant", "3"))->announce.most_peers, 3u);
    EXPECT_FALSE(parse(with("compact", "0"))->compact);
    EXPECT_TRUE(parse(with("compact", "1"))->compact);
    auto without_left = kQuery;
    without_left.erase("left");
    EXPECT_NE(parse(without_left)->announce.left, 0u);
}

TEST(ForeignTest, IgnoresAnAddressInTheQuery) {
    EXPECT_EQ(parse(with("ip", "192.0.2.1"))->announce.address, ip("10.0.0.1"));
}

TEST(ForeignTest, RefusesMalformedAnnounces) {
    for (auto const& query :
         {Query(), with("info_hash", "short"), with("peer_id", std::string(21, 'p')), with("port", "0"),
          with("port", "65536"), with("port", "-1"), with("port", "1x"), with("port", ""), with("event", "exploded")}) {
        auto const foreign = parse(query);
        ASSERT_FALSE(foreign);
        EXPECT_EQ(foreign.error().code, Errc::malformed_announce);
    }
}

Answer answer_with(std::vector<Endpoint> peers) {
    Answer answer;
    answer.peers = std::move(peers);
    answer.interval = 5s;
    answer.complete = 1;
    answer.incomplete = 2;
    return answer;
}

TEST(ForeignTest, PacksPeersAsBep23And7Say) {
    auto const answer = answer_with({{ip("10.0.0.2"), 0x1ae1}, {ip("fd00::1"), 1}});
    auto const v6 = std::string("\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\1", 18);
    EXPECT_EQ(
        bencode(answer, std::nullopt, true),
        std::string("d8:completei1e10:incompletei2e8:intervali5e12:min intervali5e5:peers6:\x0a\0\0\x02\x1a\xe1", 76) +
            "6:peers618:" + v6 + "e");
}

TEST(ForeignTest, ListsPeersAsBep3SaysWhenAsked) {
    auto const answer = answer_with({{ip("10.0.0.2"), 6881}, {ip("fd00::1"), 1}});
    EXPECT_EQ(bencode(answer, std::nullopt, false),
              "d8:completei1e10:incompletei2e8:intervali5e12:min intervali5e5:peersl"
              "d2:ip8:10.0.0.24:porti6881eed2:ip7:fd00::14:porti1eeee");
}

TEST(ForeignTest, NamesTheCentralSeederFirst) {
    auto const text = bencode(answer_with({{ip("10.0.0.2"), 1}}), Endpoint{ip("10.9.9.9"), 8431}, false);
    EXPECT_LT(text.find("10.9.9.9"), text.find("10.0.0.2"));
}

TEST(ForeignTest, IsWellFormedWithoutPeers) {
    EXPECT_EQ(bencode(answer_with({}), std::nullopt, true),
              "d8:completei1e10:incompletei2e8:intervali5e12:min intervali5e5:peers0:e");
    EXPECT_EQ(bencode_failure("no such torrent"), "d14:failure reason15:no such torrente");
}

}  // namespace
}  // namespace lanyard::tracker::foreign_test
