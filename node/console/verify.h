#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "manifests/store/metadata_store.h"
#include "manifests/trust/explain.h"
#include "node/console/commands.h"
#include "node/console/config.h"
#include "node/journal/records.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/status.pb.h"

namespace lanyard::console {

// What was fetched, as trust::explain() wants it: no such file is an answer, too many bytes are an attack.
Result<std::optional<std::string>> as_served(Result<std::string> fetched);

// Explains step by step why this node believes what it has stored, what its seeder serves now, and what is installed
// here, or why it does not. Changes nothing that lasts. Blocking.
class Verifier {
public:
    Verifier(NodeConfig const& config, StateFiles const& files, store::MetadataStore& metadata,
             journal::Records& records, trust::FileSource served, trust::TimePoint now)
        : config_(config),
          files_(files),
          metadata_(metadata),
          records_(records),
          served_(std::move(served)),
          now_(now) {}

    // `app` empty: all. With a `file`, that one is looked at instead of what is installed. Errors only when nothing can
    // be said: an unknown application, a state that cannot be read.
    Result<v1::Verification> verify(std::string const& app, std::filesystem::path const& file);

private:
    using Holds = trust::Holds;

    void note(std::string const& place, trust::Step const& step);
    void note(std::string const& place, std::string const& what, Holds holds, std::string const& why);
    Status clock();
    Result<std::optional<trust::TrustedSet>> stored();
    Result<std::optional<trust::TrustedSet>> served();
    void file(trust::TrustedSet const& set, std::string const& app, std::filesystem::path const& file);
    Status installed(trust::TrustedSet const& set, check::ManagedApp const& app);
    void target(trust::TrustedSet const& set, release::Target const& installed);
    void current(release::Target const& installed, std::filesystem::path const& home);
    bool package(release::Target const& installed);
    void tree(release::Target const& installed, std::filesystem::path const& home);

    NodeConfig const& config_;
    StateFiles const& files_;
    store::MetadataStore& metadata_;
    journal::Records& records_;
    trust::FileSource served_;
    trust::TimePoint now_;
    trust::FileSource source_;  // of the manifest that is believed
    v1::Verification found_;
};

}  // namespace lanyard::console
