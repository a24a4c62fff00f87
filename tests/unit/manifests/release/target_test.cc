#include "manifests/release/target.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "manifests/release/errc.h"

namespace lanyard::release {
namespace {

v1::Target valid() {
    v1::Target message;
    message.set_path("prometheus/stable/2.45.0+b1/linux-amd64/prometheus-2.45.0+b1.tar.gz");
    message.set_length(91'000'000);
    message.set_sha256(std::string(32, '\x01'));
    message.set_app("prometheus");
    message.set_version("2.45.0+b1");
    message.set_channel("stable");
    message.mutable_platform()->set_os("linux");
    message.mutable_platform()->set_arch("amd64");
    message.set_type(v1::PACKAGE_TYPE_TREE);
    message.set_release_counter(7);
    message.set_unpacked_length(240'000'000);
    message.set_entry_count(31);
    message.mutable_swarm()->set_info_hash_v1(std::string(20, '\x02'));
    message.mutable_swarm()->set_torrent_sha256(std::string(32, '\x03'));
    message.mutable_swarm()->set_piece_length(262'144);
    message.mutable_swarm()->set_piece_list_sha256(std::string(32, '\x04'));
    return message;
}

struct Change {
    char const* field;  // named by the message of the refusal
    std::function<void(v1::Target&)> make;
};

void expect_refused(std::vector<Change> const& changes) {
    for (auto const& change : changes) {
        auto message = valid();
        change.make(message);
        auto const target = Target::from_proto(message);
        ASSERT_FALSE(target) << change.field << " in " << message.ShortDebugString().substr(0, 400);
        EXPECT_NE(target.error().detail.find(change.field), std::string::npos) << target.error().detail;
        EXPECT_EQ(target.error().detail.find('\n'), std::string::npos) << target.error().detail;
    }
}

TEST(Target, FillsInTheDefaultsOfTheInstallPolicy) {
    auto const target = Target::from_proto(valid());
    ASSERT_TRUE(target) << target.error().detail;
    EXPECT_EQ(target->app.text(), "prometheus");
    EXPECT_EQ(target->type, PackageType::tree);
    EXPECT_EQ(target->release_counter, 7u);
    EXPECT_EQ(target->install.stop_deadline, std::chrono::seconds(30));
    EXPECT_EQ(target->install.start_deadline, std::chrono::seconds(60));
    EXPECT_EQ(target->install.health.probation, std::chrono::seconds(10));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(target->install.health.check));
}

TEST(Target, SurvivesTheWayToProtobufAndBackWithEveryHealthCheck) {
    auto message = valid();
    auto& install = *message.mutable_install();
    install.set_stop("./stop");
    install.set_start("./start --fast");
    install.set_stop_seconds(86'400);
    install.set_start_seconds(1);
    install.mutable_health()->set_probation_seconds(300);
    install.add_ports(9090);
    install.add_ports(65'535);
    install.set_critical(true);
    install.set_deadline_hours(48);
    install.set_restarts_machine(true);
    install.set_drain_seconds(90);
    install.set_keep_ports(true);
    message.set_notes("first line\nsecond line");
    auto& health = *install.mutable_health();
    for (auto const& set : std::vector<std::function<void()>>{
             [&] { health.set_command("./healthy"); }, [&] { health.set_tcp_port(9090); },
             [&] { health.set_http_url("http://localhost:9090/-/ready"); }}) {
        set();
        auto const target = Target::from_proto(message);
        ASSERT_TRUE(target) << target.error().detail;
        EXPECT_EQ(target->to_proto().SerializeAsString(), message.SerializeAsString());
    }
}

TEST(Target, RefusesNumbersOutOfRange) {
    auto const over = (std::uint64_t{1} << 53);
    expect_refused({
        {"length", [](auto& t) { t.set_length(0); }},
        {"length", [=](auto& t) { t.set_length(over); }},
        {"release_counter", [](auto& t) { t.set_release_counter(0); }},
        {"release_counter", [=](auto& t) { t.set_release_counter(over); }},
        {"unpacked_length", [=](auto& t) { t.set_unpacked_length(over); }},
        {"entry_count", [](auto& t) { t.set_entry_count(10'000'001); }},
        {"piece_length", [](auto& t) { t.mutable_swarm()->set_piece_length(0); }},
        {"piece_length", [](auto& t) { t.mutable_swarm()->set_piece_length(8192); }},
        {"piece_length", [](auto& t) { t.mutable_swarm()->set_piece_length(262'145); }},
        {"piece_length", [](auto& t) { t.mutable_swarm()->set_piece_length(512 * 1024 * 1024); }},
        {"piece_length", [](auto& t) { t.set_length(kMaxPieces * 262'144 + 1); }},
    });
}

TEST(Target, AcceptsTheLargestNumbersItPromises) {
    auto message = valid();
    message.set_release_counter(kMaxNumber);
    message.set_unpacked_length(kMaxNumber);
    message.set_entry_count(kMaxEntries);
    message.set_length(kMaxPieces * 262'144);
    EXPECT_TRUE(Target::from_proto(message));
}

TEST(Target, RefusesDigestsOfAnotherLength) {
    expect_refused({
        {"sha256", [](auto& t) { t.clear_sha256(); }},
        {"sha256", [](auto& t) { t.set_sha256(std::string(33, 'x')); }},
        {"info_hash_v1", [](auto& t) { t.mutable_swarm()->set_info_hash_v1(std::string(32, 'x')); }},
        {"torrent_sha256", [](auto& t) { t.mutable_swarm()->clear_torrent_sha256(); }},
        {"piece_list_sha256", [](auto& t) { t.mutable_swarm()->clear_piece_list_sha256(); }},
    });
}

TEST(Target, RefusesAPathThatItsOtherFieldsDoNotGive) {
    expect_refused({
        {"path", [](auto& t) { t.clear_path(); }},
        {"path", [](auto& t) { t.set_app("grafana"); }},
        {"path", [](auto& t) { t.set_version("2.45.1"); }},
        {"path", [](auto& t) { t.set_channel("beta"); }},
        {"path", [](auto& t) { t.mutable_platform()->set_arch("arm64"); }},
        {"path", [](auto& t) { t.set_path("../" + t.path()); }},
        {"path", [](auto& t) { t.set_path(t.path() + ".exe"); }},
        {"path", [](auto& t) { t.set_path("prometheus/stable/2.45.0+b1/linux-amd64/prometheus-2.45.0+b1.bin"); }},
    });
}

TEST(Target, LetsATreeBeAnyArchive) {
    auto message = valid();
    for (std::string const archive : {"tar", "tar.gz", "tar.xz", "tar.zst", "zip"}) {
        message.set_path("prometheus/stable/2.45.0+b1/linux-amd64/prometheus-2.45.0+b1." + archive);
        EXPECT_TRUE(Target::from_proto(message)) << archive;
    }
}

TEST(Target, LetsAFileBeRawOrAnArchive) {
    auto message = valid();
    message.set_type(v1::PACKAGE_TYPE_FILE);
    EXPECT_TRUE(Target::from_proto(message));
    message.set_path("prometheus/stable/2.45.0+b1/linux-amd64/prometheus-2.45.0+b1.bin");
    EXPECT_TRUE(Target::from_proto(message));
}

TEST(Target, RefusesNamesVersionsPlatformsAndTypesItDoesNotKnow) {
    expect_refused({
        {"app", [](auto& t) { t.set_app("../../etc"); }},
        {"version", [](auto& t) { t.set_version("latest"); }},
        {"channel", [](auto& t) { t.set_channel("st/able"); }},
        {"platform", [](auto& t) { t.clear_platform(); }},
        {"type", [](auto& t) { t.clear_type(); }},
    });
    auto message = valid();
    message.set_type(static_cast<v1::PackageType>(99));
    EXPECT_EQ(Target::from_proto(message).error().code, Errc::unknown_package_type);
}

TEST(Target, RefusesCommandsAndNotesThatAreTooLongOrCannotBeRun) {
    using namespace std::string_literals;
    expect_refused({
        {"install.stop", [](auto& t) { t.mutable_install()->set_stop(std::string(4097, 'x')); }},
        {"install.start", [](auto& t) { t.mutable_install()->set_start(std::string(4097, 'x')); }},
        {"install.start", [](auto& t) { t.mutable_install()->set_start("a\0b"s); }},
        {"health.command", [](auto& t) { t.mutable_install()->mutable_health()->set_command(""); }},
        {"health.command", [](auto& t) { t.mutable_install()->mutable_health()->set_command(std::string(4097, 'x')); }},
        {"notes", [](auto& t) { t.set_notes(std::string(65'537, 'x')); }},
    });
    auto message = valid();
    message.mutable_install()->set_start(std::string(4096, 'x'));
    message.set_notes(std::string(65'536, 'x'));
    EXPECT_TRUE(Target::from_proto(message));
}

TEST(Target, RefusesWaitsOfMoreThanADay) {
    expect_refused({
        {"stop_seconds", [](auto& t) { t.mutable_install()->set_stop_seconds(86'401); }},
        {"drain_seconds", [](auto& t) { t.mutable_install()->set_drain_seconds(86'401); }},
        {"start_seconds", [](auto& t) { t.mutable_install()->set_start_seconds(86'401); }},
        {"probation_seconds",
         [](auto& t) { t.mutable_install()->mutable_health()->set_probation_seconds(4'294'967'295); }},
    });
}

TEST(Target, RefusesPortsThatAreNoneAreTwiceOrAreTooMany) {
    expect_refused({
        {"deadline_hours", [](auto& t) { t.mutable_install()->set_deadline_hours(8'761); }},
        {"keep_ports", [](auto& t) { t.mutable_install()->set_keep_ports(true), t.mutable_install()->clear_ports(); }},
        {"ports", [](auto& t) { t.mutable_install()->add_ports(0); }},
        {"ports", [](auto& t) { t.mutable_install()->add_ports(65'536); }},
        {"ports", [](auto& t) { t.mutable_install()->add_ports(80), t.mutable_install()->add_ports(80); }},
        {"ports",
         [](auto& t) {
             for (unsigned p = 1; p <= 65; ++p) t.mutable_install()->add_ports(p);
         }},
        {"tcp_port", [](auto& t) { t.mutable_install()->mutable_health()->set_tcp_port(0); }},
        {"tcp_port", [](auto& t) { t.mutable_install()->mutable_health()->set_tcp_port(70'000); }},
    });
}

Result<Target> with_url(std::string const& url) {
    auto message = valid();
    message.mutable_install()->mutable_health()->set_http_url(url);
    return Target::from_proto(message);
}

TEST(Target, AsksForHealthOnThisMachineOnly) {
    for (auto const* url : {"http://127.0.0.1", "http://127.0.0.1:80/", "http://localhost/health?deep=1#x",
                            "http://[::1]:65535/a", "http://localhost?x"}) {
        EXPECT_TRUE(with_url(url)) << url;
    }
    for (auto const* url : {"",
                            "localhost",
                            "https://localhost/",
                            "HTTP://localhost/",
                            "http://",
                            "http:///x",
                            "http://example.org/",
                            "http://127.0.0.1.example.org/",
                            "http://localhost.example.org",
                            "http://127.0.0.1@example.org/",
                            "http://localhost:80@example.org/",
                            "http://127.0.0.2/",
                            "http://127.1/",
                            "http://0.0.0.0/",
                            "http://[::2]/",
                            "http://[::1]x/",
                            "http://localhost:/",
                            "http://localhost:0/",
                            "http://localhost:65536/",
                            "http://localhost:1a/",
                            "http://localhost\\@example.org/",
                            "http://localhost/a b",
                            "http://localhost/\r\nX: y",
                            "http://LOCALHOST/"}) {
        auto const target = with_url(url);
        ASSERT_FALSE(target) << url;
        EXPECT_EQ(target.error().code, Errc::malformed_target) << url;
    }
    EXPECT_FALSE(with_url("http://localhost/" + std::string(2048, 'x')));
}

TEST(TargetPath, IsBuiltFromTheIdentityOfThePackage) {
    EXPECT_EQ(target_path(AppId::parse("app").value(), Channel::parse("beta").value(),
                          Version::parse("1.2.3-rc.1").value(), Platform::parse("windows/any").value(), "zip"),
              "app/beta/1.2.3-rc.1/windows-any/app-1.2.3-rc.1.zip");
}

}  // namespace
}  // namespace lanyard::release
