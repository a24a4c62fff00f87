#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "manifests/release/names.h"
#include "node/drain/downtime.h"
#include "node/drain/sockets.h"
#include "proto/schema/lanyard/v1/contract.pb.h"

namespace lanyard::drain {

// What an application may say at most; more is refused.
inline constexpr std::size_t kMaxTokenBytes = 64 * 1024;
inline constexpr std::size_t kMaxReasonBytes = 200;
inline constexpr std::size_t kMaxVersionBytes = 128;
inline constexpr std::size_t kMaxHandedSockets = 64;  // of an application
inline constexpr std::chrono::seconds kMaxBusy{7 * 24 * 3600};
inline constexpr std::chrono::seconds kVetoed{15 * 60};  // when it does not say for how long

// What the processes of applications say of themselves, and are asked (contract.proto). Knows no sockets: whoever holds
// a connection brings what it hears here. Who may speak for an application is decided there, too. Nothing said here
// outlives the process that said it. One io_context thread.
class Contract {
public:
    using Party = std::uint64_t;
    using Say = std::function<void(v1::NodeMessage const&)>;  // does not wait; must not call back
    enum class Word { waiting, yes, no };

    // `on_change` is called whenever something that can be asked here may have changed.
    Contract(SteadyClock now, std::function<void()> on_change)
        : now_(std::move(now)), on_change_(std::move(on_change)) {}

    // A process begins to speak. Without `say` it cannot be asked anything.
    Party come(release::AppId const& app, Process process, Say say);
    // `sockets` came with the message. What is refused changes nothing.
    v1::Answer hear(Party party, v1::AppMessage const& message, HeldSockets sockets = {});
    void go(Party party);

    // Why the application must not be interrupted, for people; empty: no process says so.
    std::string busy(release::AppId const& app) const;
    // Whether this one says so.
    bool is_busy(Party party) const;

    // Asks every process that attends, those that come later included, until call_off() or forget().
    void ask(release::AppId const& app, std::chrono::seconds limit, bool last_word, std::string const& to_version);
    struct Consent {
        Word word = Word::yes;  // of all; yes also when nobody attends
        std::string why{};      // not
        std::optional<v1::Token> token{};
        HeldSockets sockets{};
    };
    Consent consent(release::AppId const& app) const;
    // The stop begins: whatever is answered now comes too late, and is refused.
    void decided(release::AppId const& app);
    // Whoever was asked hears that there will be no stop, and counts as busy for as long as it said.
    void call_off(release::AppId const& app);

    // To be handed to the first process of release `version` that attends.
    void hand_over(release::AppId const& app, std::string const& version, v1::Token token,
                   std::string const& from_version);
    struct Takeover {
        Word word = Word::waiting;
        std::string why{};
    };
    Takeover takeover(release::AppId const& app) const;

    // What was asked, and what was to be handed over, is over. Nobody is told.
    void forget(release::AppId const& app);

private:
    using Time = std::chrono::steady_clock::time_point;
    struct Lease {
        std::string reason;
        std::optional<Time> until;
    };
    struct Speaker {
        release::AppId app;
        Process process;
        Say say;
        bool registered = false;
        bool attends = false;
        std::string version{};
        std::optional<Lease> busy{};
        // Of the stop that is asked for.
        Word word = Word::waiting;
        std::optional<Lease> not_yet{};
        bool owes_answer = false;  // to a stop that was called off
    };
    // What came with a Ready. It outlives the process: whoever is ready may end at once.
    struct Given {
        std::string by;
        std::optional<v1::Token> token{};
        HeldSockets sockets{};
        std::optional<Party> gone_before{};  // its process has gone; these came since
    };
    struct Asked {
        std::uint64_t number;
        Time limit;
        bool last_word;
        std::string to_version;
        bool decided = false;
        std::map<Party, Given> given{};
    };
    struct Handing {
        std::string version;
        v1::Resume resume;
        std::optional<Party> given_to{};
        Takeover takeover{};
    };

    v1::Answer take(Speaker& speaker, v1::Registration const& registration);
    v1::Answer take(Speaker& speaker, v1::Busy const& busy);
    v1::Answer take(Party party, Speaker& speaker, v1::Ready const& ready, HeldSockets sockets);
    v1::Answer take(Party party, Speaker& speaker, v1::NotYet const& not_yet);
    v1::Answer take(Party party, Speaker& speaker, v1::Veto const& veto);
    v1::Answer take(Party party, Speaker& speaker, v1::Resumed const& resumed);
    std::string wrong_answer(Speaker& speaker, std::uint64_t number) const;
    std::string wrong_gift(Party party, Asked const& asked, v1::Ready const& ready, std::size_t sockets) const;
    void keep_gift(Party party, Asked& asked);
    void put_question(Speaker& speaker, Asked const& asked) const;
    void give_token(release::AppId const& app);
    bool asked_of(Speaker const& speaker) const { return speaker.attends && asked_.contains(speaker.app); }
    std::string lease_text(Speaker const& speaker, Lease const& lease) const;

    SteadyClock now_;
    std::function<void()> on_change_;
    std::map<Party, Speaker> speakers_{};
    std::map<release::AppId, Asked> asked_{};
    std::map<release::AppId, Handing> handing_{};
    Party next_ = 1;
    std::uint64_t questions_ = 0;
};

}  // namespace lanyard::drain
