// A node's side of the TUF client workflow over many refreshes, against a seeder that has any keys: a script of files
// made, served, replayed and refused, of restarts and of a clock that jumps. Who may be believed is worked out here a
// second time, from who has signed what.
#include <bit>
#include <optional>
#include <string>

#include "manifests/trust/errc.h"
#include "manifests/trust/keyring.h"
#include "tests/fuzz/forge.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::File;
using fuzz::must;
using fuzz::Script;
using trust::RoleName;
using trust::TrustedSet;

namespace {

constexpr int kMostSteps = 24;

bool may_believe(v1::Root const& root, File const& file, RoleName role) {
    auto const& named = trust::role_of(root, role);
    auto const valid = static_cast<fuzz::KeyMask>(file.signers & fuzz::mask_of(named.keyids()));
    return file.role == role && named.threshold() >= 1 &&
           static_cast<unsigned>(std::popcount(valid)) >= named.threshold();
}

template <class Payload>
Payload payload_of(File const& file) {
    v1::Envelope envelope;
    Payload payload;
    must(envelope.ParseFromString(file.bytes) && payload.ParseFromString(envelope.payload()), "what is kept is whole");
    return payload;
}

struct Versions {
    std::uint64_t root, timestamp, snapshot, targets;
    friend bool operator==(Versions const&, Versions const&) = default;
};

Versions versions_of(TrustedSet const& set) {
    auto const version = [](auto const* payload) { return payload ? payload->version() : 0; };
    return {set.root().version(), version(set.timestamp()), version(set.snapshot()), version(set.targets())};
}

// The node, as node/check/refresher.cc keeps what was accepted, and what it must never do.
class Node {
public:
    explicit Node(fuzz::Forge const& forge) : root_(forge.newest(RoleName::root)) { restart(); }

    void restart() {
        auto set = TrustedSet::from_trusted_root(root_.bytes, now_);
        must(set.has_value(), "an accepted root is accepted again");
        set_ = std::move(*set);
        loaded_timestamp_.reset();
        loaded_snapshot_.reset();
    }

    void let_time_pass(unsigned choice) {
        constexpr std::int64_t kJumps[] = {1, 86'400, -86'400, 31'536'000, -1'800'000'000, 86'399};
        now_ = fuzz::kFuzzNow + std::chrono::seconds(kJumps[choice % std::size(kJumps)]);
        restart();
    }

    void serve(RoleName step, File const& file) {
        auto const before = versions_of(*set_);
        bool const accepted = take(step, file);
        must(accepted || versions_of(*set_) == before, "a refused step leaves everything as it was");
        must(set_->root().repo_id() == fuzz::kRepoId, "the repository stays the same");
    }

    void finish_root() {
        if (!set_->finish_root()) return;
        must(now_.time_since_epoch().count() < set_->root().expires(), "an expired root ends a refresh");
        if (timestamp_ && set_->load_trusted_timestamp(timestamp_->bytes)) {
            must(may_believe(set_->root(), *timestamp_, RoleName::timestamp), "what is loaded was signed");
            loaded_timestamp_ = payload_of<v1::Timestamp>(*timestamp_);
        }
        if (snapshot_ && set_->load_trusted_snapshot(snapshot_->bytes)) {
            must(may_believe(set_->root(), *snapshot_, RoleName::snapshot), "what is loaded was signed");
            loaded_snapshot_ = payload_of<v1::Snapshot>(*snapshot_);
        }
        must(loaded_timestamp_.has_value() || !timestamp_ || timestamp_root_ != set_->root().version(),
             "what was accepted under a root is accepted under it again");
    }

private:
    bool take(RoleName step, File const& file) {
        switch (step) {
            case RoleName::root:
                return take_root(file);
            case RoleName::timestamp:
                return take_timestamp(file);
            case RoleName::snapshot:
                return take_snapshot(file);
            case RoleName::targets:
                break;
        }
        return take_targets(file);
    }

    bool take_root(File const& file) {
        auto const old = set_->root();
        if (!set_->update_root(file.bytes)) return false;
        must(set_->root().version() == old.version() + 1, "no root is left out");
        must(may_believe(old, file, RoleName::root), "the old keys have signed the new root");
        must(may_believe(set_->root(), file, RoleName::root), "its own keys have signed a root");
        root_ = file;
        if (set_->keys_were_rotated()) {
            timestamp_.reset();
            snapshot_.reset();
        }
        return true;
    }

