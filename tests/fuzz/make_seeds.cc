// Writes the first inputs of every target, made by the builders that the programs use: make_seeds DIR writes
// DIR/<target>/seed_*. The same bytes every time. tests/fuzz/corpus holds them, and what fuzzing has found since.
#include <archive.h>
#include <archive_entry.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "manifests/package/package.h"
#include "proto/schema/lanyard/v1/check.pb.h"
#include "proto/schema/lanyard/v1/contract.pb.h"
#include "proto/schema/lanyard/v1/enroll.pb.h"
#include "proto/schema/lanyard/v1/local.pb.h"
#include "proto/schema/lanyard/v1/report.pb.h"
#include "proto/swarm/metainfo.h"
#include "tests/fuzz/forge.h"
#include "tests/support/archives.h"
#include "tests/support/sample_target.h"
#include "tests/support/scratch.h"

namespace fs = std::filesystem;
using namespace lanyard;
using trust::RoleName;

namespace {

fs::path out;

void seed(std::string const& target, std::string const& name, std::string const& bytes) {
    fs::create_directories(out / target);
    std::ofstream file(out / target / ("seed_" + name), std::ios::binary);
    if (!(file << bytes).flush()) throw std::runtime_error("cannot write below " + out.string());
}

void seed(std::string const& target, std::string const& name, google::protobuf::Message const& message) {
    seed(target, name, message.SerializeAsString());
}

v1::Target full_target() {
    auto target = support::sample_message("shop", "1.2.0-rc.1", 3);
    auto& install = *target.mutable_install();
    install.set_stop("./stop");
    install.set_start("./start");
    install.set_stop_seconds(20);
    install.set_start_seconds(40);
    install.add_ports(8080);
    install.mutable_health()->set_http_url("http://127.0.0.1:8080/health");
    install.mutable_health()->set_probation_seconds(60);
    target.set_notes("Faster.");
    return target;
}

void metadata() {
    fuzz::Forge const forge;
    for (auto const role : {RoleName::root, RoleName::timestamp, RoleName::snapshot, RoleName::targets}) {
        auto const& file = forge.newest(role);
        v1::Envelope envelope;
        envelope.ParseFromString(file.bytes);
        seed("envelope", trust::text(role), file.bytes);
        seed(trust::text(role), "honest", envelope.payload());
    }
    v1::Targets targets;
    targets.set_spec(1);
    targets.set_repo_id(fuzz::kRepoId);
    targets.set_version(7);
    targets.set_expires(1'900'000'000);
    *targets.add_targets() = full_target();
    auto& second = *targets.add_targets() = support::sample_message("editor", "2.0.0", 4);
    second.mutable_install()->mutable_health()->set_command("./check");
    auto& third = *targets.add_targets() = support::sample_message("editor", "2.0.1", 5);
    third.mutable_install()->mutable_health()->set_tcp_port(9090);
    seed("targets", "three", targets);
}

void client() {
    using namespace std::string_literals;
    seed("client", "refresh", "\x03"s);
    seed("client", "refresh_twice", "\x03\x00\x03"s);
    seed("client", "expired", "\x03\x01\x03\x03"s);
    // Root 2, made and served by the honest keys; then root 3 with other timestamp keys.
    std::string const root_2 = "\x05\x00\x01\x00\x00\x00\x00\x00\x00"s;
    std::string const root_3 = "\x05\x00\x02\x00\x02\x40\x01\x00\x00\x00\x00"s;
    seed("client", "next_root", root_2 + "\x03"s);
    seed("client", "rotation", root_2 + root_3 + "\x03"s);
    // Targets, snapshot and timestamp of version 2, kept and not served, then a refresh.
    auto const kept = "\x01"s;
    auto const targets_2 = "\x05\x03\x01\x00\x01\x00\x00\x00"s + kept;
    auto const snapshot_2 = "\x05\x02\x01\x00\x00\x00\x00\x00\x00\x00"s + kept;
    auto const timestamp_2 = "\x05\x01\x01\x00\x00\x00\x00\x00\x00"s + kept;
    seed("client", "publish", "\x03"s + targets_2 + snapshot_2 + timestamp_2 + "\x00\x03"s);
    // Five delegated roles; then one that both of two others delegate to.
    seed("delegation", "one", "\x04\x00\x60\x00\x01\x00\x00\x00"s);
    seed("delegation", "deep", "\x04\x00\x60\x00\x04\x01\x60\x00\x00\x00\x00\x01\x00\x00\x00"s);
    seed("delegation", "diamond",
         "\x08\x00\x60\x00\x01\x60\x00\x04\x02\x60\x00\x00\x00\x00\x04\x02\x20\x00\x00\x00\x00\x01\x00\x00\x00"s);
    seed("delegation", "terminating", "\x08\x00\x60\x04\x01\x60\x00\x00\x00\x00\x00\x01\x00\x00\x00"s);
    seed("client", "replay", targets_2 + snapshot_2 + timestamp_2 + "\x03\x00\x02\x04\x01\x03"s);
}

void messages() {
    v1::CheckRequest check;
    check.set_node_id(std::string(32, 'a'));
    check.set_node_name("till-7");
    check.mutable_platform()->set_os("linux");
    check.mutable_platform()->set_arch("amd64");
    auto& app = *check.add_apps();
    app.set_app("shop");
    app.set_channel("stable");
    app.set_version("1.0.0");
    check.set_agent_version("0.1.0");
    check.set_wait_seconds(55);
    check.set_last_revision(3);
    seed("check", "one_app", check);

    v1::Report report;
    report.set_node_id(std::string(32, 'a'));
    report.set_node_name("till-7");
    report.set_attempt_id(std::string(32, 'b'));
    report.set_app("shop");
    report.set_from_version("1.0.0");
    report.set_to_version("1.1.0");
    report.set_outcome(v1::OUTCOME_ROLLED_BACK);
    report.set_detail("the new release did not open port 8080");
    report.set_started_at(1'800'000'000);
    report.set_ended_at(1'800'000'090);
    report.add_phases()->set_phase("fetch");
    report.mutable_phases(0)->set_milliseconds(900);
    report.add_sources()->set_address("10.0.0.9");
    report.mutable_sources(0)->set_bytes(1'000'000);
    seed("report", "rolled_back", report);

    v1::EnrollRequest enrol;
    enrol.set_node_name("till-7");
    enrol.set_token_secret("0123456789abcdef");
    seed("enrol", "signed_by_the_target", enrol);
    v1::SignedEnrollRequest signed_enrol;
    signed_enrol.set_request(enrol.SerializeAsString());
    signed_enrol.set_signature("none");
    seed("enrol", "not_signed", signed_enrol);

    v1::LocalResponse response;
    auto& status = *response.mutable_status();
    status.set_name("till-7");
    status.set_seeder_url("http://seeder:8430");
    status.set_running(true);
    status.set_last_contact(1'800'000'000);
    auto& shop = *status.add_apps();
    shop.set_app("shop");
    shop.set_version("1.0.0");
    shop.mutable_attempt()->set_phase("fetch");
    shop.mutable_attempt()->set_bytes_done(50);
    shop.mutable_attempt()->set_bytes_total(100);
    *shop.mutable_attempt()->add_sources() = report.sources(0);
    shop.mutable_attempt()->add_why("outside its window");
    response.mutable_check()->add_offers()->set_app("shop");
    seed("local", "status", response);
    v1::LocalRequest request;
    request.mutable_update()->set_app("shop");
    seed("local", "update", request);
    v1::LocalResponse explained;
    auto& why = *explained.mutable_why()->add_apps();
    why.set_app("shop");
    why.set_to_version("1.1.0");
    why.set_state("waiting");
    why.set_verdict("it waits: outside the time window 22:00-05:00");
    why.set_at(1'800'000'000);
    why.set_earliest(1'800'030'000);
    why.set_deadline(1'800'090'000);
    auto& window = *why.add_checks();
    window.set_name("window");
    window.set_standing("closed");
    window.set_says("outside the time window 22:00-05:00");
    window.set_source("node.toml");
    window.set_mend("wait until it opens");
    why.add_checks()->set_standing("not_asked");
    *why.mutable_last() = report;
    seed("local", "why", explained);
    v1::History history;
    *history.add_attempts() = report;
    seed("local", "history", history);
    v1::NodeMessage said;
    said.mutable_prepare_stop()->set_seconds(60);
    said.mutable_prepare_stop()->set_to_version("2.0.0");
    seed("local", "prepare_stop", said);
    said.mutable_resume()->set_from_version("1.0.0");
    said.mutable_resume()->mutable_token()->set_version(3);
    said.mutable_resume()->mutable_token()->set_bytes("page 12");
    seed("local", "resume", said);
    said.mutable_answer()->set_refused("nobody asked for it");
    seed("local", "answer", said);
}

// The first byte says in pieces of how many bytes the rest arrives.
void requests() {
    auto const get = [](std::string const& target) {
        return "GET " + target + " HTTP/1.1\r\nHost: seeder:8430\r\n\r\n";
    };
    auto const post = [](std::string const& fields, std::string const& body) {
        return "POST /v1/check HTTP/1.1\r\nHost: seeder:8430\r\n" + fields + "\r\n" + body;
    };
    seed("http_request", "get", "\x05" + get("/metadata/timestamp.pb"));
    seed("http_request", "two", "\x03" + get("/healthz") + get("/metadata/1.root.pb"));
    seed("http_request", "range",
         "\x08GET /packages/" + std::string(64, 'a') +
             " HTTP/1.1\r\nHost: a\r\nRange: bytes=5-9\r\nConnection: close\r\n\r\n");
    seed("http_request", "old", "\x05GET /announce?left=0 HTTP/1.0\r\n\r\n");
    seed("http_request", "post",
         "\x09" + post("Content-Type: application/x-protobuf\r\nContent-Length: 5\r\n", "abcde") + get("/healthz"));
    seed("http_request", "continue", "\x07" + post("Content-Length: 3\r\nExpect: 100-continue\r\n", "abc"));
    seed("http_request", "chunked",
         "\x02" + post("Transfer-Encoding: chunked\r\n", "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n") +
             get("/healthz"));
    seed("http_request", "two_lengths",
         "\x05" + post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
    seed("http_request", "folded", "\x05" + post("X: y\r\n Content-Length: 9\r\n", ""));
}

void texts() {
    seed("names", "versions", "1.0.0-alpha.1\n1.0.0-alpha.beta+build.5\n1.10.0");
    seed("names", "link", "bin/tool\n../lib/tool\n");
    seed("names", "names", "linux/amd64\nprometheus-2\nany/any");
    seed("names", "digest", std::string(64, 'a') + "\ncon.txt\n./a/b/");
    seed("names", "utf8",
         "Stra\xc3\x9f"
         "e/\xd0\x96\xd1\x83\xd0\xba\n\xc3\x89t\xc3\xa9\n-a");
    seed("http", "metadata", "/metadata/12.targets.pb");
    seed("http", "package", "/packages/" + std::string(64, '0') + ".torrent");
    seed("http", "climb", "/metadata/..%2f..%2fetc/passwd");
    seed("http", "query", "/announce?info_hash=%00%ff&left=0&compact=1");
    seed("http", "range", "bytes=5-99");
    seed("http", "suffix", "bytes=-7");
    seed("http", "url", "http://seeder.example:8430/");
    seed("http", "url6", "http://[fd00::1]:8430");
    auto const hash = std::string(20, 'a');
    auto const first = "info_hash=" + hash + "&peer_id=-XX0001-aaaaaaaaaaaa&port=6881&left=9&event=started&numwant=50";
    auto const second = "info_hash=" + hash + "&peer_id=-XX0001-bbbbbbbbbbbb&port=6882&left=0&compact=0";
    seed("announce", "one", "\x01" + first);
    seed("announce", "two", "\x05" + first + "\n" + second + "\n" + first + "&event=stopped");
}

void configs() {
    seed("seeder_config", "plain",
         "[seeder]\nurl = \"http://seeder:8430\"\nlisten = \"0.0.0.0\"\nport = 8430\n\n[swarm]\nport = 8431\n"
         "networks = [\"10.0.0.0/8\", \"fd00::/8\"]\nupload_kib_per_second = 0\nexpect_nodes = 50\n"
         "many_peers_per_address = true\n");
    seed("node_config", "one_app",
         "[seeder]\nurl = \"http://seeder:8430\"\nroot_digest = \"sha256:" + std::string(64, '0') +
             "\"\n\n[node]\nid = \"" + std::string(32, 'a') +
             "\"\nname = \"till-7\"\npoll_seconds = 900\n\n[swarm]\nlisten = \"0.0.0.0\"\nport = 8431\n"
             "networks = [\"10.0.0.0/8\"]\nupload_kib_per_second = 100\n\n[[app]]\nname = \"shop\"\n"
             "channel = \"stable\"\ndirectory = \"/opt/shop\"\nwindow = \"22:00-05:00\"\n");
    seed("node_config", "policy",
         "[seeder]\nurl = \"http://seeder:8430\"\nroot_digest = \"sha256:" + std::string(64, '0') +
             "\"\n\n[node]\nid = \"" + std::string(32, 'a') +
             "\"\n\n[[app]]\nname = \"shop\"\ndirectory = \"/opt/shop\"\n[app.policy]\n"
             "windows = [\"mon-fri 22:00-05:00\", \"sat,sun\"]\nzone = \"Europe/Berlin\"\nconnections = 0\n"
             "user_idle_minutes = 10\ninhibitors = true\ncommands = [\"rsync\"]\ncpu_percent = 20\n"
             "battery_percent = 30\nquiet_minutes = 5\nslot = true\ndeadline_hours = 72\ngrace_minutes = 60\n");
}

void torrent() {
    support::Scratch const scratch;
    auto const file = scratch.root() / "package";
    std::ofstream(file) << std::string(150'000, 'x');
    auto const built = swarm::build_torrent(file, "shop-1.0.0.tar.zst", 65'536, "http://seeder:8430/announce").value();
    seed("torrent", "one_file", built.torrent);
    seed("torrent", "two_files",
         "d4:infod5:filesld6:lengthi1e4:pathl1:aeed6:lengthi1e4:pathl1:beee4:name1:n12:piece lengthi65536e6:pieces20:" +
             std::string(20, 'h') + "7:privatei1eee");
}

std::string compressed(std::string const& bytes, int (*add_filter)(archive*)) {
    std::unique_ptr<archive, decltype(&archive_write_free)> const writer(archive_write_new(), archive_write_free);
    add_filter(writer.get());
    archive_write_set_format_raw(writer.get());
    archive_write_set_bytes_in_last_block(writer.get(), 1);
    std::string packed(64 * 1024, '\0');
    std::size_t used = 0;
    archive_write_open_memory(writer.get(), packed.data(), packed.size(), &used);
    auto* const entry = archive_entry_new();
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(writer.get(), entry);
    archive_entry_free(entry);
    archive_write_data(writer.get(), bytes.data(), bytes.size());
    archive_write_close(writer.get());
    packed.resize(used);
    return packed;
}

void packages() {
    using namespace support;
    std::vector<Entry> const entries = {folder("bin"),
                                        {.path = "bin/tool", .content = "#!/bin/sh\n", .mode = 0755},
                                        link_to("tool", "bin/tool"),
                                        {.path = "doc/readme", .content = "Read me."}};
    auto const tar = tar_of(entries);
    seed("package", "tar", tar);
    seed("package", "tar_gz", compressed(tar, archive_write_add_filter_gzip));
    seed("package", "tar_xz", compressed(tar, archive_write_add_filter_xz));
    seed("package", "tar_zst", compressed(tar, archive_write_add_filter_zstd));
    seed("package", "zip", zip_of(entries));
    seed("package", "pax", pax_block({"path=long/name", "mtime=1.5"}) + tar_of({{.path = "x", .content = "y"}}));
    seed("package", "long_name", tar_of({{.path = std::string(120, 'n'), .content = "y"}}));
    seed("package", "climb", tar_of({{.path = "../x", .content = "y"}, link_to("a", "../../b")}));
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::cerr << "usage: make_seeds DIR\n";
        return 2;
    }
    out = arguments[1];
    metadata();
    client();
    messages();
    requests();
    texts();
    configs();
    torrent();
    packages();
}
