#include "proto/http/server.h"
#include "tests/integration/tls_fixture.h"

namespace lanyard::http {
namespace {

// A request that two programs could read differently: a proxy in front of the server one way, the server another.
// Behind it stands a request that must never be answered.
struct Trick {
    char const* name;
    std::string request;
};
void PrintTo(Trick const& trick, std::ostream* out) { *out << trick.name; }

std::string post(std::string const& fields, std::string const& body) {
    return "POST /x HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}
std::string chunked(std::string const& body) { return post("Transfer-Encoding: chunked\r\n", body); }

class SmugglingTest : public TlsFixture, public testing::WithParamInterface<Trick> {
protected:
    void expect_refusal(std::string const& answer) const {
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 4") || answer.empty()) << answer;
        EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << "a second answer: " << answer;
        for (auto const& request : requests) EXPECT_NE(request.path, "/smuggled");
        EXPECT_TRUE(requests.empty());
    }
};

TEST_P(SmugglingTest, IsRefusedAsAWhole) {
    start();
    expect_refusal(over_plain(GetParam().request + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"));
}

INSTANTIATE_TEST_SUITE_P(
    All, SmugglingTest,
    testing::Values(
        Trick{"LengthThenChunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        Trick{"ChunkedThenLength", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
        Trick{"TwoLengths", post("Content-Length: 1\r\nContent-Length: 5\r\n", "abcde")},
        Trick{"LengthList", post("Content-Length: 5, 5\r\n", "abcde")},
        Trick{"LengthWithPlus", post("Content-Length: +5\r\n", "abcde")},
        Trick{"NegativeLength", post("Content-Length: -1\r\n", "")},
        Trick{"HexLength", post("Content-Length: 0x5\r\n", "abcde")},
        Trick{"EmptyLength", post("Content-Length:\r\n", "")},
        Trick{"LengthThatOverflows", post("Content-Length: 18446744073709551621\r\n", "abcde")},
        Trick{"FoldedLength", post("Content-Length:\r\n 5\r\n", "abcde")},
        Trick{"FoldedEncoding", post("Transfer-Encoding:\r\n\tchunked\r\n", "0\r\n\r\n")},
        Trick{"FoldedOtherField", post("X: a\r\n Content-Length: 50\r\n", "")},
        Trick{"FoldedHost", "GET /x HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"},
        Trick{"SpaceBeforeColon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")},
        Trick{"TabBeforeColon", post("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n")},
        Trick{"SpaceBeforeTheFirstField", "POST /x HTTP/1.1\r\n Host: a\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
        Trick{"VerticalTabInEncoding", post("Transfer-Encoding: \x0b"
                                            "chunked\r\n",
                                            "0\r\n\r\n")},
        Trick{"QuotedEncoding", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
        Trick{"EncodingTwice", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")},
        Trick{"IdentityEncoding", post("Transfer-Encoding: identity\r\n", "")},
        Trick{"ChunkedNotLast", post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n")},
        Trick{"NulInAField", post(std::string("X: a\0b\r\n", 8) + "Content-Length: 0\r\n", "")},
        Trick{"CarriageReturnInAField", post("X: a\rContent-Length: 50\r\n", "")},
        Trick{"BareLineFeedInAField", post("X: a\nContent-Length: 50\r\n", "")},
        Trick{"BareLineFeedAtTheEnd", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\n"},
        Trick{"NoColon", post("Content-Length 5\r\n", "abcde")}, Trick{"EmptyFieldName", post(": 5\r\n", "")},
        Trick{"AbsoluteForm", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n"},
        Trick{"AuthorityForm", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"},
        Trick{"AsteriskForm", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
        Trick{"SpacesInTheTarget", "GET /x /y HTTP/1.1\r\nHost: a\r\n\r\n"},
        Trick{"TabInTheRequestLine", "GET\t/x HTTP/1.1\r\nHost: a\r\n\r\n"},
        Trick{"LineFeedInTheRequestLine", "GET /x\nX: HTTP/1.1\r\nHost: a\r\n\r\n"},
        Trick{"NoVersion", "GET /x\r\n\r\n"}, Trick{"ChunkSizeWithPlus", chunked("+5\r\nabcde\r\n0\r\n\r\n")},
        Trick{"NegativeChunkSize", chunked("-1\r\nabcde\r\n0\r\n\r\n")},
        Trick{"HexPrefixInChunkSize", chunked("0x5\r\nabcde\r\n0\r\n\r\n")},
        Trick{"ChunkSizeThatOverflows", chunked("10000000000000005\r\nabcde\r\n0\r\n\r\n")},
        Trick{"ChunkWithoutItsEnd", chunked("5\r\nabcdeX0\r\n\r\n")},
        Trick{"ChunkLongerThanSaid", chunked("2\r\nabcde\r\n0\r\n\r\n")},
        Trick{"LineFeedAfterChunkSize", chunked("5\nabcde\r\n0\r\n\r\n")},
        Trick{"EmptyChunkSize", chunked("\r\nabcde\r\n0\r\n\r\n")},
        Trick{"LineFeedInAChunkExtension", chunked("5;a=b\nc\r\nabcde\r\n0\r\n\r\n")},
        Trick{"LengthBehindTheBody", chunked("1\r\nb\r\n0\r\nContent-Length: 40\r\n\r\n")},
        Trick{"EncodingBehindTheBody", chunked("1\r\nb\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n")},
        Trick{"ChunkExtensionWithoutAName", chunked("5;=b\r\nabcde\r\n0\r\n\r\n")}),
    [](auto const& trick) { return std::string(trick.param.name); });

TEST_F(SmugglingTest, BelievesNoFieldThatComesBehindTheBody) {
    start();
    auto const answers = over_plain(chunked("1\r\nb\r\n0\r\nExpect: 100-continue\r\nHost: b\r\nX: y\r\n\r\n") +
                                    "GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    ASSERT_EQ(requests.size(), 2u) << answers;
    EXPECT_EQ(requests[0].body, "b");
    EXPECT_EQ(requests[1].path, "/next");
}

TEST_F(SmugglingTest, FindsAFoldedLineHoweverItsBytesArrive) {
    start();
    support::RawConnection connection(io, server->port());
    std::string const folded = "GET /x HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n";
    for (std::size_t sent = 0; sent < folded.find(" c") + 1; ++sent) {
        connection.send(folded.substr(sent, 1));
        while (io.poll() > 0) {
        }
    }
    expect_refusal(support::run_until(io, connection.rest()));
}

TEST_F(SmugglingTest, TakesABodyWhoseLinesBeginWithSpaces) {
    start();
    auto const answer =
        over_plain("POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\na\r\n b\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
    EXPECT_EQ(requests.at(0).body, "a\r\n b\n");
}

}  // namespace
}  // namespace lanyard::http
