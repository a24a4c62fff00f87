#include "proto/swarm/session_settings.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <boost/asio/ip/tcp.hpp>
#include <libtorrent/address.hpp>
#include <libtorrent/fingerprint.hpp>
#include <libtorrent/peer_class.hpp>
#include <libtorrent/peer_class_type_filter.hpp>

#include "proto/swarm/errc.h"

namespace lanyard::swarm {
namespace {

using Pack = lt::settings_pack;

// Peers come from the seeder alone, and nothing but plain TCP is spoken: less to attack, and peer selection stays ours.
void close_side_doors(Pack& pack) {
    pack.set_bool(Pack::enable_dht, false);
    pack.set_str(Pack::dht_bootstrap_nodes, "");
    pack.set_bool(Pack::enable_lsd, false);
    pack.set_bool(Pack::enable_upnp, false);
    pack.set_bool(Pack::enable_natpmp, false);
    pack.set_bool(Pack::enable_incoming_utp, false);
    pack.set_bool(Pack::enable_outgoing_utp, false);
    pack.set_int(Pack::mixed_mode_algorithm, Pack::prefer_tcp);
    // BitTorrent's own encryption hides, it does not protect.
    pack.set_int(Pack::out_enc_policy, Pack::pe_disabled);
    pack.set_int(Pack::in_enc_policy, Pack::pe_disabled);
    pack.set_bool(Pack::support_share_mode, false);
    pack.set_bool(Pack::allow_idna, false);
}

// What one peer, or many, may cost us.
void set_bounds(Pack& pack, Settings const& settings) {
    auto const seeder = settings.part == Part::seeder;
    pack.set_bool(Pack::allow_multiple_connections_per_ip, settings.many_peers_per_address);
    pack.set_int(Pack::connections_limit, seeder ? 2000 : 100);
    pack.set_int(Pack::listen_queue_size, 512);  // the default of 5 makes a herd wait for SYN retries
    pack.set_int(Pack::max_peerlist_size, seeder ? 5000 : 300);
    pack.set_int(Pack::max_allowed_in_request_queue, 500);
    pack.set_int(Pack::max_peer_recv_buffer_size, 512 * 1024);
    pack.set_int(Pack::max_rejects, 20);
    pack.set_int(Pack::alert_queue_size, 5000);
    pack.set_int(Pack::max_failcount, 3);
}

// A peer of a LAN answers within milliseconds or is gone.
void set_timeouts(Pack& pack) {
    pack.set_int(Pack::handshake_timeout, 5);
    pack.set_int(Pack::peer_connect_timeout, 5);
    pack.set_int(Pack::peer_timeout, 30);
    pack.set_int(Pack::inactivity_timeout, 60);
    pack.set_int(Pack::request_timeout, 15);
    pack.set_int(Pack::piece_timeout, 5);
    pack.set_int(Pack::min_reconnect_time, 3);
    pack.set_int(Pack::connection_speed, 200);
    pack.set_int(Pack::torrent_connect_boost, 100);
    pack.set_bool(Pack::smooth_connects, false);
    pack.set_int(Pack::peer_turnover, 0);
    pack.set_int(Pack::stop_tracker_timeout, 1);
    pack.set_int(Pack::min_announce_interval, 5);
}

// Which piece from whom. docs/explanation/swarm.md has the measurements.
void set_exchange(Pack& pack) {
    pack.set_int(Pack::suggest_mode, Pack::no_piece_suggestions);
    pack.set_int(Pack::choking_algorithm, Pack::fixed_slots_choker);
    pack.set_int(Pack::seed_choking_algorithm, Pack::round_robin);
    pack.set_int(Pack::unchoke_slots_limit, 8);
    pack.set_int(Pack::initial_picker_threshold, 0);
    pack.set_int(Pack::whole_pieces_threshold, 0);
    pack.set_bool(Pack::piece_extent_affinity, false);
    pack.set_bool(Pack::auto_sequential, false);
    pack.set_bool(Pack::strict_end_game_mode, true);
    pack.set_bool(Pack::send_redundant_have, false);
    pack.set_int(Pack::request_queue_time, 1);
    // Little under way: what waits in a queue at one peer cannot be asked of another, and the seeder sends it twice.
    pack.set_int(Pack::max_out_request_queue, 32);
    pack.set_int(Pack::send_buffer_watermark, 512 * 1024);
    pack.set_int(Pack::send_buffer_low_watermark, 64 * 1024);
    pack.set_int(Pack::send_buffer_watermark_factor, 100);
    pack.set_int(Pack::send_not_sent_low_watermark, 16 * 1024);
}

void set_disk(Pack& pack, Settings const& settings) {
    // No mmap: 2.0.8 can corrupt what it writes that way, and mapped pages count as our memory.
    pack.set_int(Pack::disk_write_mode, Pack::always_pwrite);
    pack.set_int(Pack::mmap_file_size_cutoff, std::numeric_limits<int>::max());
    pack.set_int(Pack::max_queued_disk_bytes, 8 * 1024 * 1024);
    pack.set_int(Pack::aio_threads, settings.part == Part::seeder ? 4 : 2);
    pack.set_int(Pack::hashing_threads, 1);
}

// "10.0.0.0/8" -> first and last address.
Result<std::pair<lt::address, lt::address>> range_of(std::string const& network) {
    auto const slash = network.find('/');
    lt::error_code wrong;
    auto const base = lt::make_address(network.substr(0, slash), wrong);
    auto const bad = [&] {
        return fail(Errc::bad_setting,
                    fmt::format("'{}' is not a network; write it as 192.168.0.0/16 or fd00::/8", network));
    };
    if (wrong) return bad();
    auto const whole = base.is_v4() ? 32 : 128;
    auto prefix = whole;
    if (slash != std::string::npos) {
        auto const* const end = network.data() + network.size();
        auto const [rest, error] = std::from_chars(network.data() + slash + 1, end, prefix);
        if (error != std::errc() || rest != end || prefix < 0 || prefix > whole) return bad();
    }
    auto const bounds = [prefix](auto bytes) {
        auto last = bytes;
        for (int bit = prefix; bit < static_cast<int>(bytes.size()) * 8; ++bit) {
            auto const mask = static_cast<unsigned char>(0x80U >> (bit % 8));
            auto const index = static_cast<std::size_t>(bit / 8);
            bytes[index] = static_cast<unsigned char>(bytes[index] & ~mask);
            last[index] = static_cast<unsigned char>(last[index] | mask);
        }
        return std::pair(bytes, last);
    };
    if (base.is_v4()) {
        auto const [first, last] = bounds(base.to_v4().to_bytes());
        return std::pair<lt::address, lt::address>(lt::address_v4(first), lt::address_v4(last));
    }
    auto const [first, last] = bounds(base.to_v6().to_bytes());
    return std::pair<lt::address, lt::address>(lt::address_v6(first), lt::address_v6(last));
}

void rule_for_all(lt::ip_filter& filter, std::uint32_t flags) {
    filter.add_rule(lt::make_address("0.0.0.0"), lt::make_address("255.255.255.255"), flags);
    filter.add_rule(lt::make_address("::"), lt::make_address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), flags);
}

int as_limit(std::int64_t bytes_per_second) {
    return static_cast<int>(std::clamp<std::int64_t>(bytes_per_second, 0, std::numeric_limits<int>::max()));
}

}  // namespace

