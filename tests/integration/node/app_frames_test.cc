#include "node/platform/app_frames.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "proto/contract/lanyard_app.hpp"
#include "proto/schema/lanyard/v1/contract.pb.h"

namespace lanyard::platform {
namespace {

TEST(FrameReader, KeepsNoMoreDescriptorsThanThereIsRoomFor) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    Descriptor const here(ends[0]);
    Descriptor const there(ends[1]);
    v1::AppMessage message;
    message.mutable_busy()->set_reason("prints invoices");
    auto const bytes = frame_of(message);
    std::array<int, 3> const given{here.get(), here.get(), here.get()};
    FrameReader reader;
    void const* const any = bytes.data();
    ASSERT_EQ(lanyard_send_all(there.get(), static_cast<unsigned char const*>(any), 6, given.data(), 3), 0);
    ASSERT_TRUE(reader.receive(here.get(), 3));
    EXPECT_EQ(reader.waiting(), 3u);
    EXPECT_FALSE(reader.next()) << "the rest of the frame has not come";
    ASSERT_EQ(::write(there.get(), bytes.data() + 6, bytes.size() - 6), static_cast<ssize_t>(bytes.size()) - 6);
    ASSERT_TRUE(reader.receive(here.get(), 0)) << "there is no room for more, and they are more";
    EXPECT_EQ(reader.waiting(), 0u);
    auto const frame = reader.next();
    ASSERT_TRUE(frame);
    EXPECT_TRUE(frame->descriptors.empty());
}

TEST(FrameReader, PutsFramesTogetherFromPieces) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    Descriptor const here(ends[0]);
    Descriptor const there(ends[1]);
    v1::AppMessage message;
    message.mutable_busy()->set_reason("prints invoices");
    auto const bytes = frame_of(message) + frame_of(message);
    FrameReader reader;
    int frames = 0;
    for (char const c : bytes) {
        ASSERT_EQ(::write(there.get(), &c, 1), 1);
        ASSERT_TRUE(reader.receive(here.get()));
        if (auto const frame = reader.next()) {
            v1::AppMessage got;
            EXPECT_TRUE(got.ParseFromString(frame->bytes));
            EXPECT_EQ(got.busy().reason(), "prints invoices");
            ++frames;
        }
    }
    EXPECT_EQ(frames, 2);
    EXPECT_TRUE(reader.receive(here.get())) << "nothing is there, which is no end";
}

TEST(FrameReader, GivesEachFrameTheDescriptorsThatCameWithIt) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    Descriptor const here(ends[0]);
    Descriptor const there(ends[1]);
    v1::AppMessage message;
    message.mutable_busy()->set_reason("prints invoices");
    auto const bytes = frame_of(message);
    void const* const any = bytes.data();
    auto const* const first = static_cast<unsigned char const*>(any);
    int const given = here.get();
    ASSERT_EQ(lanyard_send_all(there.get(), first, bytes.size(), nullptr, 0), 0);
    ASSERT_EQ(lanyard_send_all(there.get(), first, bytes.size(), &given, 1), 0);
    FrameReader reader;
    ASSERT_TRUE(reader.receive(here.get()));
    auto const without = reader.next();
    ASSERT_TRUE(without);
    EXPECT_TRUE(without->descriptors.empty());
    ASSERT_TRUE(reader.receive(here.get()));
    auto const with = reader.next();
    ASSERT_TRUE(with);
    EXPECT_EQ(with->descriptors.size(), 1u);
}

TEST(FrameReader, KeepsForItsOwnerToCloseWhatIsTooMuch) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    Descriptor const here(ends[0]);
    Descriptor const there(ends[1]);
    std::array<int, LANYARD_MOST_SOCKETS> given{};
    given.fill(here.get());
    std::string const bytes(4, '\0');
    void const* const any = bytes.data();
    auto const* const first = static_cast<unsigned char const*>(any);
    ASSERT_EQ(lanyard_send_all(there.get(), first, 2, given.data(), LANYARD_MOST_SOCKETS), 0);
    ASSERT_EQ(lanyard_send_all(there.get(), first, 2, given.data(), LANYARD_MOST_SOCKETS), 0);
    FrameReader reader;
    ASSERT_TRUE(reader.receive(here.get()));
    EXPECT_EQ(reader.refused().size(), 2u * LANYARD_MOST_SOCKETS);
    EXPECT_TRUE(reader.next()->descriptors.empty());
}

}  // namespace
}  // namespace lanyard::platform