    bool take_timestamp(File const& file) {
        auto const fresh = set_->update_timestamp(file.bytes);
        if (!fresh) return false;
        must(may_believe(set_->root(), file, RoleName::timestamp), "a timestamp is signed");
        auto const& taken = *set_->timestamp();
        check_head(taken);
        if (loaded_timestamp_) {
            must(taken.version() >= loaded_timestamp_->version(), "a timestamp never goes back");
            must(taken.snapshot().version() >= loaded_timestamp_->snapshot().version(), "nor what it names");
        }
        if (*fresh == TrustedSet::Fresh::unchanged) {
            must(loaded_timestamp_ && taken.version() == loaded_timestamp_->version(), "unchanged is the same version");
            return true;
        }
        must(!loaded_timestamp_ || taken.version() > loaded_timestamp_->version(), "newer is a higher version");
        timestamp_ = file;
        timestamp_root_ = set_->root().version();
        loaded_timestamp_ = taken;
        return true;
    }

    bool take_snapshot(File const& file) {
        if (!set_->update_snapshot(file.bytes)) return false;
        must(may_believe(set_->root(), file, RoleName::snapshot), "a snapshot is signed");
        auto const& taken = *set_->snapshot();
        check_head(taken);
        check_named(set_->timestamp()->snapshot(), file, taken.version());
        if (loaded_snapshot_) check_against(*loaded_snapshot_, taken);
        snapshot_ = file;
        loaded_snapshot_ = taken;
        return true;
    }

    bool take_targets(File const& file) {
        if (!set_->update_targets(file.bytes)) return false;
        must(may_believe(set_->root(), file, RoleName::targets), "targets are signed");
        auto const& taken = *set_->targets();
        check_head(taken);
        for (auto const& meta : set_->snapshot()->metas()) {
            if (meta.name() == "targets") check_named(meta, file, taken.version());
        }
        for (auto const& target : taken.targets()) {
            auto const found = set_->find(target.path());
            must(!found || found->path == target.path(), "a path leads to its own target");
        }
        must(!set_->find("no/such/path"), "and no other path to any");
        return true;
    }

    template <class Payload>
    void check_head(Payload const& payload) const {
        must(now_.time_since_epoch().count() < payload.expires(), "nothing expired is accepted");
        must(payload.repo_id() == set_->root().repo_id(), "nothing of another repository is accepted");
    }

    static void check_named(v1::MetaRef const& meta, File const& file, std::uint64_t version) {
        must(meta.version() == version && meta.length() == file.bytes.size() &&
                 meta.sha256() == trust::sha256(file.bytes).to_raw(),
             "a file is the one that was named");
    }

    static void check_against(v1::Snapshot const& old, v1::Snapshot const& taken) {
        must(taken.version() >= old.version(), "a snapshot never goes back");
        for (auto const& before : old.metas()) {
            bool kept = false;
            for (auto const& meta : taken.metas()) {
                kept = kept || (meta.name() == before.name() && meta.version() >= before.version());
            }
            must(kept, "nothing that a snapshot names goes back or away");
        }
    }

    trust::TimePoint now_ = fuzz::kFuzzNow;
    File root_;
    std::optional<File> timestamp_;
    std::uint64_t timestamp_root_ = 0;
    std::optional<File> snapshot_;
    std::optional<TrustedSet> set_;
    std::optional<v1::Timestamp> loaded_timestamp_;
    std::optional<v1::Snapshot> loaded_snapshot_;
};

void refresh(Node& node, fuzz::Forge const& forge) {
    node.finish_root();
    for (auto const role : {RoleName::timestamp, RoleName::snapshot, RoleName::targets}) {
        node.serve(role, forge.newest(role));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static fuzz::Forge const honest;
    auto forge = honest;
    Node node(forge);
    Script script(fuzz::text(data, size));
    for (int step = 0; step < kMostSteps && !script.over(); ++step) {
        switch (script.below(10)) {
            case 0:
                node.restart();
                break;
            case 1:
                node.let_time_pass(script.byte());
                break;
            case 2:
                node.finish_root();
                break;
            case 3:
                refresh(node, forge);
                break;
            case 4: {
                auto const role = static_cast<RoleName>(script.below(4));
                node.serve(role, forge.file(script.byte()));
                break;
            }
            default: {
                auto const& file = forge.make(script);
                if (script.below(2) == 0) node.serve(file.role, file);
            }
        }
    }
    return 0;
}