Status check_settings(Settings const& settings) {
    lt::error_code wrong;
    lt::make_address(settings.listen_address, wrong);
    if (wrong) {
        return fail(Errc::bad_setting,
                    fmt::format("'{}' is not an address to listen on; write an IP address, or 0.0.0.0 "
                                "for all",
                                settings.listen_address));
    }
    auto const allowed = allow_only(settings.networks);
    if (!allowed) return pass_on(allowed);
    return {};
}

lt::settings_pack settings_pack(Settings const& settings) {
    Pack pack;
    close_side_doors(pack);
    set_bounds(pack, settings);
    set_timeouts(pack);
    set_exchange(pack);
    set_disk(pack, settings);
    pack.set_str(Pack::user_agent, "lanyard/" LANYARD_VERSION);
    pack.set_str(Pack::peer_fingerprint, lt::generate_fingerprint("LY", 0, 1, 0, 0));
    pack.set_str(Pack::listen_interfaces, "");  // only while there is something to share
    // Whoever is told to listen on one address is known to the others by it.
    auto const any_address = settings.listen_address == "0.0.0.0" || settings.listen_address == "::";
    if (!any_address) pack.set_str(Pack::outgoing_interfaces, settings.listen_address);
    pack.set_bool(Pack::listen_system_port_fallback, false);
    pack.set_int(Pack::max_retry_port_bind, 0);
    pack.set_int(Pack::alert_mask,
                 static_cast<int>(static_cast<std::uint32_t>(lt::alert_category::error | lt::alert_category::status |
                                                             lt::alert_category::storage)));
    return pack;
}

Result<lt::ip_filter> allow_only(std::vector<std::string> const& networks) {
    lt::ip_filter filter;
    rule_for_all(filter, lt::ip_filter::blocked);
    for (auto const& network : networks) {
        auto const range = range_of(network);
        if (!range) return pass_on(range);
        filter.add_rule(range->first, range->second, 0);
    }
    return filter;
}

void replace_peer_classes(lt::session& session, Settings const& settings) {
    auto const ours = session.create_peer_class("lanyard");
    auto info = session.get_peer_class(ours);
    info.ignore_unchoke_slots = false;
    info.connection_limit_factor = 100;
    info.upload_limit = as_limit(settings.upload_limit);
    info.download_limit = as_limit(settings.download_limit);
    session.set_peer_class(ours, info);
    lt::ip_filter everybody;
    rule_for_all(everybody, 1U << static_cast<std::uint32_t>(ours));
    session.set_peer_class_filter(everybody);
    // Adds no class by kind of socket, as the default one does.
    session.set_peer_class_type_filter(lt::peer_class_type_filter());
}

std::string listen_interfaces(std::string const& address, std::uint16_t port) {
    auto const v6 = address.find(':') != std::string::npos;
    return v6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

Result<std::uint16_t> find_free_port(std::string const& address, std::uint16_t port) {
    using boost::asio::ip::tcp;
    lt::error_code wrong;
    auto const where = boost::asio::ip::make_address(address, wrong);
    boost::asio::io_context io;
    tcp::acceptor acceptor(io);
    tcp::endpoint const endpoint(where, port);
    if (!wrong) acceptor.open(endpoint.protocol(), wrong);
    if (!wrong) acceptor.set_option(tcp::acceptor::reuse_address(true), wrong);
    if (!wrong) acceptor.bind(endpoint, wrong);
    if (!wrong) acceptor.listen(1, wrong);
    if (wrong) {
        return fail(Errc::listen_failed,
                    fmt::format("cannot listen for peers on {} port {}: {}; stop the program that uses it, or choose "
                                "another address or port",
                                address, port, wrong.message()));
    }
    return acceptor.local_endpoint().port();
}

}  // namespace lanyard::swarm
