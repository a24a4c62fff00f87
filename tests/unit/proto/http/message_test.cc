#include "proto/http/message.h"

#include <gtest/gtest.h>

#include "proto/http/byte_range.h"
#include "proto/http/errc.h"
#include "proto/http/request_target.h"
#include "proto/http/response_head.h"

namespace lanyard::http {
namespace {

std::string parsed(std::string_view text) {
    auto const url = Url::parse(text);
    return url ? url->to_string() : "refused";
}

TEST(UrlTest, TakesNamesAndAddressesWithAndWithoutPort) {
    EXPECT_EQ(parsed("http://seeder:8430"), "http://seeder:8430");
    EXPECT_EQ(parsed("http://seeder.lan"), "http://seeder.lan:80");
    EXPECT_EQ(parsed("http://seeder.lan/"), "http://seeder.lan:80");
    EXPECT_EQ(parsed("http://10.0.0.1:1/"), "http://10.0.0.1:1");
    EXPECT_EQ(parsed("http://[fd00::1]:65535"), "http://[fd00::1]:65535");
    EXPECT_EQ(Url::parse("http://[::1]")->host, "::1");
}

TEST(UrlTest, TakesHttpsWithItsOwnPort) {
    EXPECT_EQ(parsed("https://seeder:8430"), "https://seeder:8430");
    EXPECT_EQ(parsed("https://seeder.lan/"), "https://seeder.lan:443");
    EXPECT_EQ(Url::parse("https://seeder")->scheme, Url::Scheme::https);
    EXPECT_EQ(Url::parse("http://seeder")->scheme, Url::Scheme::http);
}

TEST(UrlTest, RefusesWhatIsNotExactlyAServer) {
    for (auto const* text : {"",
                             "seeder:8430",
                             "https:/seeder",
                             "https://",
                             "http://",
                             "http:///",
                             "http://:80",
                             "http://a:",
                             "http://a:0",
                             "http://a:65536",
                             "http://a:8x",
                             "http://a:-1",
                             "http://a:+80",
                             "http://a/path",
                             "http://a//",
                             "http://a?b",
                             "http://u@a",
                             "http://a b",
                             "http://[::1",
                             "http://[]",
                             "http://[a]",
                             "http://[::1]x",
                             "http://::1",
                             "http://a\r\nX: y",
                             "HTTP://a"}) {
        auto const url = Url::parse(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().code, Errc::malformed_url);
        EXPECT_EQ(url.error().detail.find('\n'), std::string::npos);
    }
    EXPECT_FALSE(Url::parse("http://" + std::string(254, 'a')));
}

TEST(ParseQueryTest, DecodesNamesAndValuesIntoRawBytes) {
    auto const values = parse_query("a=1&b=%20%00%fF&c&=d&%61x=a+b=c");
    ASSERT_TRUE(values);
    EXPECT_EQ(values->at("a"), "1");
    EXPECT_EQ(values->at("b"), std::string(" \0\xff", 3));
    EXPECT_EQ(values->at("c"), "");
    EXPECT_EQ(values->at(""), "d");
    EXPECT_EQ(values->at("ax"), "a+b=c");
}

TEST(ParseQueryTest, KeepsTheFirstOfEqualNames) { EXPECT_EQ(parse_query("a=1&a=2&%61=3")->at("a"), "1"); }

TEST(ParseQueryTest, IsEmptyForAnEmptyQuery) {
    EXPECT_TRUE(parse_query("")->empty());
    EXPECT_TRUE(parse_query("&&")->empty());
}

TEST(ParseQueryTest, RefusesMalformedEscapes) {
    for (auto const* query : {"a=%", "a=%2", "a=%2x", "a=%x2", "%=a", "a=1&b=%"})
        EXPECT_FALSE(parse_query(query)) << query;
}

unsigned status_of(std::string const& raw) {
    auto const target = parse_target(raw);
    return target ? 200 : target.error();
}

TEST(RequestTargetTest, SplitsAndDecodesOnce) {
    auto const target = parse_target("/a%2Fb/%252e?x=%20&y");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->path, "/a/b/%2e");
    EXPECT_EQ(target->query, "x=%20&y");
    EXPECT_EQ(parse_target("/")->path, "/");
}

TEST(RequestTargetTest, RefusesWhatCouldLeaveTheServedFolder) {
    EXPECT_EQ(status_of("/a/.."), 404u);
    EXPECT_EQ(status_of("/%2e%2E/a"), 404u);
    EXPECT_EQ(status_of("/..%2fa"), 404u);
    EXPECT_EQ(status_of("/a//b"), 404u);
    EXPECT_EQ(status_of("/%2fa"), 404u);
    EXPECT_EQ(status_of("/a\\b"), 404u);
    EXPECT_EQ(status_of("/a%5Cb"), 404u);
    EXPECT_EQ(status_of("/a%00"), 404u);
    EXPECT_EQ(status_of("/a%7f"), 404u);
    EXPECT_EQ(status_of("/a%1f"), 404u);
}

TEST(RequestTargetTest, RefusesMalformedAndLongOnes) {
    EXPECT_EQ(status_of(""), 400u);
    EXPECT_EQ(status_of("a"), 400u);
    EXPECT_EQ(status_of("*"), 400u);
    EXPECT_EQ(status_of("/%g0"), 400u);
    EXPECT_EQ(status_of("/" + std::string(2047, 'a')), 200u);
    EXPECT_EQ(status_of("/" + std::string(2048, 'a')), 414u);
}

std::string ranged(std::string_view header, std::uint64_t size) {
    auto const range = parse_range(header, size);
    switch (range.kind) {
        case ByteRange::Kind::whole:
            return "whole";
        case ByteRange::Kind::unsatisfiable:
            return "unsatisfiable";
        case ByteRange::Kind::part:
            return std::to_string(range.first) + "+" + std::to_string(range.length);
    }
    return "?";
}

TEST(ByteRangeTest, CutsAPartOutOfTheFile) {
    EXPECT_EQ(ranged("bytes=0-0", 10), "0+1");
    EXPECT_EQ(ranged("bytes=2-5", 10), "2+4");
    EXPECT_EQ(ranged("bytes=2-", 10), "2+8");
    EXPECT_EQ(ranged("bytes=2-99", 10), "2+8");
    EXPECT_EQ(ranged("bytes=-3", 10), "7+3");
    EXPECT_EQ(ranged("bytes=-99", 10), "0+10");
    EXPECT_EQ(ranged("bytes=9-18446744073709551615", 10), "9+1");
}

TEST(ByteRangeTest, IsUnsatisfiableBehindTheEnd) {
    EXPECT_EQ(ranged("bytes=10-", 10), "unsatisfiable");
    EXPECT_EQ(ranged("bytes=10-20", 10), "unsatisfiable");
    EXPECT_EQ(ranged("bytes=-0", 10), "unsatisfiable");
    EXPECT_EQ(ranged("bytes=0-", 0), "unsatisfiable");
}

TEST(ByteRangeTest, IsTheWholeFileWhenTheHeaderSaysNothingUseful) {
    for (auto const* header : {"", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=1-2,4-5",
                               "bytes=1 - 2", "items=1-2", "bytes=18446744073709551616-", "bytes=--1", "bytes=1-x"}) {
        EXPECT_EQ(ranged(header, 10), "whole") << header;
    }
}

TEST(ResponseTest, TextEndsWithOneNewline) {
    EXPECT_EQ(Response::text(400, "Why.").body, "Why.\n");
    EXPECT_EQ(Response::text(200, "ok\n").body, "ok\n");
    EXPECT_EQ(Response::text(400, "").body, "\n");
}

TEST(ResponseHeadTest, SaysLengthTypeAndWhetherTheConnectionStays) {
    HeadContext context;
    context.content_length = 5;
    EXPECT_EQ(response_head(Response::protobuf("bytes"), context),
              "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 5\r\n"
              "Connection: keep-alive\r\n\r\n");
}

}  // namespace
}  // namespace lanyard::http
